/* SPDX-License-Identifier: MIT */
/*
 * The command line of a program as a table with a row for each option. From it come the
 * parsing, --help, --version, and the messages about words that are wrong. Options may
 * follow operands, long names may be shortened, "--" ends options, as in GNU programs.
 *
 * For a main: a wrong word ends the program with EXIT_CANNOT, --help and --version end it
 * with EXIT_FINE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_HEADING, /* no option: `help` is the line above a group of them */
	OPTION_SET,     /* bool, becomes true */
	OPTION_CLEAR,   /* bool, becomes false */
	OPTION_TEXT,    /* const char * */
	OPTION_LIST,   /* const char **, and at n_offset a size_t: one more text each time
			*/
	OPTION_NUMBER, /* size_t, from min to max */
	OPTION_REAL,   /* double, the same */
	OPTION_SIZE,   /* int64_t, the same, with K, M or G for powers of 1024 */
	OPTION_CHOICE, /* an enum or int: the index of the name that `choice` has */
	OPTION_CALL,   /* whatever `take` does */
	OPTION_HELP,   /* every program has these two without a row */
	OPTION_VERSION,
};

struct option_row {
	enum option_kind kind;
	char letter;          /* 0: it has only a long name */
	const char *name;     /* without dashes */
	const char *argument; /* what --help calls it; NULL: it takes none */
	const char *help;     /* NULL: not shown. Without a full stop; says the default */
	size_t offset;        /* of what it sets, in the program's structure of options */
	size_t n_offset;
	double min, max;                 /* max 0: as large as you like */
	const char *(*choice)(size_t i); /* NULL behind the last one */
	/* NULL, or why the argument is wrong, as in "expected a number" */
	const char *(*take)(void *options, const char *argument);
};

/* The field that a row sets, in a program's `struct options`. */
#define OPTION_FIELD(field) .offset = offsetof(struct options, field)

struct option_program {
	const char *name;
	const char *prefix; /* of all long names; NULL: none, and -h and -V are there */
	const char *usage;  /* what follows the name, one line for each way to call it */
	const char *about;  /* what the program does, in a sentence */
	const char *notes;  /* paragraphs behind the options; NULL: none */
	const char *operands; /* for a message that some are missing, or too many */
	size_t min_operands, max_operands; /* max 0: as many as you like */
	bool in_order; /* options end at the first operand, which may be followed by "-x"
			*/
	const char *status[4]; /* what exit statuses mean; NULL: there is no such one */
	const struct option_row *rows;
	size_t n_rows;
};

/*
 * Parse the command line into `options`, which has the defaults. Moves the operands to
 * the end of argv, and returns the index of the first one. Ends the program if a word is
 * wrong, and after --help and --version.
 */
int options_parse(const struct option_program *program, void *options, int argc,
		  char **argv);

/* Free the lists in `options`. */
void options_fini(const struct option_program *program, void *options);

/* Parse "5", "10K", "3M" or "1G": a number, not negative. Returns false if it is not
 * one. */
bool options_parse_size(const char *text, int64_t *size);

/* Return row i; --help and --version come last, then NULL. */
const struct option_row *options_row(const struct option_program *program, size_t i);

/* Make a list of the names to choose from, separated by commas, for the caller to free.
 * Dies if memory runs out. */
char *options_choices(const struct option_row *row);

/* Print what --help says, 80 columns wide, on standard output. */
void options_print_help(const struct option_program *program);
