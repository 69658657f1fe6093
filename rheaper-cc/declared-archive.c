/* SPDX-License-Identifier: MIT */
/*
 * Three members for each function, all copies of templates: its shim, and what linkers
 * that rename when all is read take for it before and behind it (wrap/bring.h). These are
 * two chains: each member refers to the next one. The file is anonymous, and inherited by
 * the compiler and its linker. Format: ar(5), as GNU has it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheaper-cc/declared-archive.h"
#include "rheaper-cc/renamed.h"
#include "rheaper-cc/words.h"

#define AR_MAGIC "!<arch>\n"
#define AR_HEADER 60
#define WRAP "__wrap_"
#define REAL "__real_"
#define NAME_SIZE (RHP_DECLARED_TEXT + 64)

/* An object, and the one symbol that it defines for others. */
struct member {
	struct bytes object;
	char *name;
};

struct archive {
	struct member *member;
	size_t n;
};

static void add_member(struct archive *archive, struct bytes object, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		exit_with(2, "out of memory");
	archive->member[archive->n++] = (struct member){object, copy};
}

static void add_shim(struct archive *archive, const struct renamed_template *t,
		     const struct declared *d)
{
	char wrap[NAME_SIZE], real[NAME_SIZE];
	const struct renaming list[] = {
		{WRAP RHP_DECLARED_TEMPLATE, wrap, 0},
		{REAL RHP_DECLARED_TEMPLATE, real, 0},
	};
	struct bytes object;
	char *spec;

	snprintf(wrap, sizeof(wrap), WRAP "%s", d->name);
	snprintf(real, sizeof(real), REAL "%s", d->name);
	object = renamed_copy(t, list, 2);
	spec = memmem(object.at, object.size, RHP_DECLARED_MAGIC,
		      sizeof(RHP_DECLARED_MAGIC));
	if (!spec || object.size - (size_t)(spec - object.at) < sizeof(d->spec))
		template_die("librheaper-declared.a");
	memcpy(spec, &d->spec, sizeof(d->spec));
	add_member(archive, object, wrap);
}

/* The first one is what linkers take for the function `chain`; the last one refers to it,
 * for it must refer to something. */
static void chain_name(char *name, const char *chain, size_t i, size_t n)
{
	if (i % n == 0)
		snprintf(name, NAME_SIZE, WRAP "%s", chain);
	else
		snprintf(name, NAME_SIZE, "%s_%zu", chain, i);
}

/* The members of a chain, which refer to the functions, or their shims, by `prefix`. */
static void add_chain(struct archive *archive, const struct renamed_template *t,
		      const struct declared_list *functions, const char *chain,
		      const char *prefix)
{
	char here[NAME_SIZE], next[NAME_SIZE], target[NAME_SIZE];
	const struct renaming list[] = {
		{RHP_DECLARED_HERE, here, 0},
		{RHP_DECLARED_NEXT, next, 0},
		{RHP_DECLARED_TARGET, target, *prefix == '\0'},
	};

	for (size_t i = 0; i < functions->n; i++) {
		chain_name(here, chain, i, functions->n);
		chain_name(next, chain, i + 1, functions->n);
		snprintf(target, sizeof(target), "%s%s", prefix,
			 functions->function[i].name);
		add_member(archive, renamed_copy(t, list, 3), here);
	}
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
static void write_index(FILE *out, const struct archive *archive)
{
	size_t size = 4 + 4 * archive->n, at;

	for (size_t i = 0; i < archive->n; i++)
		size += strlen(archive->member[i].name) + 1;
	write_head(out, "/", size);
	at = strlen(AR_MAGIC) + AR_HEADER + size + (size & 1);
	write_big_endian(out, archive->n);
	for (size_t i = 0; i < archive->n; i++) {
		size_t length = archive->member[i].object.size;

		write_big_endian(out, at);
		at += AR_HEADER + length + (length & 1);
	}
	for (size_t i = 0; i < archive->n; i++) {
		fputs(archive->member[i].name, out);
		putc(0, out);
	}
	if (size & 1)
		putc('\n', out);
}

static void write_archive(FILE *out, struct archive *archive)
{
	char name[32];

	fputs(AR_MAGIC, out);
	write_index(out, archive);
	for (size_t i = 0; i < archive->n; i++) {
		struct member *member = &archive->member[i];

		snprintf(name, sizeof(name), "declared%zu.o/", i);
		write_head(out, name, member->object.size);
		fwrite(member->object.at, 1, member->object.size, out);
		if (member->object.size & 1)
			putc('\n', out);
		free(member->object.at);
		free(member->name);
	}
}

char *declared_archive(const struct declared_list *list, const char *archive_dir,
		       const char *suffix)
{
	static const char what[] = "the archive of declared functions";
	struct archive archive = {.member = calloc(3 * list->n, sizeof(struct member))};
	struct renamed_template shim, bring;
	char *path;
	FILE *out;

	if (!archive.member)
		exit_with(2, "out of memory");
	renamed_read(&shim, archive_dir, "declared", suffix);
	renamed_read(&bring, archive_dir, "bring", suffix);
	for (size_t i = 0; i < list->n; i++)
		add_shim(&archive, &shim, &list->function[i]);
	add_chain(&archive, &bring, list, RHP_DECLARED_HEARD, "");
	add_chain(&archive, &bring, list, RHP_DECLARED_BROUGHT, WRAP);
	out = template_open(what, &path);
	write_archive(out, &archive);
	template_close(out, what);
	free(shim.object.at);
	free(bring.object.at);
	free(archive.member);
	return path;
}
