/* SPDX-License-Identifier: MIT */
/*
 * The tables of symbols are read, because dlsym does not find what came in by dlopen with
 * RTLD_LOCAL; it would wait for a thread that waits for this one inside dlopen; and it
 * allocates when it finds nothing, before anything is recorded.
 */
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wrap/find-operator.h"

struct tables {
	const ElfW(Sym) * symbols;
	const char *names;
	const uint32_t *gnu_hash, *hash;
};

struct search {
	const char *name;
	uint32_t hash;
	bool in_program;
	void *found;
};

/* glibc writes addresses into most dynamic sections, but not into that of the vDSO. */
static const void *address_of(const struct dl_phdr_info *info, ElfW(Addr) value)
{
	return (const void *)(value < info->dlpi_addr ? info->dlpi_addr + value : value);
}

static void read_dynamic(const struct dl_phdr_info *info, const ElfW(Dyn) * dynamic,
			 struct tables *t)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = address_of(info, dynamic->d_un.d_ptr);
		if (dynamic->d_tag == DT_SYMTAB)
			t->symbols = at;
		else if (dynamic->d_tag == DT_STRTAB)
			t->names = at;
		else if (dynamic->d_tag == DT_GNU_HASH)
			t->gnu_hash = at;
		else if (dynamic->d_tag == DT_HASH)
			t->hash = at;
	}
}

static bool find_tables(const struct dl_phdr_info *info, struct tables *t)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			read_dynamic(info,
				     (const void *)(info->dlpi_addr +
						    info->dlpi_phdr[i].p_vaddr),
				     t);
	return t->symbols && t->names && (t->gnu_hash || t->hash);
}

static bool is_definition(const struct tables *t, uint32_t i, const char *name)
{
	const ElfW(Sym) *symbol = &t->symbols[i];
	unsigned binding = symbol->st_info >> 4, type = symbol->st_info & 15;

	return symbol->st_shndx != SHN_UNDEF && type == STT_FUNC &&
	       binding != STB_LOCAL && strcmp(t->names + symbol->st_name, name) == 0;
}

/* The number of the symbol, 0 if there is none. */
static uint32_t look_in_gnu_hash(const struct tables *t, const struct search *s)
{
	uint32_t n_buckets = t->gnu_hash[0], first = t->gnu_hash[1];
	const uint32_t *buckets =
		t->gnu_hash + 4 + t->gnu_hash[2] * (sizeof(ElfW(Addr)) / 4);
	const uint32_t *chain = buckets + n_buckets;
	uint32_t i = n_buckets ? buckets[s->hash % n_buckets] : 0;

	if (i < first || i == 0)
		return 0;
	for (;; i++) {
		uint32_t hash = chain[i - first];
		if ((hash | 1) == (s->hash | 1) && is_definition(t, i, s->name))
			return i;
		if (hash & 1)
			return 0;
	}
}

/* The older table, of which the number of symbols is enough. */
static uint32_t look_at_all(const struct tables *t, const struct search *s)
{
	for (uint32_t i = 1; i < t->hash[1]; i++)
		if (is_definition(t, i, s->name))
			return i;
	return 0;
}

/* dl_iterate_phdr's callback: stops where the function is defined. */
static int visit(struct dl_phdr_info *info, size_t size, void *search)
{
	struct search *s = search;
	struct tables t = {0};
	uint32_t i;

	(void)size;
	/* Only the program has no name. */
	if ((!info->dlpi_name[0] && !s->in_program) || !find_tables(info, &t))
		return 0;
	i = t.gnu_hash ? look_in_gnu_hash(&t, s) : look_at_all(&t, s);
	if (i)
		s->found = (void *)(info->dlpi_addr + t.symbols[i].st_value);
	return i != 0;
}

void *rhp_find_operator(const char *name, bool in_program)
{
	struct search s = {.name = name, .hash = 5381, .in_program = in_program};

	for (const char *at = name; *at; at++)
		s.hash = s.hash * 33 + (unsigned char)*at;
	dl_iterate_phdr(visit, &s);
	return s.found;
}
