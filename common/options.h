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
	const char *status[3]; /* what exit statuses mean; NULL: there is no such one */
	const struct option_row *rows;
	size_t n_rows;
};

/*
 * Sets what the words say in `options`, which has the defaults. The index of the first
 * operand: all of them stand at the end of argv.
 */
int options_parse(const struct option_program *program, void *options, int argc,
		  char **argv);

/* Frees the lists. */
void options_fini(const struct option_program *program, void *options);

/* "5", "10K", "3M", "1G": a number that is not negative. False: it is something else. */
bool options_parse_size(const char *text, int64_t *size);

/* Row i, --help and --version last; NULL behind them. */
const struct option_row *options_row(const struct option_program *program, size_t i);

/* The names to choose from, with commas between them, for the caller to free; dies if
 * memory is out. */
char *options_choices(const struct option_row *row);

/* What --help prints, 80 columns wide, on standard output. */
void options_print_help(const struct option_program *program);
