/* SPDX-License-Identifier: MIT */
/*
 * What the headers of the modules say of their variables: the ELF header is where a
 * module begins, and its program headers are in the same page.
 *
 * Sources: the System V ABI, "Program Header"; <link.h> for the loader's list.
 */
#include <link.h>
#include <string.h>

#include "runtime/leak-parts.h"

extern const char __ehdr_start[] HIDDEN;

const ElfW(Phdr) * rhp_leak_segments(const void *module, unsigned *n)
{
	const ElfW(Ehdr) *h = module;
	*n = 0;
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_phoff + h->e_phnum * sizeof(ElfW(Phdr)) > LEAK_PAGE)
		return NULL;
	*n = h->e_phnum;
	return (const void *)((const char *)module + h->e_phoff);
}

const void *rhp_leak_header(const struct link_map *map)
{
	return map->l_addr && map->l_ld && (uintptr_t)map->l_ld > map->l_addr
		       ? (const void *)map->l_addr
		       : NULL;
}

static uintptr_t variables_of(const void *module)
{
	unsigned n;
	uintptr_t size = 0;
	const ElfW(Phdr) *p = rhp_leak_segments(module, &n);
	for (unsigned i = 0; i < n; i++)
		if (p[i].p_type == PT_TLS)
			size += p[i].p_memsz + 2 * p[i].p_align;
	return size;
}

uintptr_t rhp_leak_size_of_variables(void)
{
	uintptr_t size = variables_of(__ehdr_start);
	for (const struct link_map *map = rhp_leak_libraries(); map; map = map->l_next)
		if (rhp_leak_header(map))
			size += variables_of(rhp_leak_header(map));
	return size;
}

int rhp_leak_add_data(struct leak_scan *s, uintptr_t start, uintptr_t end)
{
	int error = rhp_leak_grow((void **)&s->data, s->n_data, &s->n_data_max,
				  sizeof(*s->data));
	if (error == 0)
		s->data[s->n_data++] = (struct leak_extent){start, end};
	return error;
}

/* What the loader mapped of a module for variables, up to the end of the last page. */
static int add_module(struct leak_scan *s, const void *module)
{
	unsigned n;
	int error = 0;
	uintptr_t bias = 0;
	bool is_known = false;
	const ElfW(Phdr) *p = rhp_leak_segments(module, &n);
	for (unsigned i = 0; i < n && error == 0; i++) {
		if (p[i].p_type == PT_LOAD && p[i].p_offset == 0) {
			bias = (uintptr_t)module - p[i].p_vaddr;
			is_known = true;
		}
		if (p[i].p_type != PT_LOAD || !(p[i].p_flags & PF_W) || !is_known)
			continue;
		uintptr_t start = bias + p[i].p_vaddr, end = start + p[i].p_memsz;
		error = rhp_leak_add_data(s, start - start % LEAK_PAGE,
					  end + -end % LEAK_PAGE);
	}
	return error;
}

int rhp_leak_find_data(struct leak_scan *s)
{
	int error = add_module(s, __ehdr_start);
	for (const struct link_map *map = rhp_leak_libraries(); map && error == 0;
	     map = map->l_next)
		if (rhp_leak_header(map))
			error = add_module(s, rhp_leak_header(map));
	return error;
}

bool rhp_leak_has_data(const struct leak_scan *s, uintptr_t start, uintptr_t end)
{
	for (size_t i = 0; i < s->n_data; i++)
		if (s->data[i].start < end && start < s->data[i].end)
			return true;
	return false;
}

bool rhp_leak_is_data(const struct leak_scan *s, const struct leak_region *r,
		      uintptr_t at)
{
	return r->has_data && rhp_leak_has_data(s, at, at + LEAK_WORD);
}
