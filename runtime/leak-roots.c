/* SPDX-License-Identifier: MIT */
/*
 * Where pointers count: in all that is mapped and was written, but not in memory that
 * the allocator has back, nor in the allocator's own lists, nor on stacks of threads
 * that are gone, nor on the free part of those that live. The allocator is the
 * program's own, so its structures are found by what they look like:
 *
 * glibc's malloc_state has 127 pairs of words, its bins: the two ends of a list of which
 * the bin itself, two words before the pair, is an element. The last is always empty.
 * Whatever looks so in part is the program's. glibc's thread descriptor begins
 * with its own address, and has it again two words later; its thread lives if its number
 * is in it; its stack is a page, a size and the size of the guard in it. Where the number
 * was there is 0 of a thread that has ended, and -1 once it was joined; a detached one
 * has the descriptor's address once more. The function that it began with comes behind
 * its result.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "runtime/leak-parts.h"
#include "runtime/machine.h"
#include "runtime/os-memory.h"
#include "runtime/trace-file.h"
#include "runtime/tracker.h"

#define N_BINS 254      /* words */
#define N_BEFORE 2      /* top, last remainder */
#define N_FAST_BINS 10  /* before these, up to glibc 2.42 */
#define FLAGS_SIZE 8    /* what glibc 2.43 has before top */
#define BIN_MAP_SIZE 16 /* behind the bins, before the address of the next arena */
#define MOST_ARENAS 4096
#define DESCRIPTOR_ALIGNMENT 64
#define MOST_GUARD ((size_t)1 << 20)
/* Arenas of threads are parts of heaps that are aligned by this much. */
#define ARENA_ALIGNMENT ((uintptr_t)1 << (LEAK_WORD == 8 ? 26 : 20))

/* glibc has this function, from 2.35 on. */
#ifdef DLFO_STRUCT_HAS_EH_DBASE
extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));
#define IS_GLIBC (_dl_find_object != NULL)
#else
#define IS_GLIBC false
#endif

/* What other allocators take is aligned by a huge page, their lists, too. */
#define OTHER_ALIGNMENT ((uintptr_t)1 << 21)

static int exclude(struct leak_scan *s, uintptr_t start, uintptr_t end)
{
	int r = rhp_leak_grow((void **)&s->excluded, s->n_excluded, &s->n_excluded_max,
			      sizeof(*s->excluded));
	if (r == 0 && start < end)
		s->excluded[s->n_excluded++] = (struct leak_extent){start, end};
	return r;
}

static int exclude_ours(void *context, const void *start, size_t size)
{
	return exclude(context, (uintptr_t)start, (uintptr_t)start + size);
}

static bool can_read(const struct leak_region *r, uintptr_t start, uintptr_t end)
{
	if (start < r->start || end > r->end || start > end)
		return false;
	for (uintptr_t at = start; at < end; at += LEAK_PAGE - at % LEAK_PAGE)
		if (!leak_is_present(r, at))
			return false;
	return true;
}

/* A pair of words that point before themselves. */
static bool is_empty_bin(uintptr_t at)
{
	return leak_word(at) == at - 2 * LEAK_WORD &&
	       leak_word(at + LEAK_WORD) == at - 2 * LEAK_WORD;
}

static bool is_word(const struct leak_scan *s, uintptr_t at, uintptr_t word)
{
	const struct leak_region *r = rhp_leak_region(s, at);
	return r && at % LEAK_WORD == 0 && can_read(r, at, at + LEAK_WORD) &&
	       leak_word(at) == word;
}

/* The first piece of its list, or the last one, points back; while another thread changes
 * the list one of them does. */
static bool is_bin(const struct leak_scan *s, uintptr_t at)
{
	uintptr_t bin = at - 2 * LEAK_WORD;
	return is_empty_bin(at) || is_word(s, leak_word(at) + 3 * LEAK_WORD, bin) ||
	       is_word(s, leak_word(at + LEAK_WORD) + 2 * LEAK_WORD, bin);
}

/* Arenas are a ring: one of them has the address of the structure of these bins, which
 * begins there if there are no fast bins in it. */
static bool has_fast_bins(const struct leak_scan *s, uintptr_t bins)
{
	uintptr_t begin = bins - N_BEFORE * LEAK_WORD - FLAGS_SIZE, arena = begin;
	uintptr_t offset = bins + N_BINS * LEAK_WORD + BIN_MAP_SIZE - begin;
	for (int i = 0; i < MOST_ARENAS; i++) {
		const struct leak_region *r = rhp_leak_region(s, arena + offset);
		if (!r || arena % LEAK_WORD != 0 ||
		    !can_read(r, arena + offset, arena + offset + LEAK_WORD))
			return true;
		arena = leak_word(arena + offset);
		if (arena == begin)
			return false;
	}
	return true;
}

/* If this is the last bin: what belongs to the structure is no pointer of the program. */
static int exclude_arena(struct leak_scan *s, struct leak_region *r, uintptr_t last)
{
	uintptr_t bins = last - (N_BINS - 2) * LEAK_WORD;
	uintptr_t start = bins - N_BEFORE * LEAK_WORD;
	if (!can_read(r, start, last + 4 * LEAK_WORD) ||
	    is_empty_bin(last + 2 * LEAK_WORD))
		return 0;
	for (uintptr_t at = bins; at <= last; at += 2 * LEAK_WORD)
		if (!is_bin(s, at))
			return 0;
	/* mallopt and malloc_trim make one, whose top, which is the first word here, lies
	 * in itself until it is used. */
	s->has_arena |= leak_word(start) != start;
	r->is_arena |=
		r->map_start % ARENA_ALIGNMENT == 0 && last - r->map_start < LEAK_PAGE;
	if (has_fast_bins(s, bins) && can_read(r, start - N_FAST_BINS * LEAK_WORD, start))
		start -= N_FAST_BINS * LEAK_WORD;
	return exclude(s, start, last + 2 * LEAK_WORD);
}

static bool lives(const struct leak_scan *s, uint32_t tid)
{
	if (tid == 0 || tid == (uint32_t)s->shared->calling_tid)
		return tid != 0;
	for (size_t i = 0; i < s->shared->n_threads; i++)
		if (tid == (uint32_t)s->shared->threads[i].tid)
			return true;
	return false;
}

/* The number of the thread if it lives, or 0. Where a descriptor has it is known with
 * glibc. Elsewhere it begins a word: the upper halves of addresses look like numbers. */
static int find_thread(const struct leak_scan *s, struct leak_extent descriptor)
{
	uintptr_t at = descriptor.start + (s->tid_offset ? s->tid_offset : LEAK_WORD);
	for (; at + LEAK_WORD <= descriptor.end; at += LEAK_WORD) {
		uint32_t tid = *(const uint32_t *)at;
		if (lives(s, tid))
			return (int)tid;
		if (s->tid_offset)
			break;
	}
	return 0;
}

/* Where a stack begins, of which libc notes the start and the size of its guard; or 0.
 * The guard is a mapping of its own, which cannot be read; or since glibc 2.42 and Linux
 * 6.13, which libc does not note, a part of the stack's. One that the program gave has
 * none. */
static uintptr_t pass_guard(const struct leak_scan *s, const struct leak_region *r,
			    uintptr_t start, uintptr_t guard)
{
	if (start < r->map_start)
		return r->map_start - start <= MOST_GUARD ? r->map_start : 0;
	if (guard == 0 || guard > MOST_GUARD || guard % LEAK_PAGE != 0 ||
	    guard >= r->map_end - start)
		return 0;
	for (uintptr_t at = start; at < start + guard; at += LEAK_PAGE) {
		const struct leak_region *piece = rhp_leak_region(s, at);
		if (piece && leak_is_present(piece, at))
			return 0;
	}
	return start + guard;
}

/* The stack that the descriptor lies at the end of; false: it has none of libc's. Those
 * of several threads may be one mapping. */
static bool find_stack(const struct leak_scan *s, const struct leak_region *r,
		       struct leak_extent descriptor, struct leak_extent *stack)
{
	for (uintptr_t at = descriptor.start; at < descriptor.end - 2 * LEAK_WORD;
	     at += LEAK_WORD) {
		uintptr_t start = leak_word(at), end = start + leak_word(at + LEAK_WORD);
		if ((start | end) % LEAK_PAGE != 0 || start >= descriptor.start ||
		    end <= descriptor.start || end > r->map_end)
			continue;
		uintptr_t low = pass_guard(s, r, start, leak_word(at + 2 * LEAK_WORD));
		if (low && low < descriptor.start) {
			*stack = (struct leak_extent){low, end};
			return true;
		}
	}
	return false;
}

static bool is_own_number(const struct leak_scan *s, uintptr_t at)
{
	const struct leak_region *r = rhp_leak_region(s, at);
	return r && at % sizeof(uint32_t) == 0 &&
	       can_read(r, at, at + sizeof(uint32_t)) &&
	       *(const uint32_t *)at == (uint32_t)s->shared->calling_tid;
}

/*
 * Where a descriptor has the thread's number; or 0. The kernel clears it when a thread of
 * glibc's ends, and so it knows where that of the calling thread is. It is only looked
 * for where the kernel does not say, for others may be found: a guard's size is 4096, and
 * a process in a container has number 1.
 */
static uintptr_t find_tid(const struct leak_scan *s)
{
	uintptr_t start = s->shared->calling_descriptor;
	uintptr_t offset = s->shared->calling_tid_address - start;
	if (!is_word(s, start, start))
		return 0;
	if (offset > 0 && offset < LEAK_DESCRIPTOR && is_own_number(s, start + offset))
		return offset;
	for (offset = LEAK_WORD; offset < LEAK_DESCRIPTOR; offset += LEAK_WORD)
		if (is_own_number(s, start + offset))
			return offset;
	return 0;
}

static bool is_detached(struct leak_extent descriptor)
{
	uintptr_t at = descriptor.start + 3 * LEAK_WORD;
	for (; at + LEAK_WORD <= descriptor.end; at += LEAK_WORD)
		if (leak_word(at) == descriptor.start)
			return true;
	return false;
}

/* The result of a thread that has ended is the program's until it is joined. */
static void keep_result(struct leak_scan *s, struct leak_extent descriptor)
{
	size_t policy = 2 * sizeof(int);
	uintptr_t tid = descriptor.start + s->tid_offset;
	uintptr_t at = (tid & ~(LEAK_WORD - 1)) + 2 * LEAK_WORD;
	if (s->tid_offset == 0 || *(const uint32_t *)tid != 0 || is_detached(descriptor))
		return;
	for (; at + LEAK_WORD <= descriptor.end; at += LEAK_WORD) {
		const struct leak_region *r = rhp_leak_region(s, leak_word(at));
		if (r && r->is_code) {
			leak_add_word(s->shared, leak_word(at - policy - LEAK_WORD));
			return;
		}
	}
}

/* The second word is libc's pointer to the thread's list of variables, behind the first
 * of its elements; libc keeps it for the next thread when this one is gone. */
static void keep_variables(struct leak_scan *s, uintptr_t descriptor)
{
	leak_add_word(s->shared, leak_word(descriptor + LEAK_WORD) - 2 * LEAK_WORD);
}

static int take_descriptor(struct leak_scan *s, struct leak_region *r, uintptr_t at)
{
	uintptr_t left = r->end - at;
	struct leak_extent stack,
		descriptor = {at, at + (left < LEAK_DESCRIPTOR ? left : LEAK_DESCRIPTOR)};
	keep_variables(s, at);
	int tid = can_read(r, at, descriptor.end) ? find_thread(s, descriptor) : -1;
	if (tid < 0 || !find_stack(s, r, descriptor, &stack)) {
		if (tid == (int)rhp_trace_header()->pid)
			s->main_descriptor = at;
		return tid > 0 ? rhp_leak_add_data(s, at - s->variables, descriptor.end)
			       : 0;
	}
	if (!tid) {
		keep_result(s, descriptor);
		return exclude(s, stack.start, stack.end);
	}
	int error = rhp_leak_grow((void **)&s->stacks, s->n_stacks, &s->n_stacks_max,
				  sizeof(*s->stacks));
	if (error == 0)
		s->stacks[s->n_stacks++] =
			(struct leak_stack){stack.start, stack.end, at, tid};
	return error;
}

/* A word that points before, or to, itself begins a structure perhaps. */
static int take_page(struct leak_scan *s, struct leak_region *r, uintptr_t page)
{
	int error = 0;
	for (uintptr_t at = page; at < page + LEAK_PAGE && error == 0; at += LEAK_WORD) {
		uintptr_t word = leak_word(at);
		if (word == at - 2 * LEAK_WORD && can_read(r, at, at + 2 * LEAK_WORD) &&
		    is_empty_bin(at))
			error = exclude_arena(s, r, at);
		else if (word == at && at % DESCRIPTOR_ALIGNMENT == 0 &&
			 can_read(r, at, at + 3 * LEAK_WORD) &&
			 leak_word(at + 2 * LEAK_WORD) == at)
			error = take_descriptor(s, r, at);
	}
	return error;
}

static int find_structures(struct leak_scan *s)
{
	int error = 0;
	s->tid_offset = find_tid(s);
	s->variables = rhp_leak_size_of_variables();
	for (size_t i = 0; i < s->n_regions && error == 0; i++) {
		struct leak_region *r = &s->regions[i];
		for (uintptr_t at = r->start; error == 0; at += LEAK_PAGE) {
			if (at < r->end)
				at = leak_skip_absent(r, at);
			if (at >= r->end)
				break;
			if (leak_is_present(r, at))
				error = take_page(s, r, at);
		}
	}
	return error;
}

/* What lies below the stack pointer of a stack; also the 128 bytes that a function which
 * calls none may use on x86-64: one that makes a system call keeps no pointer there. */
static int exclude_below(struct leak_scan *s, uintptr_t sp)
{
	const struct leak_region *r = rhp_leak_region(s, sp);
	if (r && r->is_stack)
		return exclude(s, r->map_start, sp);
	const struct leak_stack *stack = rhp_leak_stack(s, sp);
	return stack ? exclude(s, stack->start, sp) : 0;
}

static bool is_on_known_stack(const struct leak_scan *s, uintptr_t sp)
{
	const struct leak_region *r = rhp_leak_region(s, sp);
	return rhp_leak_stack(s, sp) || (r && r->is_stack);
}

static int exclude_free_stacks(struct leak_scan *s)
{
	const struct leak_extent *passed = &s->shared->passed;
	int error = exclude_below(s, s->shared->stack);
	if (!is_on_known_stack(s, s->shared->stack))
		s->shared->flags |= RHP_SCAN_OTHER_STACK;
	if (error == 0)
		error = exclude(s, passed->start, passed->end);
	for (size_t i = 0; i < s->shared->n_threads && error == 0; i++)
		if (s->shared->threads[i].is_steady && s->shared->threads[i].sp)
			error = exclude_below(s, s->shared->threads[i].sp);
	return error;
}

static int sort_excluded(struct leak_scan *s)
{
	for (size_t i = 1; i < s->n_excluded; i++) {
		struct leak_extent e = s->excluded[i];
		size_t at = i;
		for (; at > 0 && s->excluded[at - 1].start > e.start; at--)
			s->excluded[at] = s->excluded[at - 1];
		s->excluded[at] = e;
	}
	return 0;
}

static bool is_other_in_use(const struct leak_scan *s)
{
	return IS_GLIBC && !s->has_arena;
}

/*
 * The lists of an allocator that is not libc's have old pointers to blocks, and nobody
 * knows how they look: jemalloc keeps what it handed out last in arrays. So where all
 * blocks are known nothing else counts in memory that has some; where not, what is left
 * may be of blocks, too, and what it points to is possibly lost, as what memory points to
 * that is aligned as theirs and has no blocks. The allocator has its memory from mmap, as
 * the program has its own, which does not count if the kernel put it beside and made one
 * mapping of both. But variables of modules and threads are never the allocator's,
 * wherever they come to lie. Where glibc is, its malloc is in use if an arena was found;
 * musl's is always taken for its own.
 */
static bool is_for_other_allocator(const struct leak_scan *s, const struct leak_region *r)
{
	return is_other_in_use(s) && r->is_anonymous && r->is_writable && !r->is_shared &&
	       !r->is_stack;
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);
	for (; *text; text++)
		if (strncmp(text, word, length) == 0)
			return true;
	return false;
}

/* The program may have changed its environment, and unmapped what it put there. */
static bool is_new_page(const void *first, const void *at)
{
	return at == first || (uintptr_t)at % LEAK_PAGE == 0;
}

static bool can_read_text(const char *text)
{
	for (const char *at = text;; at++) {
		if (is_new_page(text, at) && !rhp_os_readable((uintptr_t)at))
			return false;
		if (!*at)
			return true;
	}
}

static bool says_anywhere(const char *variable)
{
	static const char name[] = "MALLOC_CONF";
	const size_t length = sizeof(name) - 1;
	const char *value = strchr(variable, '=');
	return value && (size_t)(value - variable) >= length &&
	       strncmp(value - length, name, length) == 0 &&
	       (has_word(value, "retain:false") || has_word(value, "dss:primary"));
}

/* jemalloc, if its variable says so (other builds put a prefix before its name), has
 * lists in mappings and at the end of the data, as the program may have pointers there.
 */
static bool has_lists_anywhere(void)
{
	char *const *first = environ;
	for (char *const *e = first; e; e++) {
		if ((is_new_page(first, e) && !rhp_os_readable((uintptr_t)e)) || !*e)
			return false;
		if (can_read_text(*e) && says_anywhere(*e))
			return true;
	}
	return false;
}

/* Heaps: where live blocks are, and what glibc uses for nothing else. */
static int index_blocks(struct leak_scan *s)
{
	bool is_anywhere = is_other_in_use(s) && has_lists_anywhere();
	for (size_t i = 0; i < s->n_regions; i++) {
		struct leak_region *r = &s->regions[i];
		size_t n_pages = (r->end - r->start) / LEAK_PAGE;
		size_t begin = rhp_leak_blocks_before(s, r->start);
		size_t end = rhp_leak_blocks_before(s, r->end);
		bool reaches_in = begin > 0 && s->blocks[begin - 1].address +
							       s->blocks[begin - 1].size >
						       r->start;
		/* The second and later heaps of an arena begin with its address. */
		if (r->start == r->map_start && r->start % ARENA_ALIGNMENT == 0 &&
		    leak_is_present(r, r->start)) {
			const struct leak_region *arena =
				rhp_leak_region(s, leak_word(r->start));
			r->is_arena |= arena && arena->is_arena;
		}
		r->is_heap = begin < end || reaches_in || r->is_brk || r->is_arena;
		if (is_for_other_allocator(s, r)) {
			r->is_other = begin < end || reaches_in;
			r->is_doubtful =
				is_anywhere || r->map_start % OTHER_ALIGNMENT == 0;
			r->is_heap |= r->is_doubtful;
		}
		if (!r->is_heap)
			continue;
		r->has_data = rhp_leak_has_data(s, r->start, r->end);
		r->covered = rhp_os_alloc(((r->end - r->start) / LEAK_GRANULE / 64 + 1) *
					  sizeof(uint64_t));
		if (!r->covered)
			return -ENOMEM;
		if (begin == end)
			continue;
		r->first = rhp_os_alloc((n_pages + 1) * sizeof(*r->first));
		if (!r->first)
			return -ENOMEM;
		for (size_t page = 0; page <= n_pages; page++) {
			while (begin < end &&
			       s->blocks[begin].address < r->start + page * LEAK_PAGE)
				begin++;
			r->first[page] = (uint32_t)begin;
		}
	}
	return 0;
}

const struct leak_stack *rhp_leak_stack(const struct leak_scan *s, uintptr_t address)
{
	for (size_t i = 0; i < s->n_stacks; i++)
		if (s->stacks[i].start <= address && address < s->stacks[i].end)
			return &s->stacks[i];
	return NULL;
}

/* Memory that was ever a block of ours counts by its block, or not any more. A large
 * one may have been unmapped, and something else mapped there. */
static void cover(struct leak_scan *s, uintptr_t at, uintptr_t end, bool is_live,
		  bool is_large)
{
	while (at < end) {
		struct leak_region *r = rhp_leak_next_region(s, at);
		if (!r || r->start >= end || !r->is_heap ||
		    (!is_live && is_large && !r->is_brk && !r->is_arena &&
		     !r->is_other) ||
		    (!is_live && rhp_leak_stack(s, at)))
			return;
		if (at <= r->start && end >= r->end) {
			r->is_covered = true;
			at = r->end;
			continue;
		}
		at = at > r->start ? at : r->start;
		for (; at < end && at < r->end; at += LEAK_GRANULE) {
			size_t i = (at - r->start) / LEAK_GRANULE;
			r->covered[i / 64] |= UINT64_C(1) << i % 64;
		}
	}
}

static void cover_all(struct leak_scan *s)
{
	for (size_t i = 0; i < s->n_slots; i++) {
		const struct leak_address *a = &s->addresses[i];
		uintptr_t size = a->most ? (uintptr_t)a->most : 1;
		if (a->address)
			cover(s, a->address, a->address + size, a->is_live,
			      a->most >= LEAK_LARGE);
	}
	for (size_t i = 0; i < s->n_dead; i++)
		cover(s, s->dead[i].start, s->dead[i].end, false, s->dead[i].is_large);
}

int rhp_leak_find_roots(struct leak_scan *s)
{
	int error = exclude_ours(s, s->shared, sizeof(*s->shared));
	if (error == 0)
		error = exclude(s, s->list.start, s->list.end);
	if (error == 0 && s->shared->kept)
		error = exclude_ours(s, s->shared->kept, LEAK_KEPT_SIZE);
	if (error == 0 && s->shared->wiped_copy)
		error = exclude_ours(s, s->shared->wiped_copy, s->shared->wiped_size);
	if (error == 0)
		error = rhp_tracker_memory(exclude_ours, s);
	if (error == 0)
		error = find_structures(s);
	if (error == 0)
		error = exclude_free_stacks(s);
	if (error == 0)
		error = sort_excluded(s);
	if (error == 0)
		error = rhp_leak_find_data(s);
	if (error == 0)
		error = index_blocks(s);
	if (error == 0)
		cover_all(s);
	return error;
}
