/* SPDX-License-Identifier: MIT */
/* One request to a process, and its answer. */
#pragma once

#include "rheaper-ctl/target.h"
#include "trace/request.h"

struct ask {
	struct target target;
	struct rhp_request *request; /* with the last answer */
	int fd;                      /* of the file that it is in */
	double timeout;              /* seconds */
};

/* Prepares to ask a process, or dies. */
void ask_begin(struct ask *ask, pid_t pid, double timeout);

/*
 * Asks, and waits for the answer, which is in ask->request: the result is its error. Dies
 * if none comes. A request of root takes the user and the group of the process, which
 * would not look at a file of anybody else's.
 */
int ask_send(struct ask *ask, enum rhp_request_kind kind);

/* The trace that the process writes, as a descriptor of ours, or -1 with errno. The
 * process may see it at another path, or have lost it. */
int ask_open_trace(const struct ask *ask);
