/* SPDX-License-Identifier: MIT */
/*
 * What the dynamic loader's list of modules says.
 *
 * A library finds the allocator by relocations, whose words the dynamic loader fills in.
 * They lead into the executable, which records, unless the library was opened with
 * RTLD_DEEPBIND, linked with -Bsymbolic, or another came before. Words that the loader
 * has not looked up yet lead into the library itself: it has not called that function.
 *
 * Sources: the System V ABI, "Dynamic Linking"; <link.h> for the loader's list.
 */
#include <link.h>
#include <string.h>

#include "runtime/leak-parts.h"

#if defined(__x86_64__)
#define R_SLOT R_X86_64_JUMP_SLOT
#define R_WORD R_X86_64_GLOB_DAT
#define R_DATA R_X86_64_64
#elif defined(__i386__)
#define R_SLOT R_386_JMP_SLOT
#define R_WORD R_386_GLOB_DAT
#define R_DATA R_386_32
#elif defined(__arm__)
#define R_SLOT R_ARM_JUMP_SLOT
#define R_WORD R_ARM_GLOB_DAT
#define R_DATA R_ARM_ABS32
#elif defined(__riscv)
#define R_SLOT R_RISCV_JUMP_SLOT
#define R_WORD R_RISCV_64
#define R_DATA R_RISCV_64
#else
#define R_SLOT R_AARCH64_JUMP_SLOT
#define R_WORD R_AARCH64_GLOB_DAT
#define R_DATA R_AARCH64_ABS64
#endif

#if __SIZEOF_POINTER__ == 8
#define R_SYMBOL ELF64_R_SYM
#define R_KIND ELF64_R_TYPE
#else
#define R_SYMBOL ELF32_R_SYM
#define R_KIND ELF32_R_TYPE
#endif

/* Hidden and weak: a static program has none. */
extern ElfW(Dyn) _DYNAMIC[] __attribute__((weak, visibility("hidden")));
extern const char __ehdr_start[] HIDDEN, _end[] HIDDEN;

/* What a library's dynamic section says. */
struct dynamic {
	uintptr_t bias, values[DT_NUM];
	uintptr_t n_relative; /* relocations without a symbol, which come first */
};

static void read_dynamic(struct dynamic *d, const struct link_map *map)
{
	memset(d, 0, sizeof(*d));
	d->bias = map->l_addr;
	for (const ElfW(Dyn) *dyn = map->l_ld; dyn && dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag > 0 && dyn->d_tag < DT_NUM)
			d->values[dyn->d_tag] = dyn->d_un.d_val;
		else if (dyn->d_tag == DT_RELACOUNT || dyn->d_tag == DT_RELCOUNT)
			d->n_relative = dyn->d_un.d_val;
	}
}

/* glibc adds the bias to these addresses, musl does not. */
static uintptr_t address(const struct dynamic *d, int tag)
{
	uintptr_t value = d->values[tag];
	return value && value < d->bias ? value + d->bias : value;
}

static bool is_of_allocator(const char *name)
{
	static const char *const names[] = {
		"malloc",        "calloc",         "realloc",  "reallocarray",
		"aligned_alloc", "posix_memalign", "memalign", "valloc"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* The library that an address is in: of those that begin below it the last, for no two
 * overlap. */
static const struct link_map *find_library(const struct link_map *all, uintptr_t at)
{
	const struct link_map *found = NULL;
	for (; all; all = all->l_next)
		if (all->l_addr <= at && (!found || all->l_addr > found->l_addr))
			found = all;
	return found;
}

static bool leads_to_us(const struct link_map *all, const struct link_map *map,
			uintptr_t code)
{
	return code == 0 || (code >= (uintptr_t)__ehdr_start && code < (uintptr_t)_end) ||
	       find_library(all, code) == map;
}

/* Looks through relocations, of which both kinds begin alike. */
static bool binds_to_us(const struct link_map *all, const struct link_map *map,
			const struct dynamic *d, uintptr_t at, uintptr_t size,
			bool has_addend)
{
	const ElfW(Sym) *symbols = (const ElfW(Sym) *)address(d, DT_SYMTAB);
	const char *names = (const char *)address(d, DT_STRTAB);
	size_t step = has_addend ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
	for (uintptr_t end = at + size; at && at < end; at += step) {
		const ElfW(Rel) *r = (const ElfW(Rel) *)at;
		unsigned kind = (unsigned)R_KIND(r->r_info);
		if (kind != R_SLOT && kind != R_WORD && kind != R_DATA)
			continue;
		if (is_of_allocator(names + symbols[R_SYMBOL(r->r_info)].st_name) &&
		    !leads_to_us(all, map, *(uintptr_t *)(d->bias + r->r_offset)))
			return false;
	}
	return true;
}

static bool is_bound(const struct link_map *all, const struct link_map *map)
{
	struct dynamic d;
	read_dynamic(&d, map);
	uintptr_t rela = d.n_relative * sizeof(ElfW(Rela));
	uintptr_t rel = d.n_relative * sizeof(ElfW(Rel));
	if (!d.values[DT_SYMTAB] || !d.values[DT_STRTAB])
		return true;
	return binds_to_us(all, map, &d, address(&d, DT_JMPREL), d.values[DT_PLTRELSZ],
			   d.values[DT_PLTREL] == DT_RELA) &&
	       (rela >= d.values[DT_RELASZ] ||
		binds_to_us(all, map, &d, address(&d, DT_RELA) + rela,
			    d.values[DT_RELASZ] - rela, true)) &&
	       (rel >= d.values[DT_RELSZ] ||
		binds_to_us(all, map, &d, address(&d, DT_REL) + rel,
			    d.values[DT_RELSZ] - rel, false));
}

static const struct r_debug *find_loader(void)
{
	const struct r_debug *loader = NULL;
	for (const ElfW(Dyn) *dyn = _DYNAMIC; dyn && dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_DEBUG)
			loader = (const struct r_debug *)dyn->d_un.d_ptr;
	return loader;
}

size_t rhp_leak_allocators(const struct link_map *map, uintptr_t *found, size_t most)
{
	struct dynamic d;
	size_t n = 0;
	read_dynamic(&d, map);
	const ElfW(Sym) *symbols = (const ElfW(Sym) *)address(&d, DT_SYMTAB);
	const char *names = (const char *)address(&d, DT_STRTAB);
	/* The table of names comes behind that of symbols, with every linker. */
	for (const ElfW(Sym) *at = symbols; at && (const char *)(at + 1) <= names; at++)
		if (n < most && at->st_value && at->st_shndx != SHN_UNDEF &&
		    at->st_name < d.values[DT_STRSZ] &&
		    is_of_allocator(names + at->st_name))
			found[n++] = d.bias + at->st_value;
	return n;
}

/* One that was linked with -Bsymbolic and has a malloc: its own calls lead there. */
static bool is_own_allocator(const struct link_map *map)
{
	struct dynamic d;
	uintptr_t own;
	read_dynamic(&d, map);
	return (d.values[DT_SYMBOLIC] || d.values[DT_FLAGS] & DF_SYMBOLIC) &&
	       rhp_leak_allocators(map, &own, 1) > 0;
}

/* The first is the executable, whose own calls are wrapped. */
const struct link_map *rhp_leak_libraries(void)
{
	const struct r_debug *loader = find_loader();
	return loader && loader->r_state == RT_CONSISTENT && loader->r_map
		       ? loader->r_map->l_next
		       : NULL;
}

/* dlmopen's; glibc lists them from version 2 of the structure on. */
static bool has_namespaces(const struct r_debug *loader)
{
	struct extended {
		struct r_debug base;
		const struct r_debug *next;
	};
	return loader->r_version >= 2 &&
	       ((const struct extended *)(const void *)loader)->next != NULL;
}

bool rhp_leak_all_is_bound(bool *is_unrecorded)
{
	const struct r_debug *loader = find_loader();
	bool is_all = true;
	*is_unrecorded = false;
	if (!loader)
		return true;
	if (loader->r_state != RT_CONSISTENT)
		return false;
	*is_unrecorded = has_namespaces(loader);
	for (const struct link_map *map = rhp_leak_libraries(); map && is_all;
	     map = map->l_next) {
		is_all = is_bound(loader->r_map, map);
		*is_unrecorded |= !is_all || is_own_allocator(map);
	}
	return is_all;
}
