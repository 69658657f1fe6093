/* SPDX-License-Identifier: MIT */
/*
 * Looks up addresses of one module: their functions, source files and lines, from the
 * module's file and its debug information. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
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
 * Open the symbols of a module: its file, or another one that has its symbols. A build id
 * of size 0 is not compared. symbol_settings_check must have checked the settings.
 * Returns 0, -ENOMEM or an enum symbols_problem; *symbols is set only if it returns 0.
 */
int symbols_open(struct symbols **symbols, const struct symbol_settings *settings,
		 const char *path, const uint8_t *build_id, size_t build_id_size);
void symbols_close(struct symbols *symbols);

/* Return whether there is debug information that libdw cannot read, for it is compressed
 * in a way that it does not know: elfutils before 0.189 do not know zstd. */
bool symbols_are_unreadable(const struct symbols *symbols);

/*
 * Look up an address of the module, as its file has it (not as a process does). *found
 * becomes an array of the functions there: the innermost inlined one first, the one that
 * holds the code last. Returns their number, 0 if nothing is known. They are valid until
 * the next call.
 */
size_t symbols_find(struct symbols *symbols, uint64_t address,
		    const struct symbol **found);

/*
 * Find the jumps (tail calls) that left no frame between a call and the function that was
 * entered, where the debug information has the one possible way. The call returns to
 * `call`; `entered` is an address in the function, or, if that is 0, `name` is what it is
 * called, demangled. Sets `jumps` to an address behind each, the outermost first, and
 * returns their number: 0 if there are none, or nobody knows.
 */
#define SYMBOLS_MAX_JUMPS 8
size_t symbols_find_jumps(struct symbols *symbols, uint64_t call, uint64_t entered,
			  const char *name, uint64_t jumps[SYMBOLS_MAX_JUMPS]);

/* A variable of the module. Texts live until the module is closed. */
struct symbols_variable {
	const char *name; /* demangled */
	char *file;       /* for the caller to free; NULL: unknown */
	int line;         /* 0: unknown */
	uint64_t address; /* as the module's file has it; of a thread-local one: where it
			   * begins, minus the thread pointer */
	uint64_t size;
};

/*
 * Find the variable that holds an address of the module; or the thread-local one that
 * holds what lies so far from the thread pointer, if the module is the program itself:
 * libraries have no fixed place there. Returns 1 if there is one, 0 if not, or -ENOMEM.
 */
int symbols_find_variable(struct symbols *symbols, uint64_t address,
			  struct symbols_variable *found);
int symbols_find_thread_local(struct symbols *symbols, int64_t distance,
			      struct symbols_variable *found);

/* Write a name for code without symbols to `name`, of `size` bytes: MODULE+0xOFFSET, or
 * 0xADDRESS if `path` is NULL. The path may be any bytes. */
void symbol_format_offset(const char *path, uint64_t address, char *name, size_t size);
