/* SPDX-License-Identifier: MIT */
/*
 * Each member is the template's object with a string table of its own: the old
 * one, and the two new names behind it. The file is anonymous, and inherited by
 * the compiler and its linker. Format: ar(5), as GNU has it; ELF of this
 * machine's byte order, in which all targets are.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheaper-cc/declared-archive.h"
#include "rheaper-cc/template.h"
#include "rheaper-cc/words.h"

#define AR_MAGIC "!<arch>\n"
#define AR_HEADER 60
#define WRAP "__wrap_"
#define REAL "__real_"

/* A field of a structure of ELF, and what differs between its two classes. */
struct field {
	size_t at, size;
};

static const struct layout {
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

struct template
{
	struct bytes object;
	const struct layout *layout;
	size_t symbols, n_symbols; /* offset of the symbol table */
	size_t strings;            /* offset of its string table's section header */
	size_t spec;               /* offset of the structure */
	int weak;
};

/* How the object is laid out; NULL if it is no object. */
static const struct layout *layout_of(struct bytes object)
{
	if (object.size < EI_NIDENT || memcmp(object.at, ELFMAG, SELFMAG) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].class == (unsigned char)object.at[EI_CLASS] &&
		    layouts[i].header <= object.size)
			return &layouts[i];
	return NULL;
}

static void find_symbols(struct template *t, const char *path)
{
	const struct layout *l = t->layout;
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

static void read_template(struct template *t, const char *path)
{
	const char *at = t->object.at, *spec;

	t->layout = layout_of(t->object);
	if (!t->layout)
		template_die(path);
	find_symbols(t, path);
	spec = memmem(at, t->object.size, RHP_DECLARED_MAGIC, sizeof(RHP_DECLARED_MAGIC));
	if (!t->symbols || !spec ||
	    t->object.size - (size_t)(spec - at) < sizeof(struct rhp_declared_spec))
		template_die(path);
	t->spec = (size_t)(spec - at);
}

/* Lets the symbol of the old name point to the new one. */
static void rename_symbol(const struct template *t, char *object, const char *old_strings,
			  const char *old, size_t new_name, int weak)
{
	const struct field name = t->layout->name, info = t->layout->info;

	for (size_t i = 0; i < t->n_symbols; i++) {
		char *symbol = object + t->symbols + i * t->layout->symbol;

		if (strcmp(old_strings + get(symbol, name), old) != 0)
			continue;
		put(symbol, name, new_name);
		/* Two halves, the same in both classes */
		if (weak)
			put(symbol, info,
			    ELF64_ST_INFO(STB_WEAK, ELF64_ST_TYPE(get(symbol, info))));
	}
}

static struct bytes make_object(const struct template *t, const struct declared *d)
{
	const struct layout *l = t->layout;
	const char *strings = t->object.at + t->strings;
	size_t name = strlen(d->name) + strlen(WRAP) + 1, old = get(strings, l->size);
	struct bytes b;
	char *new_strings;

	b.size = t->object.size + old + 2 * name;
	b.at = malloc(b.size);
	if (!b.at)
		exit_with(2, "out of memory");
	memcpy(b.at, t->object.at, t->object.size);
	new_strings = b.at + t->object.size;
	memcpy(new_strings, t->object.at + get(strings, l->offset), old);
	sprintf(new_strings + old, WRAP "%s", d->name);
	sprintf(new_strings + old + name, REAL "%s", d->name);
	rename_symbol(t, b.at, new_strings, WRAP RHP_DECLARED_TEMPLATE, old, 0);
	rename_symbol(t, b.at, new_strings, REAL RHP_DECLARED_TEMPLATE, old + name,
		      t->weak);
	put(b.at + t->strings, l->offset, t->object.size);
	put(b.at + t->strings, l->size, old + 2 * name);
	memcpy(b.at + t->spec, &d->spec, sizeof(d->spec));
	return b;
}

static void write_head(FILE *out, const char *name, size_t size)
{
	fprintf(out, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "644", size);
}

static void write_big_endian(FILE *out, size_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		putc((int)(n >> shift & 0xff), out);
}

/* The archive's index: the offset of a member for each name, then the names. */
static void write_index(FILE *out, const struct declared_list *list,
			const struct bytes *objects)
{
	size_t size = 4 + 4 * list->n, at;

	for (size_t i = 0; i < list->n; i++)
		size += strlen(WRAP) + strlen(list->function[i].name) + 1;
	write_head(out, "/", size);
	at = strlen(AR_MAGIC) + AR_HEADER + size + (size & 1);
	write_big_endian(out, list->n);
	for (size_t i = 0; i < list->n; i++) {
		write_big_endian(out, at);
		at += AR_HEADER + objects[i].size + (objects[i].size & 1);
	}
	for (size_t i = 0; i < list->n; i++) {
		fprintf(out, WRAP "%s", list->function[i].name);
		putc(0, out);
	}
	if (size & 1)
		putc('\n', out);
}

static void write_archive(FILE *out, const struct declared_list *list,
			  const struct template *t)
{
	struct bytes *objects = calloc(list->n + 1, sizeof(*objects));
	char name[32];

	if (!objects)
		exit_with(2, "out of memory");
	for (size_t i = 0; i < list->n; i++)
		objects[i] = make_object(t, &list->function[i]);
	fputs(AR_MAGIC, out);
	write_index(out, list, objects);
	for (size_t i = 0; i < list->n; i++) {
		snprintf(name, sizeof(name), "declared%zu.o/", i);
		write_head(out, name, objects[i].size);
		fwrite(objects[i].at, 1, objects[i].size, out);
		if (objects[i].size & 1)
			putc('\n', out);
		free(objects[i].at);
	}
	free(objects);
}

char *declared_archive(const struct declared_list *list, const char *archive_dir,
		       const char *suffix, int weak)
{
	static const char what[] = "the archive of declared functions";
	char *path, *from = template_path(archive_dir, "declared", suffix);
	FILE *out = template_open(what, &path);
	struct template t = {.object = template_read(from), .weak = weak};

	read_template(&t, from);
	write_archive(out, list, &t);
	template_close(out, what);
	free(t.object.at);
	free(from);
	return path;
}
