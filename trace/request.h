/* SPDX-License-Identifier: MIT */
/*
 * What a program is asked from outside: the contract between rheaper-ctl and a running
 * program. The request lies in an anonymous file of the one who asks, sealed against
 * shrinking and belonging to the user of the program. The signal of RHEAPER_SIGNAL,
 * queued with the number of its descriptor, tells the program, which maps
 * /proc/SENDER/fd/NUMBER, does what is asked, and answers in the same place.
 *
 * That a program listens is seen by a mapping of the name RHP_LISTENS and the number of
 * the signal.
 */
#pragma once

#include <stdint.h>

#define RHP_LISTENS "rheaper-signal-"
#define RHP_REQUEST_MAGIC "rhpask1\n"

enum rhp_request_kind {
	RHP_ASK_STATUS = 0,
	RHP_ASK_ON = 1,
	RHP_ASK_OFF = 2,
	RHP_ASK_MARK = 3, /* with the text */
};

/* How tracking stands after the request. */
enum rhp_request_state {
	RHP_IS_OFF = 0,
	RHP_IS_ON = 1,
	RHP_IS_WAITING = 2, /* the next allocation or free switches it on */
};

struct rhp_request {
	char magic[8];
	uint32_t kind; /* enum rhp_request_kind */
	/* The answer; `answered` is written last, 1. */
	uint32_t answered;
	uint32_t state;      /* enum rhp_request_state */
	uint32_t error;      /* an errno: why it was not done, 0 if it was */
	uint32_t last_error; /* the same of the last time that tracking should begin */
	uint32_t trace_fd;   /* of the trace that is being written, in the program */
	char text[4096];
	char path[4096]; /* of the present trace or the last one, as the program sees it
			  */
};
