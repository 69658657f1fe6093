/* SPDX-License-Identifier: MIT */
/*
 * Builds small traces for tests, in memory, record by record, right or wrong.
 * A failure ends the test program.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "contract/format.h"

#define WRITER_MAX_REGIONS 80

struct trace_writer {
	char *bytes;
	size_t size;
	size_t n_regions;
	size_t region_size;
	size_t cursor[WRITER_MAX_REGIONS]; /* offset of the next record of a region */
	uint64_t time[WRITER_MAX_REGIONS]; /* of its last event */
	uint64_t next_stamp[RHP_N_SHARDS];
};

/* A trace whose regions hold n records of 24 bytes each. Its clock counts nanoseconds. */
void writer_init(struct trace_writer *w, size_t n_records);
/* The same as it was in an earlier version of the format. */
void writer_init_version(struct trace_writer *w, size_t n_records, uint16_t version);
void writer_fini(struct trace_writer *w);

/* A new region at the end; the number by which records are put into it. */
size_t writer_region(struct trace_writer *w, uint16_t stream, enum rhp_region_kind kind,
		     uint64_t sequence);
struct rhp_region *writer_region_header(struct trace_writer *w, size_t region);
char *writer_records(struct trace_writer *w, size_t region); /* the first of them */
struct rhp_file_header *writer_header(struct trace_writer *w);

/* What the runtime does with a full window: a chunk that has its records, and then the
 * window is another, empty buffer. */
void writer_copy_window(struct trace_writer *w, size_t window);
void writer_clear_window(struct trace_writer *w, size_t window);

/* Put a record of format.h, packed; and one unit as it is. */
void writer_put(struct trace_writer *w, size_t region, uint64_t a, uint64_t b,
		uint64_t c);
void writer_unit(struct trace_writer *w, size_t region, uint64_t unit);
void writer_skip(struct trace_writer *w, size_t region);   /* an unwritten record */
size_t writer_room(struct trace_writer *w, size_t region); /* bytes for more of them */

struct writer_event {
	enum rhp_code code;
	uint64_t address;
	uint64_t time;
	uint64_t size;
	uint32_t node;
};

/* Put an event, a wide one, with the next stamp of its shard, or with one of the
 * caller's. */
void writer_event(struct trace_writer *w, size_t region, struct writer_event event);
void writer_stamped(struct trace_writer *w, size_t region, struct writer_event event,
		    uint64_t stamp);
/* Put one of a function of a family, with its flags, and of a pool. */
void writer_event_of(struct trace_writer *w, size_t region, struct writer_event event,
		     uint64_t family, uint64_t pool);
/* Take a stamp and put nothing: a lost event. */
uint64_t writer_take_stamp(struct trace_writer *w, uint64_t address);

void writer_node(struct trace_writer *w, size_t region, enum rhp_code code, uint32_t id,
		 uint32_t parent, uint64_t address, uint32_t module, uint32_t flags);
void writer_blob(struct trace_writer *w, size_t region, enum rhp_blob_type type,
		 uint64_t b, uint64_t c, const void *text, size_t size);
void writer_module(struct trace_writer *w, size_t region, uint64_t number, uint64_t bias,
		   const char *path);

/* Write the first `size` bytes of it to a file. */
void writer_save_part(struct trace_writer *w, const char *path, size_t size);
void writer_save(struct trace_writer *w, const char *path);

/* A directory for a test program, removed with its files at exit; and a name in
 * it, which lives until exit. */
const char *test_path(const char *name);
