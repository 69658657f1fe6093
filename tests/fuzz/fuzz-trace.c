// SPDX-License-Identifier: MIT
/*
 * A trace, read and paired, at rest or as one that is being written. Of its first 260
 * KiB, the header and the stamp counters, an input only says what is not as usual: most
 * bytes of an input are then regions. It is
 *
 *   flags      1 byte: 1, follow; the rest, how many words are changed
 *   changes    10 bytes each: 2 bytes, which word of the header, or from 512 on which
 *              counter; 8 bytes, its value
 *   regions
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/faults/take-trace.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/trace-writer.h"

#define REGION_RECORDS 32
#define HEADER_WORDS (RHP_HEADER_SIZE / 8)
#define MAX_CHANGES 16
#define CHANGE_SIZE 10
#define N_ISSUED 8 /* from each counter */

static int file = -1;
static char path[64];
static size_t head_size;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

/* A header and counters without regions. */
static void make_head(void)
{
	struct trace_writer w;
	const uint64_t issued = N_ISSUED;

	if (file >= 0)
		return;
	file = memfd_create("trace", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	writer_init(&w, REGION_RECORDS);
	writer_header(&w)->file_end = UINT64_MAX / 2;
	for (size_t i = 0; i < RHP_N_SHARDS; i++)
		memcpy(w.bytes + RHP_HEADER_SIZE + i * RHP_SHARD_STRIDE, &issued,
		       sizeof(issued));
	head_size = w.size;
	must(file >= 0 && pwrite(file, w.bytes, w.size, 0) == (ssize_t)w.size, "memfd");
	writer_fini(&w);
}

struct change {
	off_t at;
	uint64_t before;
};

static struct change change_word(const uint8_t *bytes)
{
	struct change change;
	uint64_t value;
	uint16_t word;

	memcpy(&word, bytes, sizeof(word));
	memcpy(&value, bytes + sizeof(word), sizeof(value));
	if (word < HEADER_WORDS)
		change.at = (off_t)word * 8;
	else
		change.at =
			RHP_HEADER_SIZE + (off_t)(word % RHP_N_SHARDS) * RHP_SHARD_STRIDE;
	must(pread(file, &change.before, sizeof(value), change.at) == 8 &&
		     pwrite(file, &value, sizeof(value), change.at) == 8,
	     "change");
	return change;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct change changes[MAX_CHANGES];
	struct taken taken;
	size_t n = 0, at = 1;

	if (size == 0)
		return 0;
	make_head();
	for (; n < (size_t)(data[0] >> 1) % MAX_CHANGES && at + CHANGE_SIZE <= size;
	     at += CHANGE_SIZE)
		changes[n++] = change_word(data + at);
	must(pwrite(file, data + at, size - at, (off_t)head_size) == (ssize_t)(size - at),
	     "regions");
	must(ftruncate(file, (off_t)(head_size + size - at)) == 0, "size");
	take_trace(path, data[0] & 1, &taken);
	while (n-- > 0)
		must(pwrite(file, &changes[n].before, 8, changes[n].at) == 8, "mend");
	return 0;
}
