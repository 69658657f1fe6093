// SPDX-License-Identifier: MIT
/*
 * A trace, read and paired, at rest or as one that is being written. Of its first 260
 * KiB, the header and the stamp counters, an input only says what is not as usual: most
 * bytes of an input are then regions. It is
 *
 *   flags      1 byte: 1, follow; 2 to 16, how many words are changed; 128, records are
 *              packed, as they are today
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

#define PACKED 128

/* Of each kind one. */
static int files[2] = {-1, -1}, file;
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
static int make_head(uint16_t version)
{
	struct trace_writer w;
	const uint64_t issued = N_ISSUED;
	int made = memfd_create("trace", MFD_CLOEXEC);

	writer_init_version(&w, REGION_RECORDS, version);
	writer_header(&w)->file_end = UINT64_MAX / 2;
	for (size_t i = 0; i < RHP_N_SHARDS; i++)
		memcpy(w.bytes + RHP_HEADER_SIZE + i * RHP_SHARD_STRIDE, &issued,
		       sizeof(issued));
	head_size = w.size;
	must(made >= 0 && pwrite(made, w.bytes, w.size, 0) == (ssize_t)w.size, "memfd");
	writer_fini(&w);
	return made;
}

static void choose_file(bool packed)
{
	if (files[packed] < 0)
		files[packed] =
			make_head(packed ? RHP_TRACE_VERSION : RHP_TRACE_VERSION_FIRST);
	file = files[packed];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
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
	choose_file(data[0] & PACKED);
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
