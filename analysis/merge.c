// SPDX-License-Identifier: MIT
/*
 * Every event carries a stamp from one of 4096 counters; the counter is chosen
 * by the address and counts from 0 without gaps. A stream is ready when its
 * first event has the stamp that is next in its shard, and of the ready ones
 * the one with the smallest time goes on. A stream that is not ready waits in
 * a list of its shard; the event it waits for is in another stream.
 *
 * When no stream is ready the stamps they wait for are not in the file: the
 * program was killed with a record in flight, or could not write it, or a
 * signal handler took a later stamp and wrote its record first. Then the
 * oldest of the waiting shards skips to the first stamp it has. An event with
 * a stamp already skipped is delivered as soon as it comes.
 *
 * Two heaps, of ready and of waiting streams, both by time; a stream is in one
 * of them, at a position it knows. Memory is one event per stream.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "trace/reader.h"

#include "analysis/merge.h"

#define NO_STREAM UINT32_MAX
/* More stamps than a program takes from one shard while its trace is read. */
#define MAX_STAMP_LEAD (UINT64_C(1) << 24)

struct head {
	struct reader_event event;
	uint32_t shard;
	uint32_t next_waiter;
	uint32_t position; /* in its heap */
	bool idle;         /* in none: its stream has ended, as far as was known */
	uint32_t round;    /* in which it was read */
};

struct heap {
	uint32_t *items;
	uint32_t n;
};

struct merge {
	struct reader *reader;
	struct head *heads;
	uint32_t n_streams;
	struct heap ready, waiting;
	bool is_snapshot;
	uint32_t current; /* delivered last, still in `ready` */
	bool settled;     /* stamps that are not there will not come */
	uint32_t round;   /* of merge_go_on */
	struct merge_counts counts;
	uint64_t next[RHP_N_SHARDS];
	uint64_t seen[RHP_N_SHARDS];
	uint32_t waiters[RHP_N_SHARDS];
};

static bool is_before(const struct merge *m, uint32_t a, uint32_t b)
{
	uint64_t time_a = m->heads[a].event.ticks, time_b = m->heads[b].event.ticks;

	return time_a < time_b || (time_a == time_b && a < b);
}

static void heap_set(struct merge *m, struct heap *heap, uint32_t position, uint32_t item)
{
	heap->items[position] = item;
	m->heads[item].position = position;
}

static void heap_up(struct merge *m, struct heap *heap, uint32_t i)
{
	uint32_t item = heap->items[i];

	while (i > 0 && is_before(m, item, heap->items[(i - 1) / 2])) {
		heap_set(m, heap, i, heap->items[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_set(m, heap, i, item);
}

static void heap_down(struct merge *m, struct heap *heap, uint32_t i)
{
	uint32_t item = heap->items[i];

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n &&
		    is_before(m, heap->items[child + 1], heap->items[child]))
			child++;
		if (!is_before(m, heap->items[child], item))
			break;
		heap_set(m, heap, i, heap->items[child]);
		i = child;
	}
	heap_set(m, heap, i, item);
}

static void heap_add(struct merge *m, struct heap *heap, uint32_t item)
{
	heap->items[heap->n] = item;
	heap_up(m, heap, heap->n++);
}

static void heap_remove(struct merge *m, struct heap *heap, uint32_t item)
{
	uint32_t i = m->heads[item].position;
	uint32_t last = heap->items[--heap->n];

	if (last == item)
		return;
	heap_set(m, heap, i, last);
	heap_up(m, heap, i);
	heap_down(m, heap, m->heads[last].position);
}

static bool is_possible(const struct merge *m, const struct head *head)
{
	uint64_t issued = reader_issued(m->reader, head->shard);

	return head->event.stamp < issued + MAX_STAMP_LEAD || issued > UINT64_MAX / 2;
}

static bool is_ready(const struct merge *m, const struct head *head)
{
	return head->event.stamp <= m->next[head->shard] || !is_possible(m, head);
}

static void wait_for_stamp(struct merge *m, uint32_t stream)
{
	struct head *head = &m->heads[stream];

	heap_add(m, &m->waiting, stream);
	head->next_waiter = m->waiters[head->shard];
	m->waiters[head->shard] = stream;
}

static void wake_shard(struct merge *m, uint32_t shard)
{
	uint32_t *link = &m->waiters[shard];

	while (*link != NO_STREAM) {
		uint32_t stream = *link;
		struct head *head = &m->heads[stream];

		if (head->event.stamp > m->next[shard]) {
			link = &head->next_waiter;
			continue;
		}
		*link = head->next_waiter;
		heap_remove(m, &m->waiting, stream);
		heap_add(m, &m->ready, stream);
	}
}

/* Give up on the stamps that come before the first one that a shard has. */
static void skip_stamps(struct merge *m, uint32_t shard)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = m->waiters[shard]; i != NO_STREAM;
	     i = m->heads[i].next_waiter) {
		if (m->heads[i].event.stamp < first)
			first = m->heads[i].event.stamp;
	}
	m->next[shard] = first;
	wake_shard(m, shard);
}

/* In a copy that was made while the program went on: begun after the copy was. */
static bool is_too_late(const struct merge *m, const struct head *head)
{
	return m->is_snapshot &&
	       head->event.stamp >= reader_issued(m->reader, head->shard);
}

/* Read the next event of a stream: 1, 0 at its end, or an error. */
static int read_head(struct merge *m, uint32_t stream)
{
	struct head *head = &m->heads[stream];
	int result;

	do {
		result = reader_next(m->reader, stream, &head->event);
		if (result == 1)
			head->shard = rhp_shard(head->event.address);
	} while (result == 1 && is_too_late(m, head));
	head->idle = result == 0;
	head->round = m->round;
	return result;
}

/* Go on in the stream whose event was delivered last. */
static int advance_current(struct merge *m)
{
	uint32_t stream = m->current;
	int result;

	m->current = NO_STREAM;
	result = read_head(m, stream);
	if (result == 1 && is_ready(m, &m->heads[stream])) {
		uint32_t i = m->heads[stream].position;

		heap_up(m, &m->ready, i);
		heap_down(m, &m->ready, m->heads[stream].position);
		return 0;
	}
	/* Where it stands in the heap no longer fits the event it has now; that
	 * does not matter to its removal. */
	heap_remove(m, &m->ready, stream);
	if (result == 1)
		wait_for_stamp(m, stream);
	return result == 1 ? 0 : result;
}

static void count_delivery(struct merge *m, const struct head *head)
{
	uint32_t shard = head->shard;

	m->counts.events++;
	if (!is_possible(m, head)) {
		m->counts.bad_stamps++;
		return;
	}
	m->seen[shard]++;
	if (head->event.stamp < m->next[shard]) {
		m->counts.late++;
		return;
	}
	m->next[shard]++;
	if (m->waiters[shard] != NO_STREAM)
		wake_shard(m, shard);
}

int merge_next(struct merge *m, const struct reader_event **event)
{
	struct head *head;
	int error;

	if (m->current != NO_STREAM) {
		error = advance_current(m);
		if (error)
			return error;
	}
	if (m->ready.n == 0) {
		if (!m->settled || m->waiting.n == 0)
			return 0;
		skip_stamps(m, m->heads[m->waiting.items[0]].shard);
	}
	m->current = m->ready.items[0];
	head = &m->heads[m->current];
	*event = &head->event;
	count_delivery(m, head);
	return 1;
}

bool merge_give_up(struct merge *m)
{
	uint32_t oldest = NO_STREAM;

	for (uint32_t i = 0; i < m->waiting.n; i++) {
		uint32_t stream = m->waiting.items[i];

		if (m->heads[stream].round != m->round &&
		    (oldest == NO_STREAM || is_before(m, stream, oldest)))
			oldest = stream;
	}
	if (oldest == NO_STREAM)
		return false;
	skip_stamps(m, m->heads[oldest].shard);
	return true;
}

/* Of the streams that are in no heap. */
static int read_idle_heads(struct merge *m)
{
	for (uint32_t i = 0; i < m->n_streams; i++) {
		int result = m->heads[i].idle ? read_head(m, i) : 0;

		if (result < 0 || result > 1)
			return result;
		if (result == 0)
			continue;
		if (is_ready(m, &m->heads[i]))
			heap_add(m, &m->ready, i);
		else
			wait_for_stamp(m, i);
	}
	return 0;
}

static int add_streams(struct merge *m, size_t n)
{
	struct head *heads = reallocarray(m->heads, n + 1, sizeof(*heads));
	uint32_t *ready, *waiting;

	if (!heads)
		return -ENOMEM;
	m->heads = heads;
	ready = reallocarray(m->ready.items, n + 1, sizeof(*ready));
	if (!ready)
		return -ENOMEM;
	m->ready.items = ready;
	waiting = reallocarray(m->waiting.items, n + 1, sizeof(*waiting));
	if (!waiting)
		return -ENOMEM;
	m->waiting.items = waiting;
	for (; m->n_streams < n; m->n_streams++)
		heads[m->n_streams] = (struct head){.idle = true};
	return 0;
}

int merge_go_on(struct merge *m, bool settled)
{
	int error = add_streams(m, reader_n_streams(m->reader));

	m->settled = settled;
	m->round++;
	return error ? error : read_idle_heads(m);
}

int merge_new(struct merge **result, struct reader *reader)
{
	struct merge *m = calloc(1, sizeof(*m));
	int error;

	if (!m)
		return -ENOMEM;
	m->reader = reader;
	m->current = NO_STREAM;
	m->is_snapshot = reader_header(reader)->state == RHP_STATE_SNAPSHOT;
	for (size_t i = 0; i < RHP_N_SHARDS; i++)
		m->waiters[i] = NO_STREAM;
	error = merge_go_on(m, true);
	if (error) {
		merge_free(m);
		return error;
	}
	*result = m;
	return 0;
}

void merge_free(struct merge *m)
{
	if (!m)
		return;
	free(m->heads);
	free(m->ready.items);
	free(m->waiting.items);
	free(m);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a < b ? 0 : a - b;
}

/* But for stamps of events that a newer one has overwritten. */
static void leave_out_overwritten(const struct merge *m, struct merge_counts *counts)
{
	uint64_t overwritten = reader_header(m->reader)->lost[RHP_LOST_RING];
	uint64_t missing = counts->missing;

	counts->missing = less(missing, overwritten);
	counts->unwritten = less(counts->unwritten, less(overwritten, missing));
}

/* Stamps of a shard that came twice; and, of a program that has ended, those that its
 * counter has not given. A stamp that came twice may stand for one that is missing. */
static uint64_t count_forged(const struct merge *m, uint32_t shard)
{
	uint64_t issued = reader_issued(m->reader, shard), next = m->next[shard];
	bool has_ended = reader_header(m->reader)->state == RHP_STATE_EXITED;

	return less(m->seen[shard], next) + (has_ended ? less(next, issued) : 0);
}

struct merge_counts merge_counts(const struct merge *m)
{
	struct merge_counts counts = m->counts;

	for (uint32_t i = 0; i < RHP_N_SHARDS; i++) {
		uint64_t issued = reader_issued(m->reader, i);

		if (m->next[i] > m->seen[i])
			counts.missing += m->next[i] - m->seen[i];
		if (issued > m->next[i])
			counts.unwritten += issued - m->next[i];
		counts.bad_stamps += count_forged(m, i);
	}
	leave_out_overwritten(m, &counts);
	return counts;
}

uint64_t merge_lost(const struct merge *m)
{
	const uint64_t *lost = reader_header(m->reader)->lost;
	const struct merge_counts counts = merge_counts(m);
	uint64_t by_stamp = counts.missing + (m->settled ? counts.unwritten : 0);
	uint64_t by_runtime = lost[RHP_LOST_IO] + lost[RHP_LOST_TRACKER] +
			      lost[RHP_LOST_NESTED] + lost[RHP_LOST_LIMIT];

	return (by_stamp > by_runtime ? by_stamp : by_runtime) + lost[RHP_LOST_EARLY] +
	       lost[RHP_LOST_SAMPLE];
}
