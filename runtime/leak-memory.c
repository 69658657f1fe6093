/* SPDX-License-Identifier: MIT */
/*
 * What is mapped in this copy of the program, from /proc/self/maps; and which pages of
 * it were ever written, from the page map: the others hold no pointers, and to read them
 * would take memory.
 *
 * A mapping may be many times larger than what was written of it. Of a large one only
 * the pieces count that have such a page: the kernel says which (since 6.7), or which are
 * in memory at all, or the page map is read, up to a bound.
 *
 * A copy lacks what the program marked to be wiped in its children. The first child to
 * find such memory says so and ends; the program copies it, and the next child puts it
 * back (restore).
 */
#include <errno.h>
#include <string.h>

#include "runtime/leak-parts.h"
#include "runtime/os-process.h"
#include "runtime/os-file.h"
#include "runtime/os-memory.h"
#include "runtime/state.h"

#define MAPS_SIZE                                                                        \
	((size_t)16 << 20) /* 65,530 mappings, the kernel's limit, take 9 MB             \
			    */
#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_OF_FILE (UINT64_C(1) << 61) /* as it is there */
#define PAGE_GUARD (UINT64_C(1) << 58)   /* also said to be swapped */
#define N_ENTRIES 8192                   /* of the page map, read at a time */
#define LARGE_MAPPING ((size_t)1 << 28)
#define PIECE ((uintptr_t)1 << 26) /* of one; an arena of glibc's is not divided */
/* What may be asked of, as entries of the page map: two seconds' worth. An answer of
 * rhp_os_in_core() costs an eighth of one. */
#define MOST_ENTRIES ((uint64_t)1 << 28)
#define N_EXTENTS 512

/* While the mappings are read. */
struct mapped {
	struct leak_scan *s;
	size_t n_max; /* regions that there is room for */
	int own;      /* descriptor of this copy's page map, or -1 */
	bool swaps;   /* pages of it are perhaps not in memory */
	uint64_t n_entries;
	uint64_t *entries;
	unsigned char *in_core;
	struct rhp_os_extent *extents; /* not on the stack, which may be small */
};

int rhp_leak_grow(void **array, size_t n, size_t *n_max, size_t item)
{
	if (n < *n_max)
		return 0;
	size_t more = *n_max ? 2 * *n_max : 4096;
	void *larger = rhp_os_alloc(more * item);
	if (!larger)
		return -ENOMEM;
	if (n)
		memcpy(larger, *array, n * item);
	if (*n_max)
		rhp_os_release(*array, *n_max * item);
	*array = larger;
	*n_max = more;
	return 0;
}

static const char *read_hex(const char *at, uint64_t *n)
{
	for (*n = 0;; at++) {
		unsigned digit = *at >= '0' && *at <= '9'   ? (unsigned)(*at - '0')
				 : *at >= 'a' && *at <= 'f' ? (unsigned)(*at - 'a' + 10)
							    : 16;
		if (digit == 16)
			return at;
		*n = *n << 4 | digit;
	}
}

static const char *skip_words(const char *at, int n)
{
	for (; n > 0; n--) {
		while (*at != ' ' && *at != '\n' && *at)
			at++;
		while (*at == ' ')
			at++;
	}
	return at;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Anonymous memory that processes share: not a file that somebody may cut. */
static bool is_shared_memory(const char *path)
{
	return begins(path, "/dev/zero") || begins(path, "/SYSV") ||
	       begins(path, "/memfd:");
}

/* A line "START-END rwxp OFFSET DEVICE INODE  PATH"; false: it holds no pointers. The
 * program may have locked memory that it still uses, as a block with a guard page is. */
static bool read_line(const char *line, struct leak_region *r)
{
	uint64_t start, end;
	const char *at = read_hex(line, &start);
	if (*at != '-')
		return false;
	at = read_hex(at + 1, &end);
	const char *rights = skip_words(at, 1), *inode = skip_words(at, 4);
	const char *path = skip_words(inode, 1);
	*r = (struct leak_region){
		.start = (uintptr_t)start,
		.end = (uintptr_t)end,
		.map_start = (uintptr_t)start,
		.map_end = (uintptr_t)end,
		.is_anonymous = begins(inode, "0 ") || begins(inode, "0\n"),
		.is_shared = strnlen(rights, 4) == 4 && rights[3] == 's',
		.is_brk = begins(path, "[heap]"),
		.is_stack = begins(path, "[stack]"),
	};
	if (end <= start || begins(path, "[v"))
		return false;
	r->is_locked = rights[0] != 'r';
	r->is_writable = rights[1] == 'w';
	r->is_code = rights[2] == 'x';
	if (r->is_locked)
		return r->is_anonymous && !r->is_shared;
	return !r->is_shared || is_shared_memory(path);
}

static void set_present(struct leak_region *r, uintptr_t start, uintptr_t end)
{
	start = start > r->start ? start : r->start;
	end = end < r->end ? end : r->end;
	for (; start < end; start += LEAK_PAGE) {
		size_t page = (start - r->start) / LEAK_PAGE;
		r->present[page / 64] |= UINT64_C(1) << page % 64;
		r->n_present++;
	}
}

/* Also before it was made read-only, as the linker's tables are. */
static bool was_written(const struct leak_region *r, bool is_of_file)
{
	return r->is_shared || !is_of_file;
}

/* A part of a mapping as a region of its own, whose pages are not known yet. */
static struct leak_region *add_region(struct mapped *m, const struct leak_region *mapping,
				      uintptr_t start, uintptr_t end)
{
	struct leak_scan *s = m->s;
	if (rhp_leak_grow((void **)&s->regions, s->n_regions, &m->n_max,
			  sizeof(*s->regions)))
		return NULL;
	struct leak_region *r = &s->regions[s->n_regions];
	*r = *mapping;
	r->start = start;
	r->end = end;
	r->present =
		rhp_os_alloc(((end - start) / LEAK_PAGE / 64 + 1) * sizeof(uint64_t));
	if (!r->present)
		return NULL;
	s->n_regions++;
	return r;
}

static void drop_last(struct mapped *m)
{
	const struct leak_region *r = &m->s->regions[--m->s->n_regions];
	rhp_os_release(r->present,
		       ((r->end - r->start) / LEAK_PAGE / 64 + 1) * sizeof(uint64_t));
}

/*
 * A page that kills whoever reads it, though its mapping can be read: a guard, which
 * glibc's stacks have since 2.42, or one whose memory is broken. The page map shows both
 * as swapped out, and says so of guards only from Linux 6.15 on. What is really swapped
 * out comes back here, as it would when it is read for its words.
 */
static bool is_deadly(const struct leak_region *r, uintptr_t at, uint64_t size)
{
	return (r->is_locked && rhp_os_unlock(at, size) != 0) || !rhp_os_readable(at);
}

/* Without a page map: what can be read at all. */
static void ask_pages(struct leak_region *r)
{
	if ((!r->is_writable && !r->is_anonymous) || r->is_locked)
		return;
	for (uintptr_t at = r->start; at < r->end; at += LEAK_PAGE)
		if (rhp_os_readable(at))
			set_present(r, at, at + LEAK_PAGE);
}

static bool read_pages(struct mapped *m, struct leak_region *r, int fd)
{
	uint64_t page_size = rhp_os_page_size();
	size_t n = (r->end - r->start) / page_size;
	for (size_t done = 0, part; done < n; done += part) {
		part = n - done < N_ENTRIES ? n - done : N_ENTRIES;
		if (fd < 0 || rhp_os_read(fd, (r->start / page_size + done) * 8,
					  m->entries, part * 8) != 0)
			return false;
		for (size_t i = 0; i < part; i++) {
			uint64_t entry = m->entries[i];
			uintptr_t at = r->start + (done + i) * page_size;
			if (entry & (PAGE_PRESENT | PAGE_SWAPPED) &&
			    !(entry & PAGE_GUARD) &&
			    was_written(r, entry & PAGE_OF_FILE) &&
			    (entry & PAGE_PRESENT || !is_deadly(r, at, page_size)))
				set_present(r, at, at + page_size);
		}
	}
	return true;
}

static uintptr_t end_of_piece(const struct leak_region *mapping, uintptr_t at)
{
	uintptr_t left = PIECE - at % PIECE;
	return left < mapping->end - at ? at + left : mapping->end;
}

/* What the kernel lists of a region. */
static void set_listed(struct leak_region *r, uintptr_t start, uintptr_t end,
		       bool is_swapped)
{
	uint64_t size = is_swapped ? rhp_os_page_size() : end - start;
	for (uintptr_t at = start; at < end; at += size)
		if (!is_swapped || !is_deadly(r, at, size))
			set_present(r, at, at + size);
}

/* A region for each piece of a large mapping that the extent reaches into. */
static int take_extent(struct mapped *m, const struct leak_region *mapping,
		       const struct rhp_os_extent *extent)
{
	uintptr_t at = (uintptr_t)extent->start, end = (uintptr_t)extent->end;
	if (!was_written(mapping, extent->categories & RHP_OS_OF_FILE))
		return 0;
	while (at < end) {
		uintptr_t stop = end_of_piece(mapping, at), start = at - at % PIECE;
		struct leak_region *last = &m->s->regions[m->s->n_regions - 1];
		if (m->s->n_regions == 0 || last->end <= at) {
			last = add_region(m, mapping,
					  start > mapping->start ? start : mapping->start,
					  stop);
			if (!last)
				return -ENOMEM;
		}
		set_listed(last, at, end < stop ? end : stop,
			   extent->categories & RHP_OS_SWAPPED);
		at = stop;
	}
	return 0;
}

/* As the kernel lists what was written: 0, -ENOTTY if it cannot, or -ENOMEM. */
static int list_pages(struct mapped *m, const struct leak_region *mapping, int fd)
{
	for (uintptr_t at = mapping->start, end; at < mapping->end; at = end) {
		end = mapping->end;
		int n = fd < 0 ? -ENOTTY
			       : rhp_os_written(fd, at, &end, m->extents, N_EXTENTS);
		if (n < 0 || end <= at)
			return -ENOTTY;
		for (int i = 0; i < n; i++)
			if (take_extent(m, mapping, &m->extents[i]))
				return -ENOMEM;
	}
	return 0;
}

static bool spend(struct mapped *m, uint64_t n)
{
	m->n_entries += n;
	return m->n_entries <= MOST_ENTRIES;
}

/* Whether a page of this is in memory, as all are that were written: 0 or 1, or -E2BIG.
 */
static int is_in_core(struct mapped *m, uintptr_t start, uintptr_t end)
{
	uint64_t n = (end - start) / rhp_os_page_size();
	if (!spend(m, n / 8))
		return -E2BIG;
	if (rhp_os_in_core(start, end - start, m->in_core) != 0)
		return 1;
	for (uint64_t i = 0; i < n; i++)
		if (m->in_core[i] & 1)
			return 1;
	return 0;
}

/* The same piece by piece, in what is not listed. */
static int read_pieces(struct mapped *m, const struct leak_region *mapping, int fd)
{
	bool can_skip = mapping->is_anonymous && !mapping->is_shared && !m->swaps;
	for (uintptr_t at = mapping->start, end; at < mapping->end; at = end) {
		end = end_of_piece(mapping, at);
		int in_core = can_skip ? is_in_core(m, at, end) : 1;
		if (in_core < 0 || (in_core > 0 && !spend(m, (end - at) / LEAK_PAGE)))
			return -E2BIG;
		struct leak_region *r = in_core ? add_region(m, mapping, at, end) : NULL;
		if (in_core && !r)
			return -ENOMEM;
		if (r && !read_pages(m, r, fd))
			ask_pages(r);
		if (r && r->n_present == 0)
			drop_last(m);
	}
	return 0;
}

static int find_pages(struct mapped *m, const struct leak_region *mapping, int fd)
{
	if (mapping->end - mapping->start > LARGE_MAPPING) {
		int r = list_pages(m, mapping, fd);
		return r == -ENOTTY ? read_pieces(m, mapping, fd) : r;
	}
	struct leak_region *r = add_region(m, mapping, mapping->start, mapping->end);
	if (!r)
		return -ENOMEM;
	if (!read_pages(m, r, fd))
		ask_pages(r);
	return 0;
}

static bool has_pages(const struct leak_scan *s, size_t first)
{
	for (size_t i = first; i < s->n_regions; i++)
		if (s->regions[i].n_present)
			return true;
	return false;
}

static void add_wiped(struct leak_shared *shared, uintptr_t page)
{
	struct leak_extent *last = &shared->wiped[shared->n_wiped - 1];
	if (shared->n_wiped && last->end == page)
		last->end += LEAK_PAGE;
	else if (shared->n_wiped < LEAK_MAX_WIPED)
		shared->wiped[shared->n_wiped++] =
			(struct leak_extent){page, page + LEAK_PAGE};
}

/* What the program has written of a mapping that this copy has nothing of. */
static int find_wiped(struct mapped *m, const struct leak_region *mapping)
{
	struct leak_scan *s = m->s;
	size_t first = s->n_regions;
	if (s->shared->parent_pages < 0 ||
	    mapping->end - mapping->start > LARGE_MAPPING ||
	    mapping->start == (uintptr_t)&rhp_control)
		return 0;
	struct leak_region *r = add_region(m, mapping, mapping->start, mapping->end);
	if (!r)
		return -ENOMEM;
	read_pages(m, r, s->shared->parent_pages);
	for (uintptr_t at = r->start; at < r->end; at += LEAK_PAGE)
		if (leak_is_present(r, at))
			add_wiped(s->shared, at);
	while (s->n_regions > first)
		drop_last(m);
	return 0;
}

/* A private page that was written is the child's own, or its parent's still: it stands
 * in the child's page map. A shared one is there only after it was looked at. */
static int take_mapping(struct mapped *m, const struct leak_region *mapping)
{
	struct leak_scan *s = m->s;
	size_t first = s->n_regions;
	int r = find_pages(m, mapping,
			   mapping->is_shared ? s->shared->parent_pages : m->own);
	bool is_empty = r == 0 && !has_pages(s, first);
	if (is_empty && mapping->is_anonymous && !mapping->is_shared &&
	    !mapping->is_locked && !s->shared->is_restored)
		r = find_wiped(m, mapping);
	for (size_t i = first; r == 0 && mapping->is_locked && i < s->n_regions; i++)
		if (s->regions[i].n_present)
			r = rhp_os_unlock(s->regions[i].start,
					  s->regions[i].end - s->regions[i].start);
	return r;
}

static int read_maps(struct mapped *m, char *text)
{
	struct leak_region mapping;
	int r = 0;
	ssize_t size = rhp_os_read_file("/proc/self/maps", text, MAPS_SIZE);
	if (size <= 0 || (size_t)size == MAPS_SIZE - 1)
		return size < 0 ? (int)size : -E2BIG;
	for (const char *line = text; line && *line && r == 0;) {
		if (read_line(line, &mapping))
			r = take_mapping(m, &mapping);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return r;
}

static bool has_swapped(char *text)
{
	ssize_t size = rhp_os_read_file("/proc/self/status", text, MAPS_SIZE);
	const char *at = size > 0 ? text : NULL;
	while (at && !begins(at, "VmSwap:")) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	for (at = at ? at + 7 : "?"; *at == ' ' || *at == '\t' || *at == '0';)
		at++;
	return *at != 'k';
}

/* Puts back what this copy lacks. */
static void restore(const struct leak_shared *shared)
{
	const char *copy = shared->wiped_copy;
	for (uint32_t i = 0; copy && i < shared->n_wiped; i++) {
		const struct leak_extent *e = &shared->wiped[i];
		size_t size = e->end - e->start;
		char *to = (char *)NULL + e->start;
		if (to && rhp_os_unlock(e->start, size) == 0)
			memcpy(to, copy, size);
		copy += size;
	}
}

int rhp_leak_read_regions(struct leak_scan *s)
{
	struct mapped m = {.s = s};
	if (s->shared->is_restored)
		restore(s->shared);
	m.own = rhp_os_open("/proc/self/pagemap");
	/* All that is used while the list is made is in it, is none of the program's, and
	 * stays: nothing else may come to be where the list has it. */
	size_t size = MAPS_SIZE + N_ENTRIES * sizeof(*m.entries) +
		      N_EXTENTS * sizeof(*m.extents) + PIECE / LEAK_PAGE;
	char *text = rhp_os_alloc(size);
	if (!text)
		return -ENOMEM;
	s->list = (struct leak_extent){(uintptr_t)text, (uintptr_t)text + size};
	m.entries = (void *)(text + MAPS_SIZE);
	m.extents = (void *)(m.entries + N_ENTRIES);
	m.in_core = (void *)(m.extents + N_EXTENTS);
	m.swaps = has_swapped(text);
	int r = read_maps(&m, text);
	return r == 0 && s->shared->n_wiped && !s->shared->is_restored ? -EAGAIN : r;
}

struct leak_region *rhp_leak_next_region(const struct leak_scan *s, uintptr_t address)
{
	size_t low = 0, high = s->n_regions;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->regions[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n_regions ? &s->regions[low] : NULL;
}

struct leak_region *rhp_leak_region(const struct leak_scan *s, uintptr_t address)
{
	struct leak_region *r = rhp_leak_next_region(s, address);
	return r && r->start <= address ? r : NULL;
}
