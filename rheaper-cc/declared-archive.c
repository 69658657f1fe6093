/* SPDX-License-Identifier: MIT */
/*
 * Each member is the template's object with a string table of its own: the old
 * one, and the two new names behind it. The file is anonymous, and inherited by
 * the compiler and its linker. Format: ar(5), as GNU has it; ELF64 of this
 * machine's byte order, for the archive is never another's.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rheaper-cc/declared-archive.h"
#include "rheaper-cc/words.h"

#define AR_MAGIC "!<arch>\n"
#define AR_HEADER 60
#define WRAP "__wrap_"
#define REAL "__real_"

struct bytes {
	char *at;
	size_t size;
};

static _Noreturn void die_template(const char *path)
{
	die(2, "%s is not the archive of this rheaper-cc", path);
}

static struct bytes read_whole(const char *path)
{
	struct stat status;
	struct bytes b;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) != 0)
		die(2, "open %s:", path);
	b = (struct bytes){malloc((size_t)status.st_size + 1), (size_t)status.st_size};
	if (!b.at)
		die(2, "out of memory");
	n = read(fd, b.at, b.size);
	if (n != (ssize_t)b.size)
		die(2, "read %s:", path);
	close(fd);
	return b;
}

/* The first member of an archive that is an object. */
static struct bytes first_member(struct bytes archive, const char *path)
{
	size_t at = strlen(AR_MAGIC);

	if (archive.size < at || memcmp(archive.at, AR_MAGIC, at) != 0)
		die_template(path);
	while (archive.size - at > AR_HEADER) {
		const char *head = archive.at + at;
		size_t size = strtoull(head + 48, NULL, 10);

		at += AR_HEADER;
		if (size > archive.size - at)
			break;
		if (head[0] != '/' || (head[1] != ' ' && head[1] != '/'))
			return (struct bytes){archive.at + at, size};
		at += size + (size & 1);
	}
	die_template(path);
}

struct template
{
	struct bytes object;
	size_t symbols, n_symbols; /* offset of the symbol table */
	size_t strings;            /* offset of its string table's section header */
	size_t spec;               /* offset of the structure */
	int weak;
};

static void read_template(struct template *t, const char *path)
{
	const char *at = t->object.at;
	Elf64_Ehdr head;
	const char *spec;

	if (t->object.size < sizeof(head))
		die_template(path);
	memcpy(&head, at, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_shoff + head.e_shnum * sizeof(Elf64_Shdr) > t->object.size)
		die_template(path);
	for (size_t i = 0; i < head.e_shnum; i++) {
		Elf64_Shdr s;

		memcpy(&s, at + head.e_shoff + i * sizeof(s), sizeof(s));
		if (s.sh_type != SHT_SYMTAB || s.sh_offset + s.sh_size > t->object.size)
			continue;
		t->symbols = s.sh_offset;
		t->n_symbols = s.sh_size / sizeof(Elf64_Sym);
		t->strings = head.e_shoff + s.sh_link * sizeof(s);
	}
	spec = memmem(at, t->object.size, RHP_DECLARED_MAGIC, sizeof(RHP_DECLARED_MAGIC));
	if (!t->symbols || !spec ||
	    t->object.size - (size_t)(spec - at) < sizeof(struct rhp_declared_spec))
		die_template(path);
	t->spec = (size_t)(spec - at);
}

/* Lets the symbol of the old name point to the new one. */
static void rename_symbol(const struct template *t, char *object, const char *old_strings,
			  const char *old, size_t new_name, int weak)
{
	for (size_t i = 0; i < t->n_symbols; i++) {
		char *at = object + t->symbols + i * sizeof(Elf64_Sym);
		Elf64_Sym symbol;

		memcpy(&symbol, at, sizeof(symbol));
		if (strcmp(old_strings + symbol.st_name, old) != 0)
			continue;
		symbol.st_name = (Elf64_Word)new_name;
		if (weak)
			symbol.st_info =
				ELF64_ST_INFO(STB_WEAK, ELF64_ST_TYPE(symbol.st_info));
		memcpy(at, &symbol, sizeof(symbol));
	}
}

static struct bytes make_object(const struct template *t, const struct declared *d)
{
	Elf64_Shdr strings;
	size_t name = strlen(d->name) + strlen(WRAP) + 1, old;
	struct bytes b;
	char *new_strings;

	memcpy(&strings, t->object.at + t->strings, sizeof(strings));
	old = strings.sh_size;
	b.size = t->object.size + old + 2 * name;
	b.at = malloc(b.size);
	if (!b.at)
		die(2, "out of memory");
	memcpy(b.at, t->object.at, t->object.size);
	new_strings = b.at + t->object.size;
	memcpy(new_strings, t->object.at + strings.sh_offset, old);
	sprintf(new_strings + old, WRAP "%s", d->name);
	sprintf(new_strings + old + name, REAL "%s", d->name);
	rename_symbol(t, b.at, new_strings, WRAP RHP_DECLARED_TEMPLATE, old, 0);
	rename_symbol(t, b.at, new_strings, REAL RHP_DECLARED_TEMPLATE, old + name,
		      t->weak);
	strings.sh_offset = t->object.size;
	strings.sh_size = old + 2 * name;
	memcpy(b.at + t->strings, &strings, sizeof(strings));
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
		die(2, "out of memory");
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
	struct template t = {.weak = weak};
	struct bytes archive;
	char *path = NULL;
	int fd = memfd_create("rheaper-declared.a", 0);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (!out)
		die(2, "make the archive of declared functions:");
	if (asprintf(&path, "%s/librheaper-declared%s.a", archive_dir, suffix) < 0)
		die(2, "out of memory");
	archive = read_whole(path);
	t.object = first_member(archive, path);
	read_template(&t, path);
	write_archive(out, list, &t);
	if (fclose(out) != 0)
		die(2, "make the archive of declared functions:");
	free(archive.at);
	free(path);
	if (asprintf(&path, "/proc/self/fd/%d", fd) < 0)
		die(2, "out of memory");
	return path;
}
