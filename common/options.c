// SPDX-License-Identifier: MIT
/*
 * getopt_long finds the options. It knows each by a number: the letter where one was
 * given, else FIRST_LONG and the index of the row. Its own messages are off, because they
 * name the program by its path and do not say what was expected.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"

#include "common/options.h"

#define FIRST_LONG 256

bool options_parse_size(const char *text, int64_t *size)
{
	static const char units[] = "KMG";
	int64_t number, unit = 1;
	const char *letter;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		letter = strchr(units, *end);
		if (!letter || end[1])
			return false;
		unit = (int64_t)1 << 10 * (letter - units + 1);
	}
	return !__builtin_mul_overflow(number, unit, size);
}

static bool parse_number(const char *text, size_t *number)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*number = strtoul(text, &end, 10);
	return !errno && !*end;
}

static bool parse_real(const char *text, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return end != text && !*end && isfinite(*number);
}

static _Noreturn void refuse_number(const struct option_row *row, const char *argument)
{
	const char *unit = row->kind == OPTION_SIZE ? ", with K, M or G" : "";

	if (row->max > 0)
		die_usage("--%s=%s: expected a number from %.15g to %.15g%s", row->name,
			  argument, row->min, row->max, unit);
	die_usage("--%s=%s: expected a number, %.15g or more%s", row->name, argument,
		  row->min, unit);
}

static void take_number(const struct option_row *row, void *field, const char *argument)
{
	int64_t size = 0;
	size_t number = 0;
	double real = 0;
	bool good;

	if (row->kind == OPTION_REAL) {
		good = parse_real(argument, &real);
	} else if (row->kind == OPTION_SIZE) {
		good = options_parse_size(argument, &size);
		real = (double)size;
	} else {
		good = parse_number(argument, &number);
		real = (double)number;
	}
	if (!good || real < row->min || (row->max > 0 && real > row->max))
		refuse_number(row, argument);
	if (row->kind == OPTION_REAL)
		*(double *)field = real;
	else if (row->kind == OPTION_SIZE)
		*(int64_t *)field = size;
	else
		*(size_t *)field = number;
}

static void take_choice(const struct option_row *row, int *field, const char *argument)
{
	const char *name;

	for (int i = 0; (name = row->choice((size_t)i)); i++) {
		if (strcmp(name, argument) == 0) {
			*field = i;
			return;
		}
	}
	die_usage("--%s=%s: expected one of %s", row->name, argument,
		  options_choices(row));
}

static void add_text(const char ***list, size_t *n, const char *text)
{
	*list = reallocarray(*list, *n + 1, sizeof(**list));
	if (!*list)
		die("read the command line: out of memory");
	(*list)[(*n)++] = text;
}

static void take(const struct option_program *program, void *options,
		 const struct option_row *row, const char *argument)
{
	void *field = (char *)options + row->offset;
	const char *wrong;

	switch (row->kind) {
	case OPTION_SET:
	case OPTION_CLEAR:
		*(bool *)field = row->kind == OPTION_SET;
		break;
	case OPTION_TEXT:
		*(const char **)field = argument;
		break;
	case OPTION_LIST: {
		void *n = (char *)options + row->n_offset;

		add_text(field, n, argument);
		break;
	}
	case OPTION_NUMBER:
	case OPTION_REAL:
	case OPTION_SIZE:
		take_number(row, field, argument);
		break;
	case OPTION_CHOICE:
		take_choice(row, field, argument);
		break;
	case OPTION_CALL:
		wrong = row->take(options, argument);
		if (wrong)
			die_usage("--%s%s%s: %s", row->name, argument ? "=" : "",
				  argument ? argument : "", wrong);
		break;
	case OPTION_HELP:
		options_print_help(program);
		finish_output();
		exit(EXIT_FINE);
	case OPTION_VERSION:
		print_version(program->name);
		finish_output();
		exit(EXIT_FINE);
	case OPTION_HEADING:
		break;
	}
}

/* The row of a number that getopt_long gave, or NULL. */
static const struct option_row *find(const struct option_program *program, int number)
{
	const struct option_row *row;

	if (number >= FIRST_LONG)
		return options_row(program, (size_t)(number - FIRST_LONG));
	for (size_t i = 0; (row = options_row(program, i)); i++) {
		if (row->name && row->letter == number)
			return row;
	}
	return NULL;
}

/* How many long names begin with a word's, which has its dashes and perhaps a value. */
static int count_matches(const struct option_program *program, const char *word)
{
	const struct option_row *row;
	size_t length = strcspn(word, "=") - 2;
	int n = 0;

	for (size_t i = 0; (row = options_row(program, i)); i++)
		n += row->name && strncmp(row->name, word + 2, length) == 0;
	return n;
}

static _Noreturn void refuse(const struct option_program *program, const char *word)
{
	const struct option_row *row = optopt ? find(program, optopt) : NULL;

	if (row && row->argument)
		die_usage("option --%s: expected an argument, as in --%s=%s", row->name,
			  row->name, row->argument);
	if (row)
		die_usage("option --%s: expected no argument", row->name);
	if (optopt)
		die_usage("unknown option: -%c", optopt);
	if (count_matches(program, word) > 1)
		die_usage("ambiguous option: %s", word);
	die_usage("unknown option: %s", word);
}

/* What getopt_long wants to be told; lengths are of at most `n` rows. */
static void make_tables(const struct option_program *program, struct option *longs,
			char *letters)
{
	const struct option_row *row;

	if (program->in_order)
		*letters++ = '+';
	*letters++ = ':'; /* tells an option without its argument from an unknown one */
	for (size_t i = 0; (row = options_row(program, i)); i++) {
		if (!row->name)
			continue;
		*longs++ = (struct option){
			row->name, row->argument ? required_argument : no_argument, NULL,
			FIRST_LONG + (int)i};
		if (row->letter)
			*letters++ = row->letter;
		if (row->letter && row->argument)
			*letters++ = ':';
	}
}

static void check_operands(const struct option_program *program, size_t n)
{
	if (n < program->min_operands)
		die_usage("missing operand: expected %s", program->operands);
	if (program->max_operands && n > program->max_operands)
		die_usage("too many operands: expected %s", program->operands);
}

int options_parse(const struct option_program *program, void *options, int argc,
		  char **argv)
{
	struct option *longs = calloc(program->n_rows + 3, sizeof(*longs));
	char *letters = calloc(program->n_rows + 4, 2);
	int number;

	if (!longs || !letters)
		die("read the command line: out of memory");
	make_tables(program, longs, letters);
	opterr = 0;
	while ((number = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (number == '?' || number == ':')
			refuse(program, argv[optind - 1]);
		take(program, options, find(program, number), optarg);
	}
	free(longs);
	free(letters);
	check_operands(program, (size_t)(argc - optind));
	return optind;
}

void options_fini(const struct option_program *program, void *options)
{
	for (size_t i = 0; i < program->n_rows; i++) {
		void *list = (char *)options + program->rows[i].offset;

		if (program->rows[i].kind == OPTION_LIST) {
			free(*(const char ***)list);
			*(const char ***)list = NULL;
		}
	}
}
