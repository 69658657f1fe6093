/* SPDX-License-Identifier: MIT */
/* Sends requests to a process and takes its answers. */
#pragma once

#include "contract/request.h"
#include "rheaper-ctl/target.h"

struct ask {
	struct target target;
	struct rhp_request *request; /* the request, then the answer, in the file */
	int fd;                      /* the file that both processes map */
	double timeout;              /* seconds */
};

/* Find the process and create the file for requests. Waits at most `timeout` seconds for
 * each answer. Dies if the process cannot be asked. */
void ask_begin(struct ask *ask, pid_t pid, double timeout);

/*
 * Send a request and wait for the answer, which is then in ask->request. Returns its
 * `error`. Dies if no answer comes. For root, a child process sends the request as the
 * user and group of the other process, which accepts only requests of its own user.
 */
int ask_send(struct ask *ask, enum rhp_request_kind kind);

/* Open the trace that the process writes, by its descriptor: its path may differ here, or
 * be removed. Returns a descriptor, or -1 with errno. */
int ask_open_trace(const struct ask *ask);
