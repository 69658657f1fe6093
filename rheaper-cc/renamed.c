/* SPDX-License-Identifier: MIT */
/*
 * A copy is the template with a string table of its own at the end: the old one, and the
 * new names behind it. Format: ELF of this machine's byte order, in which all targets
 * are.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rheaper-cc/renamed.h"
#include "rheaper-cc/words.h"

/* A field of a structure of ELF, and what differs between its two classes. */
struct field {
	size_t at, size;
};

static const struct elf_layout {
	unsigned char class;
	size_t header, section, symbol; /* sizes */
	struct field sections, n_sections;
	struct field type, offset, size, link;
	struct field name, info;
} layouts[] = {
#define FIELD(type, member)                                                              \
	{                                                                                \
		offsetof(type, member), sizeof(((type *)0)->member)                      \
	}
#define LAYOUT(class, header, section, symbol)                                           \
	{                                                                                \
		class, sizeof(header), sizeof(section), sizeof(symbol),                  \
			FIELD(header, e_shoff), FIELD(header, e_shnum),                  \
			FIELD(section, sh_type), FIELD(section, sh_offset),              \
			FIELD(section, sh_size), FIELD(section, sh_link),                \
			FIELD(symbol, st_name), FIELD(symbol, st_info)                   \
	}
	LAYOUT(ELFCLASS32, Elf32_Ehdr, Elf32_Shdr, Elf32_Sym),
	LAYOUT(ELFCLASS64, Elf64_Ehdr, Elf64_Shdr, Elf64_Sym),
};

static size_t get(const char *structure, struct field f)
{
	uint64_t value = 0;

	memcpy(&value, structure + f.at, f.size);
	return (size_t)value;
}

static void put(char *structure, struct field f, size_t value)
{
	memcpy(structure + f.at, &value, f.size);
}

/* How the object is laid out; NULL if it is no object. */
static const struct elf_layout *layout_of(struct bytes object)
{
	if (object.size < EI_NIDENT || memcmp(object.at, ELFMAG, SELFMAG) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].class == (unsigned char)object.at[EI_CLASS] &&
		    layouts[i].header <= object.size)
			return &layouts[i];
	return NULL;
}

static void find_symbols(struct renamed_template *t, const char *path)
{
	const struct elf_layout *l = t->layout;
	const char *at = t->object.at;
	size_t sections = get(at, l->sections), n = get(at, l->n_sections);

	if (sections > t->object.size || n > (t->object.size - sections) / l->section)
		template_die(path);
	for (size_t i = 0; i < n; i++) {
		const char *section = at + sections + i * l->section;
		size_t start = get(section, l->offset), size = get(section, l->size);

		if (get(section, l->type) != SHT_SYMTAB || start > t->object.size ||
		    size > t->object.size - start)
			continue;
		t->symbols = start;
		t->n_symbols = size / l->symbol;
		t->strings = sections + get(section, l->link) * l->section;
	}
}

void renamed_read(struct renamed_template *t, const char *archive_dir, const char *name,
		  const char *suffix)
{
	char *path = template_path(archive_dir, name, suffix);

	*t = (struct renamed_template){.object = template_read(path)};
	t->layout = layout_of(t->object);
	if (!t->layout)
		template_die(path);
	find_symbols(t, path);
	if (!t->symbols)
		template_die(path);
	free(path);
}

/* Lets the symbol of the old name point to the new one. */
static void rename_symbol(const struct renamed_template *t, char *object,
			  const char *old_strings, const struct renaming *renaming,
			  size_t new_name)
{
	const struct field name = t->layout->name, info = t->layout->info;

	for (size_t i = 0; i < t->n_symbols; i++) {
		char *symbol = object + t->symbols + i * t->layout->symbol;

		if (strcmp(old_strings + get(symbol, name), renaming->from) != 0)
			continue;
		put(symbol, name, new_name);
		/* Two halves, the same in both classes */
		if (renaming->weak)
			put(symbol, info,
			    ELF64_ST_INFO(STB_WEAK, ELF64_ST_TYPE(get(symbol, info))));
		break;
	}
}

struct bytes renamed_copy(const struct renamed_template *t, const struct renaming *list,
			  size_t n)
{
	const struct elf_layout *l = t->layout;
	const char *strings = t->object.at + t->strings;
	size_t at = get(strings, l->size), size = at;
	struct bytes b;
	char *new_strings;

	for (size_t i = 0; i < n; i++)
		size += strlen(list[i].to) + 1;
	b.size = t->object.size + size;
	b.at = malloc(b.size);
	if (!b.at)
		exit_with(2, "out of memory");
	memcpy(b.at, t->object.at, t->object.size);
	new_strings = b.at + t->object.size;
	memcpy(new_strings, t->object.at + get(strings, l->offset), at);
	for (size_t i = 0; i < n; i++) {
		strcpy(new_strings + at, list[i].to);
		rename_symbol(t, b.at, new_strings, &list[i], at);
		at += strlen(list[i].to) + 1;
	}
	put(b.at + t->strings, l->offset, t->object.size);
	put(b.at + t->strings, l->size, size);
	return b;
}
