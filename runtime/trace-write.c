/* SPDX-License-Identifier: MIT */
/*
 * All of the file but its head is handed out in regions by one atomic addition to
 * header.file_end. A region is either mapped (a window, reserved on the disk first, so
 * that no store can raise SIGBUS) or written once (a chunk).
 */
#include <errno.h>
#include <string.h>

#include "runtime/os-clock.h"
#include "runtime/os-file.h"
#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/state.h"
#include "runtime/trace-file.h"
#include "runtime/trace-parts.h"
#include "runtime/trace-write.h"

#define MAX_AHEAD (UINT64_C(16) << 20) /* bytes that are reserved ahead, at most */
#define AHEAD_SHARE 8                  /* ... and of the trace's size: one in so many */

/* By stream, their headers: where the handler of a fault finds them. */
static struct rhp_region *windows[UINT16_MAX + 1];

static char *start_of(const struct rhp_region *window)
{
	return (char *)window - rhp_trace.first.head_offset;
}

/* A region's records, or none, and its header behind them. The comparison and the write
 * are two calls: the less is between them the better. */
static int write_ours(uint64_t offset, const uint64_t *units,
		      const struct rhp_region *head)
{
	size_t size = units ? rhp_trace.first.head_offset : 0;
	int r = rhp_trace_check();
	if (r == 0)
		r = rhp_os_write(rhp_trace.fd, offset, units, size, head, sizeof(*head));
	if (r == -EBADF && rhp_trace_check() == 0) /* closed in between */
		r = rhp_os_write(rhp_trace.fd, offset, units, size, head, sizeof(*head));
	return r;
}

/* One write, of whole pages. The header comes last: a chunk that a kill cut short is no
 * chunk, and its records are still in the window. */
static int write_region(uint64_t offset, const uint64_t *units, struct rhp_region head)
{
	head.kind = RHP_REGION_CHUNK;
	head.magic = RHP_REGION_MAGIC;
	head.end = RHP_REGION_MAGIC;
	return write_ours(offset, units, &head);
}

static uint64_t add_region(void)
{
	struct rhp_file_header *h = rhp_trace.header;
	uint64_t end = __atomic_load_n(&h->file_end, __ATOMIC_RELAXED);
	do
		if (h->max_bytes && end + h->region_size > h->max_bytes)
			return 0;
	while (!__atomic_compare_exchange_n(&h->file_end, &end, end + h->region_size,
					    true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return end;
}

/* The chunk that was written longest ago: it is one no more. 0: there is none, for all
 * are windows, or must stay. */
static uint64_t take_oldest(void)
{
	static const struct rhp_region nothing;
	const struct rhp_file_header *h = rhp_trace.header;
	uint64_t end = h->file_end;
	for (uint64_t n = (end - h->first_region) / h->region_size; n > 0; n--) {
		struct rhp_region r;
		uint64_t at = rhp_trace.oldest < end ? rhp_trace.oldest : h->first_region;
		uint64_t head = at + rhp_trace.first.head_offset;
		rhp_trace.oldest = at + h->region_size;
		if (rhp_os_read(rhp_trace.fd, head, &r, sizeof(r)) != 0 ||
		    r.magic != RHP_REGION_MAGIC || r.kind != RHP_REGION_CHUNK ||
		    r.stream == RHP_LASTING_STREAM)
			continue;
		if (write_ours(head, NULL, &nothing) != 0)
			continue;
		rhp_trace_lose(RHP_LOST_RING, r.n_events);
		return at;
	}
	return 0;
}

/* In a ring: under the lock. Whoever gets a region there fills it before another one
 * looks for the oldest. */
static uint64_t new_region(void)
{
	uint64_t offset = add_region();
	if (offset == 0 && rhp_trace.header->ring && rhp_trace_check() == 0)
		offset = take_oldest();
	if (offset == 0)
		rhp_trace_fail(0, RHP_LOST_LIMIT);
	return offset;
}

/* Whether there was something to lock: it is asked once. */
static bool lock_ring(void)
{
	bool is_ring = rhp_trace.header->ring;
	if (is_ring)
		rhp_lock_take(&rhp_trace.ring);
	return is_ring;
}

static void unlock_ring(bool is_locked)
{
	if (is_locked)
		rhp_lock_drop(&rhp_trace.ring);
}

/* The larger the trace, the more of what follows is reserved in one go: file systems
 * then write it in half the time. What is not used stays as zeros at the end. */
static void reserve_ahead(uint64_t offset)
{
	const struct rhp_file_header *h = rhp_trace.header;
	uint64_t end = offset + h->region_size, size = offset / AHEAD_SHARE;
	uint64_t reserved = __atomic_load_n(&rhp_trace.ahead, __ATOMIC_RELAXED);
	size = size < MAX_AHEAD ? size : MAX_AHEAD;
	if (h->max_bytes && end + size > h->max_bytes)
		size = end < h->max_bytes ? h->max_bytes - end : 0;
	if (LIKELY(end <= reserved) || size < 2 * (uint64_t)h->region_size)
		return;
	if (!__atomic_compare_exchange_n(&rhp_trace.ahead, &reserved, end + size, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	/* If the disk has no room for it there may still be some for the chunk. */
	if (rhp_trace_check() < 0 ||
	    rhp_os_reserve_ahead(rhp_trace.fd, offset, end + size - offset) < 0)
		__atomic_store_n(&rhp_trace.ahead, UINT64_MAX, __ATOMIC_RELAXED);
}

static bool write_chunk(const struct rhp_region *window, const uint64_t *units,
			size_t used)
{
	struct rhp_region head = *window;
	head.used = used;
	uint32_t generation = rhp_state_latest();
	uint64_t offset = new_region();
	if (offset == 0)
		return false;
	reserve_ahead(offset);
	/* Whom that kept too long was given up: the file is another one's. */
	if (rhp_state_latest() != generation)
		return false;
	int r = write_region(offset, units, head);
	if (r == -EFAULT) /* for the kernel a window is not there that the file lacks */
		r = -EIO;
	if (r < 0)
		rhp_trace_fail(r, RHP_LOST_IO);
	return r == 0;
}

bool rhp_trace_write_chunk(const struct rhp_region *window, const uint64_t *units,
			   size_t used)
{
	bool is_locked = lock_ring();
	bool ok = write_chunk(window, units, used);
	unlock_ring(is_locked);
	return ok;
}

int rhp_trace_append_scan(uint64_t sequence, const uint64_t *units, size_t used)
{
	struct rhp_region head = {
		.stream = RHP_SCAN_STREAM,
		.sequence = sequence,
		.used = used,
	};
	uint64_t offset = rhp_trace_check() == 0 ? add_region() : 0;
	if (offset == 0)
		return rhp_trace.header->max_bytes ? -EFBIG : -EBADF;
	return write_region(offset, units, head);
}

static char *map_region(uint64_t offset)
{
	size_t size = rhp_trace.header->region_size;
	int r = rhp_trace_check();
	if (r == 0)
		r = rhp_os_reserve(rhp_trace.fd, offset, size);
	char *w = r == 0 ? rhp_os_map_file(NULL, rhp_trace.fd, offset, size) : NULL;
	/* A descriptor that is ours now was so when it was mapped. */
	if (w && (r = rhp_trace_check()) < 0) {
		rhp_os_release(w, size);
		w = NULL;
	}
	if (!w)
		rhp_trace_fail(r < 0 ? r : -ENOMEM, RHP_LOST_IO);
	return w;
}

static struct rhp_region *map_window(uint16_t stream, uint64_t **units)
{
	uint64_t offset = new_region();
	char *start = offset ? map_region(offset) : NULL;
	if (!start)
		return NULL;
	struct rhp_region *w = (void *)(start + rhp_trace.first.head_offset);
	*units = (void *)start;
	windows[stream] = w;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (rhp_trace.header->ring)
		memset(start, 0, rhp_trace.header->region_size);
	w->kind = RHP_REGION_WINDOW;
	w->stream = stream;
	struct rhp_instant now = rhp_os_instant();
	w->base_ticks = now.ticks;
	w->base_ns = now.ns;
	w->end = RHP_REGION_MAGIC;
	__atomic_store_n(&w->magic, RHP_REGION_MAGIC, __ATOMIC_RELEASE);
	return w;
}

struct rhp_region *rhp_trace_map_window(uint16_t stream, uint64_t **units)
{
	bool is_locked = lock_ring();
	struct rhp_region *w = map_window(stream, units);
	unlock_ring(is_locked);
	return w;
}

void rhp_trace_unmap_window(struct rhp_region *window)
{
	uint32_t stream = window->stream;
	if (windows[stream] != window) /* its last page was replaced */
		for (stream = 0; stream < UINT16_MAX && windows[stream] != window;)
			stream++;
	windows[stream] = NULL;
	rhp_os_release(start_of(window), rhp_trace.first.region_size);
}

void rhp_trace_lose_write(void)
{
	rhp_trace_lose(__atomic_load_n(&rhp_trace.stop_reason, __ATOMIC_RELAXED), 1);
}

bool rhp_trace_in_window(uintptr_t address)
{
	for (uint32_t i = 0; i <= UINT16_MAX; i++) {
		uintptr_t start = windows[i] ? (uintptr_t)start_of(windows[i]) : 0;
		if (start && address - start < rhp_trace.first.region_size)
			return true;
	}
	return false;
}
