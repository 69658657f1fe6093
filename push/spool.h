/* SPDX-License-Identifier: MIT */
/*
 * Requests that wait, and the memory of what was sent: a directory that outlives the
 * program, however that ends. One program uses it at a time. Every step is on the disk
 * before the next one is made:
 *
 *   NAME.waiting  the request is there, nobody has got it
 *   NAME.trying   it is being sent: whether the engine has got it is not known
 *   NAME.doubt    it was sent, and no answer came, or this program was killed meanwhile
 *   sent          a line for each request that the engine has got; then the file goes
 *
 * So a request whose fate is not known is never sent again by itself. Every function dies
 * if the directory cannot be read or written.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct push_request;
struct spool;

struct spool_settings {
	const char *directory;
	int64_t max_bytes;
	uint64_t target; /* hash of the engine, its URL and tenant: others' requests stay
			  * as they are */
	bool resend;     /* what is in doubt waits again */
};

/* Open, and make the directory if there is none. */
struct spool *spool_open(const struct spool_settings *settings);
void spool_close(struct spool *spool);

enum spool_added {
	SPOOL_ADDED,
	SPOOL_WAITS,   /* it is there already */
	SPOOL_SENT,    /* the engine has got it */
	SPOOL_SHORTER, /* it has got the window when that was shorter */
	SPOOL_OTHER,   /* the process was sent in windows of another length */
	SPOOL_FULL,
};

/* Add a request. */
enum spool_added spool_add(struct spool *spool, const struct push_request *request);

/* Read the request that waits and whose window ended first. Returns false if there is
 * none. The caller frees it. Then exactly one of the next five is called. */
bool spool_next(struct spool *spool, struct push_request *request);

/* Say that it is about to be sent, before each time; and what became of it then. */
void spool_try(struct spool *spool);
void spool_put_back(struct spool *spool);
void spool_sent(struct spool *spool, const struct push_request *request);
void spool_doubt(struct spool *spool);
void spool_drop(struct spool *spool);

/* Return how many requests of this target wait, and are in doubt. */
size_t spool_n_waiting(const struct spool *spool);
size_t spool_n_in_doubt(const struct spool *spool);
