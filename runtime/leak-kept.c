/* SPDX-License-Identifier: MIT */
/*
 * What a scan leaves to the next one of the same trace, in memory that the program shares
 * with its children: so a program that looks for leaks again and again pays for what is
 * live, and for what happened since, not for all that was ever recorded.
 *
 * These are the addresses that are live; and of all others where blocks were, as extents
 * that are joined where nothing but what the allocator has between blocks is between
 * them. An address that is not live stays as it is while the next scan reads an event of
 * it once more (is_recent), from a window that is not full: its first event without its
 * last would make it live. Events of an address become readable in their order, for
 * whoever frees a block has got it from somebody who had recorded it.
 */
#include <errno.h>
#include <string.h>

#include "runtime/leak-parts.h"
#include "runtime/os-memory.h"

#define GAP LEAK_GRANULE /* at the most, of the allocator's, between two blocks */

struct leak_kept {
	uint32_t is_valid;
	uint64_t passed;
	uint64_t n_windows, n_addresses, n_dead; /* which follow */
};

static void *after(const struct leak_kept *kept)
{
	return (void *)(uintptr_t)(kept + 1);
}

int rhp_leak_take_kept(struct leak_scan *s)
{
	const struct leak_kept *kept = s->shared->kept;
	if (!kept || !__atomic_load_n(&kept->is_valid, __ATOMIC_ACQUIRE))
		return 0;
	const uint64_t *windows = after(kept);
	const struct leak_address *addresses = (const void *)(windows + kept->n_windows);
	const struct leak_dead *dead = (const void *)(addresses + kept->n_addresses);
	s->passed = kept->passed;
	for (uint64_t i = 0; i < kept->n_windows; i++) {
		if (rhp_leak_grow((void **)&s->windows, s->n_windows, &s->n_windows_max,
				  sizeof(*s->windows)))
			return -ENOMEM;
		s->windows[s->n_windows++] = windows[i];
	}
	for (uint64_t i = 0; i < kept->n_addresses; i++) {
		struct leak_address *a =
			rhp_leak_address(s, addresses[i].address, addresses[i].family);
		if (!a)
			return -ENOMEM;
		*a = addresses[i];
		s->has_families |= a->family != RHP_FAMILY_NONE;
	}
	for (uint64_t i = 0; i < kept->n_dead; i++) {
		if (rhp_leak_grow((void **)&s->dead, s->n_dead, &s->n_dead_max,
				  sizeof(*s->dead)))
			return -ENOMEM;
		s->dead[s->n_dead++] = dead[i];
	}
	return 0;
}

static int add_dead(struct leak_scan *s, const struct leak_address *a)
{
	int r = rhp_leak_grow((void **)&s->dead, s->n_dead, &s->n_dead_max,
			      sizeof(*s->dead));
	if (r == 0)
		s->dead[s->n_dead++] = (struct leak_dead){
			a->address, a->address + (a->most ? (uintptr_t)a->most : 1),
			a->most >= LEAK_LARGE};
	return r;
}

static void sift(struct leak_dead *heap, size_t n, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		child += child + 1 < n && heap[child + 1].start > heap[child].start;
		if (heap[i].start >= heap[child].start)
			return;
		struct leak_dead moved = heap[i];
		heap[i] = heap[child];
		heap[child] = moved;
	}
}

/* By address, in place. */
static void sort_dead(struct leak_dead *dead, size_t n)
{
	for (size_t i = n / 2; i > 0; i--)
		sift(dead, n, i - 1);
	for (size_t last = n; last > 1; last--) {
		struct leak_dead first = dead[0];
		dead[0] = dead[last - 1];
		dead[last - 1] = first;
		sift(dead, last - 1, 0);
	}
}

static void join_dead(struct leak_scan *s)
{
	size_t n = 0;
	sort_dead(s->dead, s->n_dead);
	for (size_t i = 0; i < s->n_dead; i++) {
		const struct leak_dead *d = &s->dead[i];
		struct leak_dead *last = n ? &s->dead[n - 1] : NULL;
		uintptr_t end = last ? (last->end + LEAK_GRANULE - 1) &
						~(uintptr_t)(LEAK_GRANULE - 1)
				     : 0;
		if (!last || last->is_large != d->is_large || d->start > end + GAP)
			s->dead[n++] = *d;
		else if (d->end > last->end)
			last->end = d->end;
	}
	s->n_dead = n;
}

static bool stays(const struct leak_address *a)
{
	return a->address && (a->is_live || a->is_recent);
}

/* How many stay; the others become extents. -ENOMEM: they do not. */
static int64_t divide(struct leak_scan *s)
{
	int64_t n = 0;
	for (size_t i = 0; i < s->n_slots; i++) {
		const struct leak_address *a = &s->addresses[i];
		if (a->address && !stays(a) && add_dead(s, a))
			return -ENOMEM;
		n += stays(a);
	}
	join_dead(s);
	return n;
}

void rhp_leak_keep(struct leak_scan *s)
{
	struct leak_kept *kept = s->shared->kept;
	if (!kept || !s->shared->is_asked)
		return;
	__atomic_store_n(&kept->is_valid, 0, __ATOMIC_RELEASE);
	int64_t n = divide(s);
	if (n < 0 || sizeof(*kept) + s->n_windows * sizeof(*s->windows) +
				     (uint64_t)n * sizeof(*s->addresses) +
				     s->n_dead * sizeof(*s->dead) >
			     LEAK_KEPT_SIZE)
		return;
	uint64_t *windows = after(kept);
	struct leak_address *addresses = (void *)(windows + s->n_windows);
	memcpy(windows, s->windows, s->n_windows * sizeof(*windows));
	for (size_t i = 0; i < s->n_slots; i++)
		if (stays(&s->addresses[i])) {
			*addresses = s->addresses[i];
			addresses->is_moving = addresses->is_recent = 0;
			addresses++;
		}
	memcpy(addresses, s->dead, s->n_dead * sizeof(*s->dead));
	kept->passed = s->passed;
	kept->n_windows = s->n_windows;
	kept->n_addresses = (uint64_t)n;
	kept->n_dead = s->n_dead;
	__atomic_store_n(&kept->is_valid, 1, __ATOMIC_RELEASE);
}
