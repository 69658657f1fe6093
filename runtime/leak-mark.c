/* SPDX-License-Identifier: MIT */
/*
 * From the roots through the live blocks. A block that a pointer to its start leads to is
 * reachable, one that only pointers into its middle lead to, possibly lost, and so is
 * what only such blocks point to. What is left is lost: indirectly, what another lost one
 * leads to, and of those that lead to each other all but one. Kinds are those of
 * Valgrind's manual, and so is which lost block another one hangs below: of several that
 * lead to it the one with the lowest address. Each block is looked into twice at the
 * most.
 */
#include <errno.h>

#include "runtime/leak-parts.h"
#include "runtime/machine.h"
#include "runtime/os-memory.h"

#define NO_BLOCK SIZE_MAX

static bool is_readable(const struct leak_scan *s, uintptr_t at)
{
	const struct leak_region *r = rhp_leak_region(s, at);
	return r && at % LEAK_WORD == 0 && leak_is_present(r, at);
}

/* An array of no elements that have a destructor: C++ keeps their number, and the program
 * a pointer to where the first would be, which is the end of the block. */
static bool is_empty_array(const struct leak_scan *s, const struct leak_block *b,
			   uintptr_t word)
{
	return b->size == LEAK_WORD && word == b->address + LEAK_WORD &&
	       is_readable(s, b->address) && leak_word(b->address) == 0;
}

/* The block that a word points into. */
static size_t find_block(const struct leak_scan *s, uintptr_t word)
{
	const struct leak_region *r = rhp_leak_region(s, word);
	size_t low = 0, high = s->n_blocks;
	if (r && !r->is_heap)
		return NO_BLOCK;
	/* Where nothing was ever written a block may be, too. */
	if (r && r->first) {
		size_t page = (word - r->start) / LEAK_PAGE;
		low = r->first[page];
		high = r->first[page + 1];
	}
	/* The last one that begins at the word or before it. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->blocks[middle].address <= word)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NO_BLOCK;
	const struct leak_block *b = &s->blocks[low - 1];
	return word - b->address < (b->size ? b->size : 1) || is_empty_array(s, b, word)
		       ? low - 1
		       : NO_BLOCK;
}

/* C++ keeps the number of an array's elements before it, and points to the first. Where
 * these are aligned by more than a word there is a gap before the number. */
static bool is_start(const struct leak_scan *s, const struct leak_block *b,
		     uintptr_t word)
{
	uintptr_t offset = word - b->address;
	if (offset == 0)
		return true;
	if (offset < LEAK_WORD || offset > LEAK_PAGE || (offset & (offset - 1)) != 0 ||
	    !is_readable(s, word - LEAK_WORD))
		return false;
	uintptr_t n = leak_word(word - LEAK_WORD), rest = (uintptr_t)b->size - offset;
	if (rest == 0 || n == 0)
		return is_empty_array(s, b, word);
	return n <= rest && rest % n == 0 &&
	       (offset == LEAK_WORD || rest / n % offset == 0);
}

/* The word at `at` was found in something of this kind; `from` is the lost block that all
 * began with, which what it points to does not make less lost. A block stays with the
 * first that leads to it. */
static void visit_word(struct leak_scan *s, uintptr_t at, uintptr_t word,
		       enum rhp_leak_kind kind, size_t from)
{
	word = rhp_untagged(word);
	if (word < s->blocks[0].address)
		return;
	size_t i = find_block(s, word);
	if (i == NO_BLOCK || i == from)
		return;
	if (kind == RHP_LEAK_REACHABLE && !is_start(s, &s->blocks[i], word))
		kind = RHP_LEAK_POSSIBLE;
	if (s->take_pointer) {
		s->take_pointer(s, at, i, kind == RHP_LEAK_POSSIBLE);
		return;
	}
	if (s->kinds[i] >= kind)
		return;
	s->kinds[i] = (uint8_t)kind;
	if (kind == RHP_LEAK_INDIRECT && s->owners[i] == i)
		s->owners[i] = (uint32_t)from;
	s->queue[s->n_queued++] = (uint32_t)i;
}

/* Also where nothing was mapped yet when memory was copied. */
static void visit_block(struct leak_scan *s, uintptr_t address)
{
	size_t i = rhp_leak_blocks_before(s, address);
	if (i == s->n_blocks || s->blocks[i].address != address)
		return;
	if (s->take_pointer) {
		s->take_pointer(s, LEAK_AT_MOVING, i, false);
		return;
	}
	if (s->kinds[i] == RHP_LEAK_REACHABLE)
		return;
	s->kinds[i] = RHP_LEAK_REACHABLE;
	s->queue[s->n_queued++] = (uint32_t)i;
}

static void visit_words(struct leak_scan *s, uintptr_t at, uintptr_t end,
			enum rhp_leak_kind kind, size_t from)
{
	for (; end - at >= LEAK_WORD && at < end; at += LEAK_WORD)
		visit_word(s, at, leak_word(at), kind, from);
}

/* Of a range, what is mapped and was written. */
static void visit_range(struct leak_scan *s, uintptr_t at, uintptr_t end,
			enum rhp_leak_kind kind, size_t from)
{
	const struct leak_region *r = NULL;
	for (uintptr_t stop; at < end; at = stop) {
		if (!r || at >= r->end)
			r = rhp_leak_next_region(s, at);
		if (!r)
			break;
		at = at < r->start ? r->start : leak_skip_absent(r, at);
		stop = at;
		if (at >= r->end || at >= end)
			continue;
		uintptr_t left = LEAK_PAGE - at % LEAK_PAGE;
		stop = left < end - at ? at + left : end;
		if (leak_is_present(r, at))
			visit_words(s, at, stop, kind, from);
	}
}

static void look_into(struct leak_scan *s, size_t i, enum rhp_leak_kind kind, size_t from)
{
	const struct leak_block *b = &s->blocks[i];
	uintptr_t start = (b->address + LEAK_WORD - 1) & ~(LEAK_WORD - 1);
	uintptr_t end = (b->address + (uintptr_t)b->size) & ~(LEAK_WORD - 1);
	visit_range(s, start, end, kind, from);
}

void rhp_leak_visit_block(struct leak_scan *s, size_t i)
{
	look_into(s, i, RHP_LEAK_REACHABLE, i);
}

static void drain(struct leak_scan *s, size_t from)
{
	while (s->n_queued > 0) {
		uint32_t i = s->queue[--s->n_queued];
		look_into(s, i, s->kinds[i], from);
	}
}

/* Or perhaps: `other` is what the region says of it. */
static bool is_of_other_allocator(const struct leak_scan *s, const struct leak_region *r,
				  bool other, uintptr_t at)
{
	return other && !rhp_leak_stack(s, at) && !rhp_leak_is_data(s, r, at);
}

/*
 * Free lists of glibc's malloc name a free piece by the two words before it, of which the
 * first may be the last of the block in front. Pieces that were never part of a block
 * have such lists in them, and old ones that point anywhere. Where all blocks are known
 * there is nothing else behind the first of them; but behind the end of the program's
 * data it may have memory of its own, so a pointer to the start of a block counts there.
 */
static bool is_of_free_list(const struct leak_scan *s, const struct leak_region *r,
			    uintptr_t at, uintptr_t word)
{
	size_t i = find_block(s, word);
	if (i == NO_BLOCK)
		return false;
	bool is_start = word == s->blocks[i].address, knows_all = s->shared->knows_all;
	size_t first = rhp_leak_blocks_before(s, r->map_start);
	bool is_behind = first < s->n_blocks && s->blocks[first].address < at;
	if (knows_all && is_behind && (r->is_arena || !is_start))
		return true;
	if (knows_all && is_of_other_allocator(s, r, r->is_other, at) &&
	    (is_behind || !r->is_brk))
		return true;
	if (is_start)
		return false;
	uintptr_t offset = word - s->blocks[i].address;
	return offset % LEAK_GRANULE == 0 && offset + LEAK_WORD >= s->blocks[i].size;
}

static void visit_granule(struct leak_scan *s, const struct leak_region *r, uintptr_t at,
			  uintptr_t end)
{
	if (!leak_is_present(r, at))
		return;
	bool is_doubtful = (r->is_other && !r->is_brk) || r->is_doubtful;
	enum rhp_leak_kind kind = is_of_other_allocator(s, r, is_doubtful, at)
					  ? RHP_LEAK_POSSIBLE
					  : RHP_LEAK_REACHABLE;
	for (; at < end; at += LEAK_WORD)
		if (!is_of_free_list(s, r, at, leak_word(at)))
			visit_word(s, at, leak_word(at), kind, NO_BLOCK);
}

/* Of a heap, what was never of a block. */
static void visit_uncovered(struct leak_scan *s, const struct leak_region *r,
			    uintptr_t at, uintptr_t end)
{
	for (uintptr_t stop; at < end; at = stop) {
		size_t i = (at - r->start) / LEAK_GRANULE;
		stop = r->start + (i + 1) * LEAK_GRANULE;
		if (i % 64 == 0 && r->covered[i / 64] == ~UINT64_C(0))
			stop = r->start + (i + 64) * LEAK_GRANULE;
		else if (!(r->covered[i / 64] >> i % 64 & 1))
			visit_granule(s, r, at, stop < end ? stop : end);
	}
}

static void visit_part(struct leak_scan *s, const struct leak_region *r, uintptr_t at,
		       uintptr_t end)
{
	if (r->is_covered)
		return;
	if (r->covered)
		visit_uncovered(s, r, at, end);
	else
		visit_range(s, at, end, RHP_LEAK_REACHABLE, NO_BLOCK);
	drain(s, NO_BLOCK);
}

/* Both lists are by address, and extents may overlap. */
static void visit_region(struct leak_scan *s, const struct leak_region *r)
{
	uintptr_t at = r->start;
	for (size_t i = 0; i < s->n_excluded && at < r->end; i++) {
		const struct leak_extent *e = &s->excluded[i];
		if (e->end <= at)
			continue;
		if (e->start >= r->end)
			break;
		if (e->start > at)
			visit_part(s, r, at, e->start);
		at = (e->end + LEAK_WORD - 1) & ~(LEAK_WORD - 1);
	}
	if (at < r->end)
		visit_part(s, r, at, r->end);
}

/*
 * Whoever gets, resizes or frees a block has its pointer, in a register perhaps, and may
 * have had it when memory was copied: such blocks are reachable, and what they were then
 * counts, live or not. In a graph what they point to is theirs if they are live.
 */
static void visit_moving(struct leak_scan *s)
{
	for (size_t i = 0; i < s->n_slots; i++) {
		const struct leak_address *a = &s->addresses[i];
		if (!a->address || !a->is_moving)
			continue;
		visit_block(s, a->address);
		if (s->take_pointer && a->is_live)
			continue;
		visit_range(s, (a->address + LEAK_WORD - 1) & ~(LEAK_WORD - 1),
			    (a->address + (uintptr_t)a->size) & ~(LEAK_WORD - 1),
			    RHP_LEAK_REACHABLE, NO_BLOCK);
		drain(s, NO_BLOCK);
	}
}

void rhp_leak_visit_roots(struct leak_scan *s)
{
	for (size_t i = 0; i < s->n_regions; i++)
		visit_region(s, &s->regions[i]);
	for (uint32_t i = 0; i < s->shared->n_words; i++)
		visit_word(s, LEAK_AT_WORD, s->shared->words[i], RHP_LEAK_REACHABLE,
			   NO_BLOCK);
	drain(s, NO_BLOCK);
	/* A stack that is a block is used, whatever points to it. */
	for (uint32_t i = 0; i < s->shared->n_threads; i++) {
		size_t b = find_block(s, s->shared->threads[i].sp);
		if (b != NO_BLOCK)
			visit_word(s, LEAK_AT_WORD, s->blocks[b].address,
				   RHP_LEAK_REACHABLE, NO_BLOCK);
	}
	size_t b = find_block(s, s->shared->stack);
	if (b != NO_BLOCK)
		visit_word(s, LEAK_AT_WORD, s->blocks[b].address, RHP_LEAK_REACHABLE,
			   NO_BLOCK);
	drain(s, NO_BLOCK);
	visit_moving(s);
}

static void lose(struct leak_scan *s, size_t i)
{
	s->kinds[i] = RHP_LEAK_DEFINITE;
	look_into(s, i, RHP_LEAK_INDIRECT, i);
	drain(s, i);
}

/*
 * Once from each that none before it leads to. Then the other way round from these: a
 * later one may lead to an earlier one, but not the reverse, or it would not be one of
 * them. So those that are left are led to by none.
 */
static void mark_lost(struct leak_scan *s, uint32_t *heads)
{
	size_t n_heads = 0;
	for (size_t i = 0; i < s->n_blocks; i++) {
		if (s->kinds[i] != RHP_LEAK_UNKNOWN)
			continue;
		heads[n_heads++] = (uint32_t)i;
		lose(s, i);
	}
	for (size_t i = 0; i < s->n_blocks; i++)
		if (s->kinds[i] < RHP_LEAK_POSSIBLE)
			s->kinds[i] = RHP_LEAK_UNKNOWN;
	for (size_t i = n_heads; i > 0; i--)
		if (s->kinds[heads[i - 1]] == RHP_LEAK_UNKNOWN)
			lose(s, heads[i - 1]);
	/* One that a later one led to hands on what hangs below it. */
	for (size_t i = n_heads; i > 0; i--)
		s->owners[heads[i - 1]] = s->owners[s->owners[heads[i - 1]]];
	for (size_t i = 0; i < s->n_blocks; i++)
		s->owners[i] = s->owners[s->owners[i]];
}

int rhp_leak_mark(struct leak_scan *s)
{
	struct rhp_leak_counts *counts = &s->shared->counts;
	s->kinds = rhp_os_alloc(s->n_blocks + 1);
	s->owners = rhp_os_alloc((s->n_blocks + 1) * sizeof(*s->owners));
	s->queue = rhp_os_alloc((2 * s->n_blocks + 1) * sizeof(*s->queue));
	uint32_t *heads = rhp_os_alloc((s->n_blocks + 1) * sizeof(*heads));
	if (!s->kinds || !s->owners || !s->queue || !heads)
		return -ENOMEM;
	if (s->n_blocks == 0)
		return 0;
	for (size_t i = 0; i < s->n_blocks; i++)
		s->owners[i] = (uint32_t)i;
	rhp_leak_visit_roots(s);
	mark_lost(s, heads);
	for (size_t i = 0; i < s->n_blocks; i++) {
		counts->blocks[s->kinds[i]]++;
		counts->bytes[s->kinds[i]] += s->blocks[i].size;
	}
	return 0;
}
