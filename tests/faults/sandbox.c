/* SPDX-License-Identifier: MIT */
/*
 * Allocates, installs a filter of system calls, and allocates on.
 *
 * usage: sandbox refuse|allow NUMBER...
 *
 * refuse: the calls fail. allow: any other call kills the program.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_CALLS 100

static void *volatile sink;

static void allocate(size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(sink = malloc(1000));
}

static int filter(unsigned listed, unsigned others, char **numbers)
{
	struct sock_filter code[2 * MAX_CALLS + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	struct sock_fprog program = {1, code};

	for (; *numbers && program.len < 2 * MAX_CALLS; numbers++) {
		code[program.len++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(*numbers), 0, 1);
		code[program.len++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	int refuse = argc > 2 && !strcmp(argv[1], "refuse");

	allocate(1000);
	if (refuse ? filter(SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW, argv + 2)
		   : filter(SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, argv + 2))
		return 77;
	allocate(19000);
	return write(1, "done\n", 5) != 5;
}
