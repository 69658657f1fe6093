// SPDX-License-Identifier: MIT
/*
 * The records of a thread may be in more than one stream, and a signal handler's may
 * stand before those it interrupted, so they are sorted by time first. The scopes that
 * are open are a stack; an end takes from it all that is above its scope, too.
 */
#include <errno.h>
#include <stdlib.h>

#include "analysis/catalog.h"
#include "common/array.h"
#include "trace/reader.h"

#include "analysis/scopes.h"

#define GROW(scopes, what)                                                               \
	array_grow((void **)&(scopes)->what, &(scopes)->n_##what##_max,                  \
		   (scopes)->n_##what + 1, sizeof(*(scopes)->what))

/* One thread on its way through its records. */
struct walk {
	struct scopes *all;
	uint32_t thread;
	uint32_t depth;
	size_t open[SCOPE_MAX_DEPTH]; /* indices, outermost first */
};

static int compare(const void *a, const void *b)
{
	const struct catalog_scope *x = *(const struct catalog_scope *const *)a;
	const struct catalog_scope *y = *(const struct catalog_scope *const *)b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return x < y ? -1 : x > y;
}

static size_t innermost(const struct walk *w)
{
	return w->depth ? w->open[w->depth - 1] : SCOPE_NONE;
}

static int note_change(struct walk *w, int64_t at_ns)
{
	struct scopes *s = w->all;
	struct scope_change change = {w->thread, at_ns, innermost(w)};
	struct scope_change *last = s->n_changes ? &s->changes[s->n_changes - 1] : NULL;

	if (last && last->thread == w->thread && last->at_ns == at_ns) {
		*last = change;
		return 0;
	}
	if (GROW(s, changes))
		return -ENOMEM;
	s->changes[s->n_changes++] = change;
	return 0;
}

/* End what is open from `depth` on; the scope there as `ending` says. */
static void close_from(struct walk *w, uint32_t depth, enum scope_ending ending,
		       int64_t at_ns)
{
	for (uint32_t i = depth; i < w->depth; i++) {
		struct scope *s = &w->all->scopes[w->open[i]];

		s->ending = i == depth || ending == SCOPE_OPEN ? ending : SCOPE_LEFT;
		s->end_ns = at_ns;
	}
	w->depth = depth;
}

static int begin(struct walk *w, const struct catalog_scope *record, int64_t at_ns)
{
	struct scopes *s = w->all;

	if (w->depth == SCOPE_MAX_DEPTH)
		close_from(w, SCOPE_MAX_DEPTH - 1, SCOPE_LEFT, at_ns);
	if (GROW(s, scopes))
		return -ENOMEM;
	s->scopes[s->n_scopes] = (struct scope){.thread = w->thread,
						.number = record->number,
						.depth = w->depth,
						.parent = innermost(w),
						.begin_ns = at_ns,
						.name = record->name};
	w->open[w->depth++] = s->n_scopes++;
	return note_change(w, at_ns);
}

static int end(struct walk *w, const struct catalog_scope *record, int64_t at_ns)
{
	uint32_t depth = w->depth;

	while (depth > 0 && w->all->scopes[w->open[depth - 1]].number != record->number)
		depth--;
	if (depth == 0) {
		w->all->unpaired++;
		return 0;
	}
	close_from(w, depth - 1, SCOPE_ENDED, at_ns);
	return note_change(w, at_ns);
}

/* The last moment that is known of the trace. */
static int64_t find_end(const struct catalog *c, const struct reader *reader,
			int64_t last_ns)
{
	for (size_t i = 0; i < c->n_scopes; i++) {
		int64_t ns = reader_ns(reader, c->scopes[i].ticks);

		last_ns = ns > last_ns ? ns : last_ns;
	}
	return last_ns;
}

/* Without those of threads that are not known. */
static size_t sort(const struct catalog *c, const struct catalog_scope **sorted)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_scopes; i++) {
		if (map_get(&c->thread_numbers, c->scopes[i].thread) != MAP_NONE)
			sorted[n++] = &c->scopes[i];
	}
	qsort(sorted, n, sizeof(*sorted), compare);
	return n;
}

int scopes_pair(struct scopes *all, const struct catalog *c, const struct reader *reader,
		int64_t last_ns)
{
	const struct catalog_scope **sorted;
	struct walk w = {.all = all};
	size_t n_sorted;
	int result = 0;

	*all = (struct scopes){0};
	if (c->n_scopes == 0)
		return 0;
	sorted = reallocarray(NULL, c->n_scopes, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	n_sorted = sort(c, sorted);
	all->unpaired = c->n_scopes - n_sorted;
	last_ns = find_end(c, reader, last_ns) + 1;
	for (size_t i = 0; i < n_sorted && result == 0; i++) {
		const struct catalog_scope *record = sorted[i];
		int64_t at_ns = reader_ns(reader, record->ticks);

		if (record->thread != w.thread)
			close_from(&w, 0, SCOPE_OPEN, last_ns);
		w.thread = record->thread;
		result = record->name ? begin(&w, record, at_ns) : end(&w, record, at_ns);
	}
	close_from(&w, 0, SCOPE_OPEN, last_ns);
	free(sorted);
	return result;
}

void scopes_fini(struct scopes *all)
{
	free(all->scopes);
	free(all->changes);
}
