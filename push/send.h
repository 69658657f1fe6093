/* SPDX-License-Identifier: MIT */
/* Sends what waits in a spool, the oldest first, with patience. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;
struct spool;

struct send {
	struct http *http;
	struct spool *spool;
	size_t retries;     /* of a request */
	int64_t backoff_ms; /* before the first one; doubled each time, up to a minute */
	int64_t max_age_s;  /* older windows are refused; 0: none are */
	bool takes_twice;   /* the engine does: what it may have got waits again */
	/* Counted here */
	size_t n_sent, n_samples, n_refused, n_too_old;
	const char *stopped; /* why nothing more was tried, or NULL; constant */
	long retry_after_s;  /* what the engine asked for then */
};

/*
 * Send until nothing waits, or until it makes no sense to go on: the engine is not there,
 * asks for more patience than there is, or wants nothing from us. Warns of what is
 * refused.
 */
void send_all(struct send *send);
