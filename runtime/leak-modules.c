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
