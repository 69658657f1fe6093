/* SPDX-License-Identifier: MIT */
/*
 * The contract between rheaper-ctl and a running program. rheaper-ctl writes a request to
 * an anonymous file, which is sealed against shrinking and belongs to the user of the
 * program, and queues the signal of RHEAPER_SIGNAL with the number of its descriptor. The
 * program maps /proc/SENDER/fd/NUMBER, does what the request says, and writes the answer
 * to the same place.
 *
 * A program that listens has a mapping whose name is RHP_LISTENS and the number of the
 * signal.
 */
#pragma once

#include <stdint.h>

#define RHP_LISTENS "rheaper-signal-"
#define RHP_REQUEST_MAGIC "rhpask1\n"

enum rhp_request_kind {
	RHP_ASK_STATUS = 0,
	RHP_ASK_ON = 1,
	RHP_ASK_OFF = 2,
	RHP_ASK_MARK = 3,  /* set a mark, whose text is in the request */
	RHP_ASK_GRAPH = 4, /* record the graph of the heap, under the name in `text` */
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
	/* The answer. `answered` is set to 1 last. */
	uint32_t answered;
	uint32_t state;      /* enum rhp_request_state */
	uint32_t error;      /* 0, or the errno why the request was not fulfilled */
	uint32_t last_error; /* 0, or the errno why tracking last could not begin */
	uint32_t trace_fd;   /* the program's descriptor of the present trace */
	char text[4096];
	char path[4096]; /* of the present trace or the last one, as the program sees it
			  */
};
