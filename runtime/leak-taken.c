/* SPDX-License-Identifier: MIT */
/*
 * Libraries that asked for the allocator by name: dlsym(RTLD_NEXT, "malloc") and the like
 * give the real function, which nobody records. No relocation tells, but the address is
 * kept somewhere, most often in a static variable. So the writable segments of libraries
 * are searched for the addresses of the functions of other libraries that have the names
 * of the allocator's. Modules with a runtime of ours have such addresses themselves.
 */
#include <link.h>
#include <string.h>

#include "contract/note.h"
#include "runtime/leak-parts.h"

#define MOST_FUNCTIONS 64

struct taken {
	const struct leak_scan *s;
	uintptr_t functions[MOST_FUNCTIONS];
	size_t n_functions;
};

static const ElfW(Phdr) * segments(const struct link_map *map, unsigned *n)
{
	const void *header = rhp_leak_header(map);
	*n = 0;
	return header ? rhp_leak_segments(header, n) : NULL;
}

/* Notes have names that are aligned by 4. */
static bool names_us(const char *note, size_t size)
{
	for (size_t at = 0; at + sizeof(RHP_NOTE_NAME) <= size; at += 4)
		if (memcmp(note + at, RHP_NOTE_NAME, sizeof(RHP_NOTE_NAME)) == 0)
			return true;
	return false;
}

static bool has_our_note(const struct link_map *map)
{
	unsigned n;
	const ElfW(Phdr) *p = segments(map, &n);
	for (unsigned i = 0; i < n; i++)
		if (p[i].p_type == PT_NOTE &&
		    names_us((const char *)map->l_addr + p[i].p_vaddr, p[i].p_filesz))
			return true;
	return false;
}

static bool is_taken(const struct taken *t, uintptr_t word)
{
	for (size_t i = 0; i < t->n_functions; i++)
		if (t->functions[i] == word)
			return true;
	return false;
}

/* Of what was written, which is what can be read. */
static bool has_taken(const struct taken *t, uintptr_t start, uintptr_t end)
{
	start += -start % LEAK_WORD;
	for (uintptr_t at = start; at + LEAK_WORD <= end; at += LEAK_WORD) {
		const struct leak_region *r = rhp_leak_region(t->s, at);
		if (!r || !leak_is_present(r, at))
			at += LEAK_PAGE - at % LEAK_PAGE - LEAK_WORD;
		else if (is_taken(t, leak_word(at)))
			return true;
	}
	return false;
}

static bool keeps_one(const struct taken *t, const struct link_map *map)
{
	unsigned n;
	const ElfW(Phdr) *p = segments(map, &n);
	for (unsigned i = 0; i < n; i++) {
		uintptr_t start = map->l_addr + p[i].p_vaddr;
		if (p[i].p_type == PT_LOAD && p[i].p_flags & PF_W &&
		    has_taken(t, start, start + p[i].p_memsz))
			return true;
	}
	return false;
}

bool rhp_leak_is_taken(const struct leak_scan *s)
{
	const struct link_map *all = rhp_leak_libraries();
	struct taken t = {.s = s};
	for (const struct link_map *map = all; map; map = map->l_next)
		t.n_functions += rhp_leak_allocators(map, t.functions + t.n_functions,
						     MOST_FUNCTIONS - t.n_functions);
	for (const struct link_map *map = all; map; map = map->l_next) {
		uintptr_t own;
		if (rhp_leak_allocators(map, &own, 1) == 0 && !has_our_note(map) &&
		    keeps_one(&t, map))
			return true;
	}
	return false;
}
