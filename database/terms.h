/* SPDX-License-Identifier: MIT */
/*
 * The names that a database, and the programs that talk about it, use for how a trace
 * ended and for kinds of leaks. schema.sql says what each means.
 */
#pragma once

#include <stdbool.h>

/* processes.ending */
enum process_ending {
	ENDING_UNKNOWN,
	ENDING_EXITED,
	ENDING_STOPPED,
	ENDING_SNAPSHOT,
	ENDING_EXECUTED,
	ENDING_FULL,
	ENDING_FAILED,
	N_PROCESS_ENDINGS
};

extern const char *const process_ending_names[N_PROCESS_ENDINGS];

/* Find the ending of that name; N_PROCESS_ENDINGS if there is none. */
enum process_ending process_ending_find(const char *name);

/* modules.symbols: what became of the file that has the names of a module. */
enum module_symbols {
	MODULE_FOUND,
	MODULE_NO_FILE,
	MODULE_NOT_ELF,
	MODULE_OTHER_BUILD,
	MODULE_NEWER,      /* found, but it may be another build */
	MODULE_UNREADABLE, /* found, but not the debug information that there is */
	MODULE_NOT_ASKED,  /* NULL */
	N_MODULE_SYMBOLS
};

extern const char *const module_symbols_names[N_MODULE_SYMBOLS];

/* Find the state of that name, which may be NULL. */
enum module_symbols module_symbols_find(const char *name);

/* What the frames of a module lack, "source lines: ...", and what to do about it. */
struct module_gap {
	const char *what, *remedy;
};

/* Return what a module lacks of whose frames none has a line. */
struct module_gap module_find_gap(enum module_symbols symbols, bool has_functions);

/* lots.leak_kind, and enum rhp_leak_kind of the trace: what still points to a block that
 * was not freed. */
enum leak_kind {
	LEAK_UNKNOWN, /* memory was not scanned for leaks */
	LEAK_DEFINITE,
	LEAK_INDIRECT,
	LEAK_POSSIBLE,
	LEAK_REACHABLE,
	N_LEAK_KINDS
};

extern const char *const leak_kind_names[N_LEAK_KINDS];
