// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/clock.h"

#include "rheaper-ctl/ask.h"

#define POLL_NS 1000000

void ask_begin(struct ask *ask, pid_t pid, double timeout)
{
	ask->timeout = timeout;
	target_find(&ask->target, pid);
	ask->fd = memfd_create("rheaper-request", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ask->fd < 0 || ftruncate(ask->fd, sizeof(*ask->request)) != 0 ||
	    fcntl(ask->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		die("create a request:");
	if (geteuid() == 0 && fchown(ask->fd, ask->target.uid, ask->target.gid) != 0)
		die("give the request to user %u:", (unsigned int)ask->target.uid);
	ask->request = mmap(NULL, sizeof(*ask->request), PROT_READ | PROT_WRITE,
			    MAP_SHARED, ask->fd, 0);
	if (ask->request == MAP_FAILED)
		die("create a request:");
	memcpy(ask->request->magic, RHP_REQUEST_MAGIC, sizeof(ask->request->magic));
}

static void signal_and_wait(const struct ask *ask)
{
	const struct target *target = &ask->target;
	const struct timespec nap = {0, POLL_NS};
	double end = clock_seconds() + ask->timeout;

	if (sigqueue(target->pid, target->signal, (union sigval){.sival_int = ask->fd}) !=
	    0)
		die("signal process %d (%s):", (int)target->pid, target->name);
	while (!__atomic_load_n(&ask->request->answered, __ATOMIC_ACQUIRE)) {
		if (kill(target->pid, 0) != 0)
			die("ask process %d (%s): it ended before it answered",
			    (int)target->pid, target->name);
		if (clock_seconds() > end)
			die("ask process %d (%s): no answer within %g s; it is stopped, "
			    "is in another PID namespace, or blocks or handles signal %d "
			    "itself, so that RHEAPER_SIGNAL must name another",
			    (int)target->pid, target->name, ask->timeout, target->signal);
		nanosleep(&nap, NULL);
	}
}

/* The process opens /proc/OURS/fd/..., which only a process of the same user and group
 * may be looked at by. */
static void become(const struct target *target)
{
	if (setgroups(0, NULL) != 0 ||
	    setresgid(target->gid, target->gid, target->gid) != 0 ||
	    setresuid(target->uid, target->uid, target->uid) != 0 ||
	    prctl(PR_SET_DUMPABLE, 1) != 0)
		die("become user %u:", (unsigned int)target->uid);
}

static void send_as_its_user(const struct ask *ask)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		die("fork:");
	if (child == 0) {
		become(&ask->target);
		signal_and_wait(ask);
		_exit(EXIT_FINE);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		exit(EXIT_CANNOT);
}

int ask_send(struct ask *ask, enum rhp_request_kind kind)
{
	ask->request->kind = kind;
	ask->request->answered = 0;
	if (geteuid() == 0 && ask->target.uid != 0)
		send_as_its_user(ask);
	else
		signal_and_wait(ask);
	return (int)ask->request->error;
}

int ask_open_trace(const struct ask *ask)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)ask->target.pid,
		 (int)ask->request->trace_fd);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}
