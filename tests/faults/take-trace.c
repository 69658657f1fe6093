// SPDX-License-Identifier: MIT
#include <string.h>

#include "analysis/catalog.h"
#include "analysis/chains.h"
#include "analysis/scopes.h"

#include "tests/faults/take-trace.h"

struct taking {
	struct catalog catalog;
	struct reader *reader;
	struct merge *merge;
	struct pair *pair;
};

void (*take_between)(int round);

static int pair_all(struct taking *t)
{
	struct pair_row rows[PAIR_MAX_ROWS];
	struct chain chain;
	int result, more;

	while ((result = pair_next(t->pair, rows)) > 0) {
		while ((more = pair_next_chain(t->pair, &chain)) == 1)
			continue;
		if (more < 0)
			return more;
	}
	return result;
}

static int follow_all(struct taking *t)
{
	int result = 0;

	for (int round = 0; round < TAKE_ROUNDS && result >= 0; round++) {
		bool settled = round % 2;

		if (take_between)
			take_between(round);
		result = reader_refresh(t->reader, settled);
		if (result == 0)
			result = merge_go_on(t->merge, settled);
		if (result == 0)
			result = pair_follow(t->pair, 100000);
		if (result > 1) /* a problem of the reader */
			return result;
	}
	return result < 0 ? result : 0;
}

static int finish(struct taking *t)
{
	struct scopes scopes;
	int result;

	catalog_name_threads(&t->catalog);
	result = scopes_pair(&scopes, &t->catalog, t->reader,
			     pair_totals(t->pair)->last_ns);
	scopes_fini(&scopes);
	return result;
}

static int take(struct taking *t, const char *path, bool follow)
{
	struct reader_sink sink;
	int result = catalog_init(&t->catalog, &sink);

	if (result == 0)
		result = (follow ? reader_follow : reader_open)(&t->reader, path, &sink);
	if (result)
		return result;
	catalog_limit_ids(&t->catalog, reader_n_records_max(t->reader));
	result = merge_new(&t->merge, t->reader);
	if (result == 0)
		result = pair_new(&t->pair, t->merge, t->reader, &t->catalog);
	if (result == 0)
		result = follow ? follow_all(t) : pair_all(t);
	return result ? result : finish(t);
}

int take_trace(const char *path, bool follow, struct taken *taken)
{
	struct taking t = {0};
	int result = take(&t, path, follow);

	memset(taken, 0, sizeof(*taken));
	if (t.reader)
		taken->file = *reader_counts(t.reader);
	if (t.merge)
		taken->merge = merge_counts(t.merge);
	if (t.pair)
		taken->pair = *pair_totals(t.pair);
	taken->n_damaged = t.catalog.n_damaged;
	pair_free(t.pair);
	merge_free(t.merge);
	reader_close(t.reader);
	catalog_fini(&t.catalog);
	return result;
}
