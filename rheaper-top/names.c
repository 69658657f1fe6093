// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "common/array.h"
#include "common/path.h"
#include "common/text.h"
#include "symbols/short-name.h"
#include "symbols/symbol-files.h"
#include "symbols/symbolize.h"

#include "rheaper-top/names.h"

struct opened {
	struct symbols *symbols; /* NULL: there are none */
	bool tried;
};

struct names {
	const struct catalog *catalog;
	const struct symbol_settings *settings;
	bool full_names;
	struct opened *opened; /* by index of the catalog's modules */
	size_t n_opened;
};

struct names *names_new(const struct catalog *catalog,
			const struct symbol_settings *settings, bool full_names)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->catalog = catalog;
	names->settings = settings;
	names->full_names = full_names;
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < names->n_opened; i++)
		symbols_close(names->opened[i].symbols);
	free(names->opened);
	free(names);
}

/* The symbols of a module into *symbols, NULL if there are none. 0 or -ENOMEM. */
static int get_symbols(struct names *names, const struct catalog_module *m,
		       struct symbols **symbols)
{
	size_t index = (size_t)(m - names->catalog->modules);
	struct opened *opened;

	if (array_grow((void **)&names->opened, &names->n_opened, index + 1,
		       sizeof(*names->opened)))
		return -ENOMEM;
	opened = &names->opened[index];
	if (!opened->tried && names->settings &&
	    symbols_open(&opened->symbols, names->settings, m->path, m->build_id,
			 m->build_id_size) < 0)
		return -ENOMEM;
	opened->tried = true;
	*symbols = opened->symbols;
	return 0;
}

/* As UTF-8 that commands nothing. NULL: out of memory. */
static char *make_printable(const char *bytes)
{
	char *utf8 = text_utf8(bytes, strlen(bytes));
	char *printable = utf8 ? text_printable(utf8) : NULL;

	free(utf8);
	return printable;
}

static int take_text(const struct names *names, const char *function, const char *file,
		     int line, int (*take)(void *context, const char *text),
		     void *context)
{
	char *text = NULL, *printable, name[SHORT_NAME_SIZE];
	int result = -ENOMEM;

	if (!names->full_names) {
		short_name(function, name, sizeof(name));
		function = name;
	}

	if (file && line > 0 &&
	    asprintf(&text, "%s %s:%d", function, path_base(file), line) < 0)
		return -ENOMEM;
	printable = make_printable(text ? text : function);
	if (printable)
		result = take(context, printable);
	free(printable);
	free(text);
	return result;
}

int names_at(struct names *names, uint64_t module, uint64_t address, bool exact,
	     int (*take)(void *context, const char *text), void *context)
{
	const struct catalog_module *m = catalog_module(names->catalog, module);
	const struct symbol *found = NULL;
	struct symbols *symbols = NULL;
	char offset[256];
	size_t n = 0;
	int result = m ? get_symbols(names, m, &symbols) : 0;

	if (result)
		return result;
	address -= m ? m->bias : 0;
	/* A return address may be past the end of its function. */
	if (symbols)
		n = symbols_find(symbols, address - !exact, &found);
	symbol_format_offset(m ? m->path : NULL, address, offset, sizeof(offset));
	if (n == 0)
		return take_text(names, offset, NULL, 0, take, context);
	for (size_t i = 0; i < n && result == 0; i++)
		result = take_text(names, found[i].name ? found[i].name : offset,
				   found[i].file, found[i].line, take, context);
	return result;
}
