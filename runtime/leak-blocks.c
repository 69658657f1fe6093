/* SPDX-License-Identifier: MIT */
/*
 * The blocks that were live when memory was copied, from the trace. Of each address the
 * event with the highest stamp says what is there, so events may be taken in whatever
 * order they come, and more than once: first from the windows, then from the chunks,
 * which is where a window goes that other threads fill in the meantime. Chunks that an
 * earlier scan has read are not read again (leak-kept.c).
 */
#include <errno.h>
#include <string.h>

#include "contract/packed.h"
#include "runtime/leak-parts.h"
#include "runtime/machine.h"
#include "runtime/os-file.h"
#include "runtime/os-memory.h"
#include "runtime/trace-file.h"

#define FIRST_SLOTS ((size_t)1 << 16)
#define MAX_TRIES 1000 /* to read a window that is handed over all the time */

static size_t slot_of(const struct leak_scan *s, uintptr_t address, uint32_t family)
{
	size_t i =
		(size_t)(((address >> 4) + family) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
	for (i &= s->n_slots - 1;
	     s->addresses[i].address &&
	     (s->addresses[i].address != address || s->addresses[i].family != family);)
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
			larger[slot_of(s, old[i].address, old[i].family)] = old[i];
	if (n_old)
		rhp_os_release(old, n_old * sizeof(*old));
	return 0;
}

struct leak_address *rhp_leak_address(struct leak_scan *s, uintptr_t address,
				      uint32_t family)
{
	if (make_room(s))
		return NULL;
	struct leak_address *a = &s->addresses[slot_of(s, address, family)];
	s->n_addresses += a->address == 0;
	a->address = address;
	a->family = family;
	return a;
}

static bool is_live(const struct leak_scan *s, const struct leak_address *a)
{
	if (a->address == LEAK_POOLS)
		return false;
	if (!a->is_live || !s->has_families || a->family > RHP_FAMILY_LISTED)
		return a->is_live;
	uint32_t others =
		a->family == RHP_FAMILY_NONE ? RHP_FAMILY_LISTED : RHP_FAMILY_NONE;
	const struct leak_address *other = &s->addresses[slot_of(s, a->address, others)];
	return rhp_leak_is_live(a, other->address ? other : NULL);
}

/* How the records of a region are read. */
struct reading {
	bool is_window; /* they may end in the midst of something */
	bool is_recent; /* the next scan reads them again */
	bool has_later; /* an event came later than memory was copied */
	uint64_t base;
	uint64_t full_size; /* of the event that follows, and its family */
	uint32_t family;
	bool is_of_pool;             /* it is of no block */
	uint32_t high[RHP_N_SHARDS]; /* of stamps, of the last wide event, and 1 */
};

static int take_event(struct leak_scan *s, const struct rhp_packed_event *e,
		      struct reading *reading)
{
	uintptr_t address = (uintptr_t)e->address;
	if (!address)
		return 0;
	if (e->stamp >= s->shared->after[rhp_shard(address)]) {
		reading->has_later = true;
		return 0;
	}
	size_t n = s->n_addresses;
	struct leak_address *a = rhp_leak_address(s, address, reading->family);
	if (!a)
		return -ENOMEM;
	s->has_families |= reading->family != RHP_FAMILY_NONE;
	bool is_first = n != s->n_addresses;
	a->is_recent |= reading->is_recent;
	a->is_moving |= e->stamp >= s->shared->before[rhp_shard(address)];
	if (e->code == RHP_ALLOC || e->code == RHP_REALLOC_END) {
		if (e->size > a->most)
			a->most = e->size;
		if (e->stamp >= a->begun) {
			a->begun = e->stamp;
			a->size = e->size;
			a->is_resized = e->code == RHP_REALLOC_END;
		}
	}
	if (is_first || e->stamp >= a->latest) {
		a->latest = e->stamp;
		a->is_live = e->code == RHP_ALLOC || e->code == RHP_REALLOC_END ||
			     e->code == RHP_REALLOC_FAIL;
	}
	return 0;
}

/* Which blocks ended with a pool, events in whatever order do not tell. */
static int note_pools(struct leak_scan *s, uint32_t family)
{
	struct leak_address *a = rhp_leak_address(s, LEAK_POOLS, family);
	if (!a)
		return -ENOMEM;
	a->is_live = 1;
	return 0;
}

/* Its pool may be; or a declared function resized what malloc gave out, or else a block
 * of its own in that. */
static bool may_be_over(const struct leak_scan *s, const struct leak_address *a)
{
	if (!s->has_families)
		return false;
	if (a->family != RHP_FAMILY_NONE)
		return s->addresses[slot_of(s, LEAK_POOLS, a->family)].address != 0;
	const struct leak_address *listed =
		&s->addresses[slot_of(s, a->address, RHP_FAMILY_LISTED)];
	return listed->is_resized && listed->begun > a->begun;
}

/* A window that ends with the beginning of a realloc: its block may be copied now. */
static void note_resizing(struct leak_scan *s, uintptr_t address)
{
	struct leak_address *a = &s->addresses[slot_of(s, address, RHP_FAMILY_NONE)];
	if (address && a->address == address)
		a->is_moving = 1;
}

/* The whole stamp of an event; false if a record is missing that would say it: the event
 * came later than memory was copied. */
static bool complete(struct rhp_packed_event *e, struct reading *reading)
{
	uint32_t *high = &reading->high[rhp_shard(e->address)];
	if (e->is_wide)
		*high = (uint32_t)(e->stamp >> RHP_STAMP_LOW_BITS) + 1;
	else if (*high == 0)
		return false;
	else
		e->stamp |= (uint64_t)(*high - 1) << RHP_STAMP_LOW_BITS;
	return true;
}

static int take_packed(struct leak_scan *s, const uint64_t *units, uint64_t *begun,
		       struct reading *reading)
{
	struct rhp_packed_event e = rhp_unpack_event(units, reading->base);
	if (!complete(&e, reading)) {
		reading->has_later = true;
		return 0;
	}
	if (e.code == RHP_REALLOC_BEGIN)
		*begun = e.address;
	else if (e.code >= RHP_REALLOC_END)
		*begun = 0;
	if (e.size == RHP_SIZE_MAX && reading->full_size)
		e.size = reading->full_size;
	if (reading->is_of_pool)
		return note_pools(s, reading->family);
	/* A REALLOC_FREE ended at its BEGIN; its stamp has no order. */
	return e.code == RHP_REALLOC_FREE ? 0 : take_event(s, &e, reading);
}

/* What a record says of the event that follows it: nothing, but for SIZE and FAMILY. */
static void look_ahead(const uint64_t *units, struct reading *reading)
{
	unsigned code = units[0] & 255;
	if (code == RHP_SIZE) {
		reading->full_size = rhp_unpack(units).c;
	} else if (code == RHP_FAMILY) {
		uint64_t family = rhp_unpack(units).b;
		reading->family = (uint32_t)rhp_bits(family, 0, RHP_FAMILY_BITS);
		reading->is_of_pool = family >> RHP_FAMILY_BITS & RHP_FAMILY_POOL;
	} else {
		reading->full_size = 0;
		reading->family = RHP_FAMILY_NONE;
		reading->is_of_pool = false;
	}
}

static int take_records(struct leak_scan *s, const uint64_t *units, size_t n,
			struct reading *reading)
{
	uint64_t begun = 0;
	int r = 0;
	uint32_t size;
	memset(reading->high, 0, sizeof(reading->high));
	reading->full_size = 0;
	reading->family = RHP_FAMILY_NONE;
	for (size_t i = 0; i < n && r == 0; i += size ? size : 1) {
		size = rhp_units_of_whole(&units[i], n - i);
		if (size == 0) {
			/* What follows may build on what is missing here. */
			if (i == 0 || units[i - 1] != 0 || units[i] != 0)
				memset(reading->high, 0, sizeof(reading->high));
			reading->family = RHP_FAMILY_NONE;
			continue;
		}
		if (rhp_is_packed_event(units[i]))
			r = take_packed(s, &units[i], &begun, reading);
		look_ahead(&units[i], reading);
	}
	if (reading->is_window && begun && r == 0)
		note_resizing(s, (uintptr_t)begun);
	return r;
}

/* The header of a region; false: it is not written yet. */
static bool read_header(uint64_t at, struct rhp_region *head)
{
	at += rhp_trace_header()->head_offset;
	return rhp_os_read(rhp_trace_fd(), at, head, sizeof(*head)) == 0 &&
	       head->magic == RHP_REGION_MAGIC;
}

/* The units of the region that has this header. A window may be handed over meanwhile:
 * its records are in a chunk then, and the header becomes that of the next buffer. */
static int read_units(uint64_t at, struct rhp_region *head, uint64_t *units, size_t size)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		struct rhp_region after;
		int r = rhp_os_read(rhp_trace_fd(), at, units, size);
		if (r || !read_header(at, &after))
			return r ? r : -EBADMSG;
		if (after.sequence == head->sequence)
			return 0;
		*head = after;
	}
	return -EAGAIN;
}

/* The records of the region that has this header, by way of the buffer. */
static int take_region(struct leak_scan *s, uint64_t at, struct rhp_region *head,
		       uint64_t *buffer, struct reading *reading)
{
	size_t room = rhp_trace_header()->head_offset;
	size_t size = reading->is_window ? room : (size_t)head->used;
	if (size > room)
		return -EBADMSG;
	int r = read_units(at, head, buffer, size);
	reading->base = head->base;
	return r ? r : take_records(s, buffer, size / sizeof(*buffer), reading);
}

static bool is_known_window(const struct leak_scan *s, uint64_t at)
{
	for (size_t i = 0; i < s->n_windows; i++)
		if (s->windows[i] == at)
			return true;
	return false;
}

/* Those that are known, and those that came since. */
static int take_windows(struct leak_scan *s, uint64_t end, uint64_t *buffer,
			struct reading *reading)
{
	struct rhp_region head;
	uint64_t region_size = rhp_trace_header()->region_size;
	int r = 0;
	reading->is_window = reading->is_recent = true;
	for (uint64_t at = s->passed; at < end && r == 0; at += region_size) {
		if (!read_header(at, &head) || head.kind != RHP_REGION_WINDOW ||
		    is_known_window(s, at))
			continue;
		r = rhp_leak_grow((void **)&s->windows, s->n_windows, &s->n_windows_max,
				  sizeof(*s->windows));
		if (r == 0)
			s->windows[s->n_windows++] = at;
	}
	for (size_t i = 0; i < s->n_windows && r == 0; i++)
		if (read_header(s->windows[i], &head))
			r = take_region(s, s->windows[i], &head, buffer, reading);
	return r;
}

/* All that come next, as long as there is nothing that must be read once more. */
static int take_chunks(struct leak_scan *s, uint64_t end, uint64_t *buffer,
		       struct reading *reading)
{
	struct rhp_region head;
	uint64_t region_size = rhp_trace_header()->region_size;
	int r = 0;
	reading->is_window = reading->is_recent = reading->has_later = false;
	for (uint64_t at = s->passed; at < end && r == 0; at += region_size) {
		/* One that is not written yet is one that came later. */
		if (!read_header(at, &head))
			reading->is_recent = true;
		else if (head.kind == RHP_REGION_WINDOW)
			reading->is_recent |= !is_known_window(s, at);
		else if (head.stream != RHP_SCAN_STREAM)
			r = take_region(s, at, &head, buffer, reading);
		if (r == 0 && reading->has_later && !reading->is_recent) {
			reading->is_recent = true;
			r = take_region(s, at, &head, buffer, reading);
		}
		if (!reading->is_recent)
			s->passed = at + region_size;
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
		n += is_live(s, &s->addresses[i]);
	if (n > UINT32_MAX / 2)
		return -E2BIG;
	s->blocks = rhp_os_alloc((n + 1) * sizeof(*s->blocks));
	if (!s->blocks)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_slots; i++) {
		const struct leak_address *a = &s->addresses[i];
		if (is_live(s, a))
			s->blocks[s->n_blocks++] = (struct leak_block){
				a->address, a->size, may_be_over(s, a), a->begun,
				a->family};
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

static uint64_t end_of_trace(const struct rhp_file_header *h)
{
	return __atomic_load_n(&h->file_end, __ATOMIC_ACQUIRE);
}

int rhp_leak_read_blocks(struct leak_scan *s)
{
	const struct rhp_file_header *h = rhp_trace_header();
	uint64_t *buffer = rhp_os_alloc(h->head_offset);
	struct reading *reading = rhp_os_alloc(sizeof(*reading));
	int r = buffer && reading ? make_room(s) : -ENOMEM;
	s->passed = s->passed ? s->passed : h->first_region;
	if (r == 0)
		r = take_windows(s, end_of_trace(h), buffer, reading);
	if (r == 0)
		r = take_chunks(s, end_of_trace(h), buffer, reading);
	if (buffer)
		rhp_os_release(buffer, h->head_offset);
	if (reading)
		rhp_os_release(reading, sizeof(*reading));
	if (r == 0)
		r = collect(s);
	if (r == 0)
		r = sort(s);
	if (r == 0 && s->has_families)
		rhp_leak_leave_inner(s);
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
