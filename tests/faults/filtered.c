/* SPDX-License-Identifier: MIT */
/*
 * Runs a program that may make the system calls of a list; others fail.
 *
 * usage: filtered ERRNO NUMBER... -- PROGRAM [ARGUMENT...]
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_CALLS 400

static struct sock_filter code[2 * MAX_CALLS + 2] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
static struct sock_fprog filter = {1, code};

static void add(struct sock_filter instruction)
{
	code[filter.len++] = instruction;
}

int main(int argc, char **argv)
{
	unsigned error;

	if (argc < 4)
		return 2;
	error = (unsigned)atoi(*++argv);
	for (argv++; *argv && strcmp(*argv, "--") != 0; argv++) {
		if (filter.len > 2 * MAX_CALLS - 2)
			return 2;
		add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						 (unsigned)atoi(*argv), 0, 1));
		add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	}
	add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error));
	if (!*argv || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
		return 77;
	execv(argv[1], argv + 1);
	return 127;
}
