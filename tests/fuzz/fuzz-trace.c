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

#include "rheaper-load/catalog.h"
#include "rheaper-load/chains.h"
#include "rheaper-load/merge.h"
#include "rheaper-load/pair.h"
#include "rheaper-load/scopes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/trace-writer.h"
#include "trace/reader.h"

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

static void pair_all(struct pair *pair)
{
	struct pair_row rows[PAIR_MAX_ROWS];
	struct chain chain;

	while (pair_next(pair, rows) > 0)
		while (pair_next_chain(pair, &chain) == 1)
			continue;
}

static void follow_all(struct pair *pair, struct merge *merge, struct reader *reader)
{
	for (int round = 0; round < 4; round++) {
		if (round && reader_refresh(reader, round % 2) != 0)
			return;
		if (merge_go_on(merge, round % 2) != 0 || pair_follow(pair, 100000) < 0)
			return;
	}
}

static void read_trace(bool follow)
{
	struct catalog catalog;
	struct reader_sink sink;
	struct reader *reader = NULL;
	struct merge *merge = NULL;
	struct pair *pair = NULL;
	struct scopes scopes;

	must(catalog_init(&catalog, &sink) == 0, "catalog");
	if ((follow ? reader_follow : reader_open)(&reader, path, &sink))
		goto out;
	catalog_limit_ids(&catalog, reader_n_records_max(reader));
	if (merge_new(&merge, reader) || pair_new(&pair, merge, reader, &catalog))
		goto out;
	if (follow)
		follow_all(pair, merge, reader);
	else
		pair_all(pair);
	catalog_name_threads(&catalog);
	must(scopes_pair(&scopes, &catalog, reader, pair_totals(pair)->last_ns) == 0,
	     "scopes");
	scopes_fini(&scopes);
	merge_lost(merge);
out:
	pair_free(pair);
	merge_free(merge);
	reader_close(reader);
	catalog_fini(&catalog);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct change changes[MAX_CHANGES];
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
	read_trace(data[0] & 1);
	while (n-- > 0)
		must(pwrite(file, &changes[n].before, 8, changes[n].at) == 8, "mend");
	return 0;
}
