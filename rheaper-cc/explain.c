/* SPDX-License-Identifier: MIT */
/*
 * The notes are those of contract/note.h. A declared function leaves its structure
 * (contract/declared.h) in the data of the program when its shim was brought in; names
 * come from the symbol tables, if the program has them still.
 */
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/note.h"
#include "rheaper-cc/explain.h"
#include "rheaper-cc/words.h"

struct binary {
	const char *path;
	int fd;
	Elf *elf;
	int has_symbols; /* a .symtab, not only what the dynamic linker needs */
};

static const char *section_name(const struct binary *b, const GElf_Shdr *header)
{
	size_t strings;
	const char *name = NULL;

	if (elf_getshdrstrndx(b->elf, &strings) == 0)
		name = elf_strptr(b->elf, strings, header->sh_name);
	return name ? name : "";
}

/* The next section after `section` (NULL: the first) of a type; its data. */
static Elf_Scn *next_section(const struct binary *b, Elf_Scn *section, GElf_Word type,
			     GElf_Shdr *header, Elf_Data **data)
{
	while ((section = elf_nextscn(b->elf, section)))
		if (gelf_getshdr(section, header) && header->sh_type == type &&
		    (*data = elf_getdata(section, NULL)) && (*data)->d_buf)
			break;
	return section;
}

int is_binary(const char *path)
{
	GElf_Ehdr head;
	int fd = open(path, O_RDONLY | O_CLOEXEC), is = 0;
	Elf *elf = NULL;

	if (fd >= 0 && elf_version(EV_CURRENT) != EV_NONE)
		elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &head))
		is = head.e_type == ET_EXEC || head.e_type == ET_DYN;
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return is;
}

/* Calls f with the texts of each note of ours of a type: `size` bytes, the last one of
 * which is NUL. */
static void each_note(const struct binary *b, enum rhp_note_type type,
		      void (*f)(void *arg, const char *text, size_t size), void *arg)
{
	size_t name, desc, next;
	GElf_Shdr header;
	GElf_Nhdr note;
	Elf_Data *data;
	Elf_Scn *section = NULL;

	while ((section = next_section(b, section, SHT_NOTE, &header, &data))) {
		for (size_t at = 0; (next = gelf_getnote(data, at, &note, &name, &desc));
		     at = next) {
			const char *bytes = data->d_buf, *text = bytes + desc;

			if (note.n_type == type &&
			    note.n_namesz == sizeof(RHP_NOTE_NAME) &&
			    memcmp(bytes + name, RHP_NOTE_NAME, note.n_namesz) == 0 &&
			    note.n_descsz > 0 && !text[note.n_descsz - 1])
				f(arg, text, note.n_descsz);
		}
	}
}

struct asked_value {
	const char *key, *value;
};

static void take_value(void *arg, const char *text, size_t size)
{
	struct asked_value *asked = arg;
	size_t length = strlen(asked->key);

	if (!asked->value && size > length && strncmp(text, asked->key, length) == 0 &&
	    text[length] == '=')
		asked->value = text + length + 1;
}

/* The value of KEY= in our notes, or NULL. */
static const char *note_value(const struct binary *b, const char *key)
{
	struct asked_value asked = {.key = key};

	each_note(b, RHP_NOTE_TEXT, take_value, &asked);
	return asked.value;
}

static void say_labels(void *arg, const char *text, size_t size)
{
	(void)arg;
	for (const char *end = text + size; text < end && *text; text += strlen(text) + 1)
		printf("label %s\n", text);
}

/* lld and mold sign in .comment, gold in a note, GNU ld does not. */
static const char *linker(const struct binary *b)
{
	GElf_Shdr header;
	Elf_Data *data;
	Elf_Scn *section = NULL;

	while ((section = next_section(b, section, SHT_NOTE, &header, &data)))
		if (strcmp(section_name(b, &header), ".note.gnu.gold-version") == 0)
			return "gold";
	while ((section = next_section(b, section, SHT_PROGBITS, &header, &data))) {
		const char *text = data->d_buf, *end = text + data->d_size;

		if (strcmp(section_name(b, &header), ".comment") != 0 || end == text ||
		    end[-1])
			continue;
		for (; text < end; text += strlen(text) + 1) {
			if (strncmp(text, "Linker: ", 8) == 0)
				return text + 8;
			if (strncmp(text, "mold ", 5) == 0)
				return text;
		}
	}
	return "GNU ld, or one that does not say";
}

/* The structure of a declared function, from `at` on; NULL after the last. */
static const struct rhp_declared_spec *next_spec(const Elf_Data *data, size_t *at)
{
	const size_t size = sizeof(struct rhp_declared_spec);

	while (*at + size <= data->d_size) {
		const char *from = (const char *)data->d_buf + *at;
		const char *found = memmem(from, data->d_size - *at, RHP_DECLARED_MAGIC,
					   sizeof(RHP_DECLARED_MAGIC));
		const struct rhp_declared_spec *spec = (const void *)found;

		if (!found ||
		    (size_t)(found - (const char *)data->d_buf) + size > data->d_size)
			break;
		*at = (size_t)(found - (const char *)data->d_buf) + size;
		if (spec->text_size > 0 && spec->text_size <= RHP_DECLARED_TEXT &&
		    !spec->text[spec->text_size - 1])
			return spec;
	}
	return NULL;
}

/* Calls f with the name and the family of each function whose shim is here. */
static void each_recorded(const struct binary *b,
			  void (*f)(void *arg, const char *name, const char *family),
			  void *arg)
{
	GElf_Shdr header;
	Elf_Data *data;
	Elf_Scn *section = NULL;

	while ((section = next_section(b, section, SHT_PROGBITS, &header, &data))) {
		const struct rhp_declared_spec *spec;
		size_t at = 0;

		while ((header.sh_flags & SHF_WRITE) && (spec = next_spec(data, &at))) {
			size_t length = strlen(spec->text) + 1;

			f(arg, spec->text,
			  length < spec->text_size ? spec->text + length : "");
		}
	}
}

enum place {
	MENTIONED = 1, /* nowhere: a weak reference, as lld leaves them with a shim */
	ELSEWHERE = 2, /* in a shared library */
	HERE = 4,
};

static enum place place_of(const GElf_Sym *symbol)
{
	if (symbol->st_shndx != SHN_UNDEF)
		return HERE;
	return GELF_ST_BIND(symbol->st_info) == STB_WEAK ? MENTIONED : ELSEWHERE;
}

/* Where a function is, as far as the symbol tables say: a bit for each place. */
static unsigned int find_symbol(const struct binary *b, const char *name)
{
	static const GElf_Word types[] = {SHT_SYMTAB, SHT_DYNSYM};
	unsigned int places = 0;
	GElf_Shdr header;
	GElf_Sym symbol;
	Elf_Data *data;

	for (size_t t = 0; t < 2; t++) {
		Elf_Scn *section = NULL;

		while ((section = next_section(b, section, types[t], &header, &data))) {
			for (int i = 1; gelf_getsym(data, i, &symbol); i++) {
				const char *is = elf_strptr(b->elf, header.sh_link,
							    symbol.st_name);

				/* lld and gold give versions to names in .symtab */
				if (is && strncmp(is, name, strcspn(is, "@")) == 0 &&
				    name[strcspn(is, "@")] == '\0')
					places |= place_of(&symbol);
			}
		}
	}
	return places;
}

/* Why a function that was declared is not recorded. */
static void say_missing(const struct binary *b, const char *name)
{
	unsigned int places = find_symbol(b, name);

	printf("%s: not recorded: ", name);
	if (places & HERE)
		puts("only the source file that defines it calls it (or link-time "
		     "optimization resolved the calls)");
	else if (places & ELSEWHERE)
		puts("it is called, but was not declared when this was linked");
	else
		puts(b->has_symbols ? "nothing here refers to it (calls inside shared "
				      "libraries are not seen)"
				    : "nothing here refers to it, or the symbols that "
				      "would tell are stripped");
}

static void say_recorded(void *arg, const char *name, const char *family)
{
	const struct binary *b = arg;
	unsigned int places = find_symbol(b, name);

	/* A static function of that name may be here, too. */
	if (places & MENTIONED) {
		say_missing(b, name);
		return;
	}
	printf("%s (family %s): recorded", name, family);
	puts(places & HERE        ? ", except calls from the source file that defines it"
	     : places & ELSEWHERE ? ", except calls inside shared libraries"
				  : "");
}

struct wanted {
	const char *name;
	int found;
};

static void look_for(void *arg, const char *name, const char *family)
{
	struct wanted *wanted = arg;

	(void)family;
	wanted->found |= strcmp(name, wanted->name) == 0;
}

static void open_binary(struct binary *b)
{
	GElf_Shdr header;
	Elf_Data *data;

	b->fd = open(b->path, O_RDONLY | O_CLOEXEC);
	if (b->fd < 0)
		exit_with(2, "open %s:", b->path);
	elf_version(EV_CURRENT);
	b->elf = elf_begin(b->fd, ELF_C_READ, NULL);
	if (!b->elf)
		exit_with(2, "%s: %s", b->path, elf_errmsg(-1));
	b->has_symbols = next_section(b, NULL, SHT_SYMTAB, &header, &data) != NULL;
}

void explain_binary(const char *path, const struct declared_list *asked)
{
	struct binary b = {.path = path};
	const char *version, *capture;

	open_binary(&b);
	version = note_value(&b, "version");
	capture = note_value(&b, "scope");
	if (!version) {
		printf("%s: not instrumented\n", path);
	} else {
		printf("%s: instrumented by rheaper %s; capture=%s; C++ operators %s; "
		       "linked by %s\n",
		       path, version, capture ? capture : "process (static)",
		       note_value(&b, "operators") ? "as such" : "not wrapped",
		       linker(&b));
		each_note(&b, RHP_NOTE_LABELS, say_labels, NULL);
		each_recorded(&b, say_recorded, &b);
	}
	for (size_t i = 0; version && i < asked->n; i++) {
		struct wanted wanted = {.name = asked->function[i].name};

		each_recorded(&b, look_for, &wanted);
		if (!wanted.found)
			say_missing(&b, wanted.name);
	}
	elf_end(b.elf);
	close(b.fd);
}
