/* SPDX-License-Identifier: MIT */
/*
 * Code addresses of one module as functions, source files and lines, from the
 * module's file and its debug information, wherever that is. For frames.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct symbol_settings;
struct symbols;

#define SYMBOLS_MAX_INLINED 64

struct symbol {
	const char *name; /* demangled; NULL: unknown */
	const char *file; /* NULL: unknown */
	int line;         /* 0: unknown */
};

enum symbols_problem {
	SYMBOLS_NO_FILE = 1, /* cannot be opened, or no path at all */
	SYMBOLS_NOT_ELF,     /* no object that could be read */
	SYMBOLS_OTHER_BUILD, /* another build-id than in the trace */
};

/*
 * Open the module's file, or another that has its symbols. A build id of size 0 is
 * not compared. 0, -ENOMEM or an enum symbols_problem. The settings are checked
 * ones (symbol_settings_check).
 */
int symbols_open(struct symbols **symbols, const struct symbol_settings *settings,
		 const char *path, const uint8_t *build_id, size_t build_id_size);
void symbols_close(struct symbols *symbols);

/*
 * What is at an address of the module (its address in the file, not in a
 * process): the functions, the innermost inlined one first, the one that holds
 * the code last. Their number, 0 if nothing is known. They are valid until the
 * next call.
 */
size_t symbols_find(struct symbols *symbols, uint64_t address,
		    const struct symbol **found);

/* A name for code of which nothing is known: an offset in the module at path (bytes), or
 * an address if that is NULL. */
void symbol_format_offset(const char *path, uint64_t address, char *name, size_t size);
