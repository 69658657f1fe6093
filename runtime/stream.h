/* SPDX-License-Identifier: MIT */
/*
 * One stream of records: a window of the trace file that is filled, copied to
 * the end of the file, and filled again. A stream has one writer at a time,
 * but a signal handler may write on top of it at any instant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/packed.h"
#include "runtime/place.h"

struct rhp_stream {
	uint64_t *units;            /* of the window */
	struct rhp_region *window;  /* its header */
	uint32_t cursor;            /* next free unit; moved by one instruction */
	uint32_t limit;             /* from here on only nested writers go on */
	uint32_t capacity;          /* units of the window */
	uint32_t depth;             /* writers at work: one, and handlers on top of it */
	struct rhp_place outermost; /* of them */
	/* What the records so far say about those that follow. */
	uint64_t last_unit;          /* time of the last event, in record units */
	uint64_t base;               /* of the addresses of short records */
	uint64_t far;                /* an address that was too far from it, */
	uint32_t n_far;              /* ... and how many there were */
	uint32_t generation;         /* of the trace that it is in */
	uint64_t thread, tid;        /* whose records they are */
	char name[16];               /* of the thread */
	uint32_t high[RHP_N_SHARDS]; /* of stamps, of the last wide event, and 1 */
};

/* What a FAMILY record says. */
struct rhp_stream_family {
	uint32_t family; /* and enum rhp_family_flags << RHP_FAMILY_BITS */
	uintptr_t pool;
};

/* Maps the window of stream `number`; false if that failed. */
HIDDEN bool rhp_stream_open(struct rhp_stream *s, uint16_t number);

/* Unmaps it; what was written stays in the trace. */
HIDDEN void rhp_stream_close(struct rhp_stream *s);

/*
 * In a ring: opens the stream that keeps what must not be overwritten. Until it is closed
 * rhp_stream_node() and rhp_stream_blob() write to it, whatever stream they are given,
 * under its lock. Closing does nothing where it is not open.
 */
HIDDEN bool rhp_stream_open_lasting(void);
HIDDEN void rhp_stream_close_lasting(void);

/* Writes whose records follow from here on: a thread's number in the trace, its tid, and
 * its name (at most 15 characters). False if that was lost. */
HIDDEN bool rhp_stream_thread(struct rhp_stream *s, uint64_t thread, uint64_t tid,
			      const char *name);

/*
 * A thread may get another name at any time, from any thread, by pthread_setname_np,
 * prctl or /proc, and nobody tells us. So its name is asked for again when a window is
 * handed over (which the stream does itself), when the thread ends, and when the trace
 * does. Each of these writes the name to the trace if it is not the one that the stream
 * told last: that of the calling thread, whose stream `s` is; and, in the stream `to`,
 * that of another thread, whose stream `s` is.
 */
HIDDEN void rhp_stream_name_again(struct rhp_stream *s);

/* Says how much of the process is in memory, if that is known. The stream does so itself
 * now and then, when the window is handed over. */
HIDDEN void rhp_stream_resident(struct rhp_stream *s);
HIDDEN void rhp_stream_name_other(const struct rhp_stream *s, int tid,
				  struct rhp_stream *to);

/* Events: rhp_stream_event() in stream-event.h. */

/* Appends a FRAME or a CALL: its units, as rhp_pack_node() makes them. */
HIDDEN bool rhp_stream_node(struct rhp_stream *s, uint64_t first, uint64_t second,
			    uint64_t third);

/*
 * Returns a time that separates events: those that this thread recorded before are
 * earlier, and those that it records from now on are not. Waits for the next unit of
 * time, which takes less than 0.1 us where ticks are cycles.
 */
HIDDEN uint64_t rhp_stream_moment(void);

/* Appends a BLOB and its text, given in parts; cut if it exceeds a window. */
struct rhp_stream_text {
	const void *bytes;
	size_t size;
};
HIDDEN bool rhp_stream_blob(struct rhp_stream *s, enum rhp_blob_type type, uint64_t b,
			    uint64_t c, const struct rhp_stream_text *parts, int n_parts);
