/* SPDX-License-Identifier: MIT */
/*
 * What is mapped in this copy of the program, from /proc/self/maps; and which pages of
 * it were ever written, from the page map: the others hold no pointers, and to read them
 * would take memory.
 */
#include <errno.h>
#include <string.h>

#include "runtime/leak-parts.h"
#include "runtime/os-process.h"
#include "runtime/os-file.h"
#include "runtime/os-memory.h"

#define MAPS_SIZE                                                                        \
	((size_t)16 << 20) /* 65,530 mappings, the kernel's limit, take 9 MB             \
			    */
#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_OF_FILE (UINT64_C(1) << 61) /* as it is there */
#define N_ENTRIES 8192                   /* of the page map, read at a time */

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

/* A line "START-END rwxp OFFSET DEVICE INODE  PATH"; false: it holds no pointers. */
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
		.is_anonymous = begins(inode, "0 ") || begins(inode, "0\n"),
		.is_shared = strnlen(rights, 4) == 4 && rights[3] == 's',
		.is_brk = begins(path, "[heap]"),
		.is_stack = begins(path, "[stack]"),
	};
	if (end <= start || rights[0] != 'r' || begins(path, "[v"))
		return false;
	r->is_writable = rights[1] == 'w';
	return !r->is_shared || is_shared_memory(path);
}

static int read_maps(struct leak_scan *s, char *text)
{
	size_t n_max = 0;
	ssize_t size = rhp_os_read_file("/proc/self/maps", text, MAPS_SIZE);
	if (size <= 0 || (size_t)size == MAPS_SIZE - 1)
		return size < 0 ? (int)size : -E2BIG;
	for (const char *line = text; line && *line;) {
		if (rhp_leak_grow((void **)&s->regions, s->n_regions, &n_max,
				  sizeof(*s->regions)))
			return -ENOMEM;
		s->n_regions += read_line(line, &s->regions[s->n_regions]);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return 0;
}

static void set_present(struct leak_region *r, size_t page)
{
	r->present[page / 64] |= UINT64_C(1) << page % 64;
}

/* Without a page map: what can be read at all. */
static void ask_pages(struct leak_region *r)
{
	if (!r->is_writable && !r->is_anonymous)
		return;
	for (uintptr_t at = r->start; at < r->end; at += LEAK_PAGE)
		if (rhp_os_readable(at))
			set_present(r, (at - r->start) / LEAK_PAGE);
}

/* Also before it was made read-only, as the linker's tables are. */
static bool was_written(const struct leak_region *r, uint64_t entry)
{
	return entry & (PAGE_PRESENT | PAGE_SWAPPED) &&
	       (r->is_shared || !(entry & PAGE_OF_FILE));
}

static bool read_pages(struct leak_region *r, int fd, uint64_t *entries)
{
	uint64_t page_size = rhp_os_page_size();
	size_t n = (r->end - r->start) / page_size, in_ours = page_size / LEAK_PAGE;
	for (size_t done = 0, part; done < n; done += part) {
		part = n - done < N_ENTRIES ? n - done : N_ENTRIES;
		if (rhp_os_read(fd, (r->start / page_size + done) * 8, entries,
				part * 8) != 0)
			return false;
		for (size_t i = 0; i < part; i++)
			for (size_t j = 0; was_written(r, entries[i]) && j < in_ours; j++)
				set_present(r, (done + i) * in_ours + j);
	}
	return true;
}

/* A private page that was written is the child's own, or its parent's still: it stands
 * in the child's page map. A shared one is there only after it was looked at. */
static int find_present(struct leak_scan *s)
{
	int own = rhp_os_open("/proc/self/pagemap");
	uint64_t *entries = rhp_os_alloc(N_ENTRIES * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_regions; i++) {
		struct leak_region *r = &s->regions[i];
		size_t n_pages = (r->end - r->start) / LEAK_PAGE;
		int fd = r->is_shared ? s->shared->parent_pages : own;
		r->present = rhp_os_alloc((n_pages / 64 + 1) * sizeof(*r->present));
		if (!r->present)
			return -ENOMEM;
		if (fd < 0 || !read_pages(r, fd, entries))
			ask_pages(r);
	}
	return 0;
}

int rhp_leak_read_regions(struct leak_scan *s)
{
	/* In the list itself: text is no pointer. */
	char *text = rhp_os_alloc(MAPS_SIZE);
	if (!text)
		return -ENOMEM;
	int r = read_maps(s, text);
	rhp_os_release(text, MAPS_SIZE);
	return r ? r : find_present(s);
}

struct leak_region *rhp_leak_region(const struct leak_scan *s, uintptr_t address)
{
	size_t low = 0, high = s->n_regions;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->regions[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n_regions && s->regions[low].start <= address ? &s->regions[low]
								      : NULL;
}
