// SPDX-License-Identifier: MIT
/*
 * The counters of the stamps first: an event that has a lower stamp was begun before.
 * Then the regions that are there. A chunk does not change any more once it has a header.
 * A window is filled, copied to a chunk at the end of the file, cleared, and only then
 * gets its next number; so a window whose number is the same before and after it was read
 * is whole, or its records are in a chunk of that number; in the end, therefore, come the
 * regions that were added meanwhile. In a ring a chunk may be overwritten while it is
 * read, and read again; what is lost by that is counted as missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cli.h"
#include "contract/format.h"

#include "rheaper-ctl/snapshot.h"

#define MAX_TRIES 1000
#define MAX_REGION_SIZE (UINT32_C(1) << 30)
#define SHARDS_SIZE ((size_t)RHP_N_SHARDS * RHP_SHARD_STRIDE)

struct copy {
	int from, to;
	const char *path; /* of the copy */
	struct rhp_file_header header;
	char *buffer; /* a region */
	uint64_t *unfinished;
	size_t n_unfinished, n_max;
};

static _Noreturn void fail(const struct copy *c, const char *what)
{
	int error = errno;

	unlink(c->path);
	errno = error;
	die("%s %s:", what, c->path);
}

static _Noreturn void refuse(const struct copy *c, const char *why)
{
	unlink(c->path);
	die("copy the trace to %s: %s", c->path, why);
}

/* What there is up to the end of the file. */
static size_t read_some(const struct copy *c, void *to, size_t n, uint64_t offset)
{
	ssize_t got;

	do
		got = pread(c->from, to, n, (off_t)offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		fail(c, "read the trace for");
	return (size_t)got;
}

static bool read_at(const struct copy *c, void *to, size_t n, uint64_t offset)
{
	return read_some(c, to, n, offset) == n;
}

static void write_at(const struct copy *c, const void *bytes, size_t n, uint64_t offset)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t done = pwrite(c->to, at, n, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			fail(c, "write");
		at += done;
		offset += (uint64_t)done;
		n -= (size_t)done;
	}
}

static void read_header(struct copy *c)
{
	const struct rhp_file_header *h = &c->header;

	if (!read_at(c, &c->header, sizeof(c->header), 0) ||
	    memcmp(h->magic, RHP_TRACE_MAGIC, sizeof(h->magic)) != 0)
		refuse(c, "the process no longer writes a trace");
	if (h->version < RHP_TRACE_VERSION_FIRST || h->version > RHP_TRACE_VERSION ||
	    h->region_size < sizeof(struct rhp_region) ||
	    h->region_size > MAX_REGION_SIZE ||
	    h->head_offset > h->region_size - sizeof(struct rhp_region))
		refuse(c, "the trace has another format version than this rheaper-ctl; "
			  "use that of the rheaper that the program was built with");
}

static void remember(struct copy *c, uint64_t offset)
{
	if (array_grow((void **)&c->unfinished, &c->n_max, c->n_unfinished + 1,
		       sizeof(*c->unfinished)) != 0)
		refuse(c, "out of memory");
	c->unfinished[c->n_unfinished++] = offset;
}

static bool read_head(const struct copy *c, struct rhp_region *head, uint64_t offset)
{
	return read_at(c, head, sizeof(*head), offset + c->header.head_offset) &&
	       head->magic == RHP_REGION_MAGIC;
}

static bool are_same(const struct rhp_region *a, const struct rhp_region *b)
{
	return a->kind == b->kind && a->stream == b->stream && a->sequence == b->sequence;
}

/* A region as it is now; false if it has no header yet. Of a chunk at the end of the file
 * there is only what is used. */
static bool read_region(struct copy *c, uint64_t offset)
{
	struct rhp_region before, after;
	size_t size = c->header.region_size;

	for (int i = 0; i < MAX_TRIES; i++) {
		size_t got;

		if (!read_head(c, &before, offset))
			return false;
		got = read_some(c, c->buffer, size, offset);
		memset(c->buffer + got, 0, size - got);
		if (!read_head(c, &after, offset))
			return false;
		/* What it says of the next buffer may be there before the number. */
		memcpy(c->buffer + c->header.head_offset, &before, sizeof(before));
		if (are_same(&before, &after))
			return true;
	}
	refuse(c, "the process fills its buffers faster than they can be read");
}

static bool copy_region(struct copy *c, uint64_t offset)
{
	if (!read_region(c, offset))
		return false;
	write_at(c, c->buffer, c->header.region_size, offset);
	return true;
}

static void copy_regions(struct copy *c, uint64_t begin, uint64_t end)
{
	for (uint64_t at = begin; at + c->header.region_size <= end;
	     at += c->header.region_size) {
		if (!copy_region(c, at))
			remember(c, at);
	}
}

static void copy_shards(struct copy *c)
{
	char *shards = malloc(SHARDS_SIZE);

	if (!shards || !read_at(c, shards, SHARDS_SIZE, c->header.shard_offset))
		refuse(c, "the counters of the trace cannot be read");
	write_at(c, shards, SHARDS_SIZE, c->header.shard_offset);
	free(shards);
}

static void copy_parts(struct copy *c)
{
	uint64_t first_end;
	size_t n;

	read_header(c);
	c->buffer = malloc(c->header.region_size);
	if (!c->buffer)
		refuse(c, "out of memory");
	copy_shards(c);
	first_end = c->header.file_end;
	copy_regions(c, c->header.first_region, first_end);
	n = c->n_unfinished;
	read_header(c);
	copy_regions(c, first_end, c->header.file_end);
	/* What had no header then may have it now. */
	for (size_t i = 0; i < n; i++)
		copy_region(c, c->unfinished[i]);
	if (c->header.state == RHP_STATE_RUNNING)
		c->header.state = RHP_STATE_SNAPSHOT;
	if (ftruncate(c->to, (off_t)c->header.file_end) != 0)
		fail(c, "write");
	/* Without it the file is no trace. */
	write_at(c, &c->header, sizeof(c->header), 0);
}

uint64_t snapshot_copy(int from, const char *path)
{
	struct copy c = {.from = from, .path = path};

	c.to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c.to < 0)
		die("create %s:", path);
	copy_parts(&c);
	if (close(c.to) != 0)
		fail(&c, "write");
	free(c.buffer);
	free(c.unfinished);
	return c.header.file_end;
}
