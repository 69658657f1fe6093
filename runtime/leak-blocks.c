/* SPDX-License-Identifier: MIT */
/*
 * The blocks that were live when memory was copied, from the trace. Of each address the
 * event with the highest stamp says what is there, so events may be taken in whatever
 * order they come, and more than once: first from the windows, then from the chunks,
 * which is where a window goes that other threads fill in the meantime.
 */
#include <errno.h>
#include <string.h>

#include "runtime/leak-parts.h"
#include "runtime/machine.h"
#include "runtime/os-file.h"
#include "runtime/os-memory.h"
#include "runtime/trace-file.h"

#define FIRST_SLOTS ((size_t)1 << 16)

static size_t slot_of(const struct leak_scan *s, uintptr_t address)
{
	size_t i = (size_t)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
	for (i &= s->n_slots - 1;
	     s->addresses[i].address && s->addresses[i].address != address;)
		i = (i + 1) & (s->n_slots - 1);
	return i;
}

static int make_room(struct leak_scan *s)
{
	struct leak_address *old = s->addresses;
	size_t n_old = s->n_slots;
	if (s->n_addresses < n_old / 4 * 3)
		return 0;
	size_t n = n_old ? 2 * n_old : FIRST_SLOTS;
	struct leak_address *larger = rhp_os_alloc(n * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	s->addresses = larger;
	s->n_slots = n;
	for (size_t i = 0; i < n_old; i++)
		if (old[i].address)
			larger[slot_of(s, old[i].address)] = old[i];
	if (n_old)
		rhp_os_release(old, n_old * sizeof(*old));
	return 0;
}

static int take_event(struct leak_scan *s, const struct rhp_record *r, uint64_t size)
{
	uintptr_t address = (uintptr_t)rhp_address(r);
	uint64_t stamp = rhp_stamp(r);
	unsigned code = rhp_code(r);
	if (!address || stamp >= s->shared->after[rhp_shard(address)] || make_room(s))
		return s->n_addresses < s->n_slots ? 0 : -ENOMEM;
	struct leak_address *a = &s->addresses[slot_of(s, address)];
	bool is_first = a->address == 0;
	s->n_addresses += is_first;
	a->address = address;
	a->is_moving |= stamp >= s->shared->before[rhp_shard(address)];
	if (code == RHP_ALLOC || code == RHP_REALLOC_END) {
		if (size > a->most)
			a->most = size;
		if (stamp >= a->begun) {
			a->begun = stamp;
			a->size = size;
		}
	}
	if (is_first || stamp >= a->latest) {
		a->latest = stamp;
		a->is_live = code == RHP_ALLOC || code == RHP_REALLOC_END ||
			     code == RHP_REALLOC_FAIL;
	}
	return 0;
}

/* A window that ends with the beginning of a realloc: its block may be copied now. */
static void note_resizing(struct leak_scan *s, const struct rhp_record *begun)
{
	uintptr_t address = (uintptr_t)rhp_address(begun);
	struct leak_address *a = &s->addresses[slot_of(s, address)];
	if (address && a->address == address)
		a->is_moving = 1;
}

static int take_records(struct leak_scan *s, const struct rhp_record *records, size_t n,
			bool is_window)
{
	const struct rhp_record *begun = NULL;
	uint64_t full_size = 0;
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct rhp_record *record = &records[i];
		switch (rhp_code(record)) {
		case RHP_SIZE:
			full_size = record->c;
			continue;
		case RHP_ALLOC:
		case RHP_FREE:
		case RHP_REALLOC_BEGIN: /* it may be gone already */
		case RHP_REALLOC_END:
		case RHP_REALLOC_FAIL:
			r = take_event(s, record,
				       rhp_size(record) == RHP_SIZE_MAX && full_size
					       ? full_size
					       : rhp_size(record));
			break;
		default: /* a REALLOC_FREE ended at its BEGIN; its stamp has no order */
			break;
		}
		if (rhp_code(record) == RHP_REALLOC_BEGIN)
			begun = record;
		else if (rhp_code(record) >= RHP_REALLOC_END &&
			 rhp_code(record) <= RHP_REALLOC_FREE)
			begun = NULL;
		full_size = 0;
	}
	if (is_window && begun && r == 0)
		note_resizing(s, begun);
	return r;
}

/* All regions of a kind that the file has now. */
static int take_regions(struct leak_scan *s, uint16_t kind, struct rhp_region *buffer)
{
	const struct rhp_file_header *h = rhp_trace_header();
	uint64_t end = __atomic_load_n(&h->file_end, __ATOMIC_ACQUIRE);
	size_t n = (h->region_size - sizeof(*buffer)) / sizeof(struct rhp_record);
	int r = 0;
	for (uint64_t at = h->first_region; at < end && r == 0; at += h->region_size) {
		/* One that is not written yet is one that came later. */
		if (rhp_os_read(rhp_trace_fd(), at, buffer, sizeof(*buffer)) != 0 ||
		    buffer->magic != RHP_REGION_MAGIC || buffer->kind != kind ||
		    buffer->stream == RHP_SCAN_STREAM)
			continue;
		size_t size = kind == RHP_REGION_CHUNK ? (size_t)buffer->used
						       : n * sizeof(struct rhp_record);
		if (size > n * sizeof(struct rhp_record))
			return -EBADMSG;
		r = rhp_os_read(rhp_trace_fd(), at + sizeof(*buffer), buffer + 1, size);
		if (r == 0)
			r = take_records(s, (const struct rhp_record *)(buffer + 1),
					 size / sizeof(struct rhp_record),
					 kind == RHP_REGION_WINDOW);
	}
	return r;
}

/* By address, eight bits at a time: the digits that differ at all. */
static int sort(struct leak_scan *s)
{
	size_t bytes = (s->n_blocks + 1) * sizeof(*s->blocks);
	struct leak_block *from = s->blocks, *to = rhp_os_alloc(bytes);
	if (!to)
		return -ENOMEM;
	for (unsigned shift = 0; shift < 8 * LEAK_WORD; shift += 8) {
		size_t starts[256] = {0}, at = 0;
		for (size_t i = 0; i < s->n_blocks; i++)
			starts[from[i].address >> shift & 255]++;
		if (s->n_blocks && starts[from[0].address >> shift & 255] == s->n_blocks)
			continue;
		for (unsigned d = 0; d < 256; d++) {
			size_t n = starts[d];
			starts[d] = at;
			at += n;
		}
		for (size_t i = 0; i < s->n_blocks; i++)
			to[starts[from[i].address >> shift & 255]++] = from[i];
		struct leak_block *sorted = to;
		to = from;
		from = sorted;
	}
	s->blocks = from;
	rhp_os_release(to, bytes);
	return 0;
}

static int collect(struct leak_scan *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_slots; i++)
		n += s->addresses[i].is_live;
	if (n > UINT32_MAX / 2)
		return -E2BIG;
	s->blocks = rhp_os_alloc((n + 1) * sizeof(*s->blocks));
	if (!s->blocks)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_slots; i++) {
		const struct leak_address *a = &s->addresses[i];
		if (a->is_live)
			s->blocks[s->n_blocks++] =
				(struct leak_block){a->address, a->size, a->begun};
	}
	return 0;
}

/* Where the free of one was not seen, another begins inside it. */
static void part(struct leak_scan *s)
{
	for (size_t i = 0; i + 1 < s->n_blocks; i++) {
		uint64_t room = s->blocks[i + 1].address - s->blocks[i].address;
		if (s->blocks[i].size > room)
			s->blocks[i].size = room;
	}
}

int rhp_leak_read_blocks(struct leak_scan *s)
{
	const struct rhp_file_header *h = rhp_trace_header();
	struct rhp_region *buffer = rhp_os_alloc(h->region_size);
	int r = buffer ? make_room(s) : -ENOMEM;
	if (r == 0)
		r = take_regions(s, RHP_REGION_WINDOW, buffer);
	if (r == 0)
		r = take_regions(s, RHP_REGION_CHUNK, buffer);
	if (buffer)
		rhp_os_release(buffer, h->region_size);
	if (r == 0)
		r = collect(s);
	if (r == 0)
		r = sort(s);
	if (r == 0)
		part(s);
	return r;
}

size_t rhp_leak_blocks_before(const struct leak_scan *s, uintptr_t address)
{
	size_t low = 0, high = s->n_blocks;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->blocks[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
