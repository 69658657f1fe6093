// SPDX-License-Identifier: MIT
/*
 * What --help prints. Options stand on the left, each with what it does in a column on
 * the right; that begins on the next line where the left side has no room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"

#include "common/options.h"

#define WIDTH 80
#define MAX_LEFT 28 /* of an option, with the blanks around it */

static const struct option_row standard[][2] = {
	{{.kind = OPTION_HELP, .name = "help", .help = "show this help and exit"},
	 {.kind = OPTION_VERSION,
	  .name = "version",
	  .help = "show the version and exit"}},
	{{.kind = OPTION_HELP,
	  .letter = 'h',
	  .name = "help",
	  .help = "show this help and exit"},
	 {.kind = OPTION_VERSION,
	  .letter = 'V',
	  .name = "version",
	  .help = "show the version and exit"}},
};

const struct option_row *options_row(const struct option_program *program, size_t i)
{
	if (i < program->n_rows)
		return &program->rows[i];
	i -= program->n_rows;
	return i < 2 ? &standard[program->prefix == NULL][i] : NULL;
}

static _Noreturn void fail(void)
{
	die("write the help: out of memory");
}

char *options_choices(const struct option_row *row)
{
	const char *name;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		fail();
	for (size_t i = 0; (name = row->choice(i)); i++)
		fprintf(out, "%s%s", i ? ", " : "", name);
	if (fclose(out) != 0)
		fail();
	return text;
}

/* Print words from a column on; those that do not fit go to lines with an indent. */
static void print_words(const char *text, size_t column, size_t indent)
{
	for (bool first = true; *text; first = false) {
		size_t n = strcspn(text, " \n");

		if (!first && column + 1 + n > WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (!first && column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)n, text);
		column += n;
		text += n;
		if (*text == '\n') {
			printf("\n%*s", (int)indent, "");
			column = indent;
		}
		text += *text != 0;
	}
	putchar('\n');
}

/* "  -f, --format=FORMAT" */
static char *make_left(const struct option_program *program, const struct option_row *row)
{
	const char *prefix = program->prefix;
	char letter[] = "  -x, ", *text;

	letter[3] = row->letter;
	if (asprintf(&text, "%s--%s%s%s%s",
		     row->letter ? letter
		     : prefix    ? "  "
				 : "      ",
		     prefix ? prefix : "", row->name, row->argument ? "=" : "",
		     row->argument ? row->argument : "") < 0)
		fail();
	return text;
}

/* What an option does, with what there is to choose from. */
static char *make_right(const struct option_row *row)
{
	char *choices = row->choice ? options_choices(row) : NULL, *text;

	if (asprintf(&text, "%s%s%s", row->help, choices ? ": " : "",
		     choices ? choices : "") < 0)
		fail();
	free(choices);
	return text;
}

/* The column in which the right side begins. */
static size_t find_column(const struct option_program *program)
{
	const struct option_row *row;
	size_t column = 0;

	for (size_t i = 0; (row = options_row(program, i)); i++) {
		char *left = row->name && row->help ? make_left(program, row) : NULL;
		size_t length = left ? strlen(left) + 2 : 0;

		if (length > column && length <= MAX_LEFT)
			column = length;
		free(left);
	}
	return column;
}

static void print_option(const struct option_program *program,
			 const struct option_row *row, size_t column)
{
	char *left = make_left(program, row), *right = make_right(row);
	size_t length = strlen(left);

	if (length + 2 > column)
		printf("%s\n%*s", left, (int)column, "");
	else
		printf("%-*s", (int)column, left);
	print_words(right, column, column);
	free(left);
	free(right);
}

static void print_usage(const struct option_program *program)
{
	const char *line = program->usage;

	for (bool first = true; *line; first = false) {
		size_t n = strcspn(line, "\n");

		printf("%s%s %.*s\n", first ? "Usage: " : "       ", program->name,
		       (int)n, line);
		line += n + (line[n] != 0);
	}
}

static void print_status(const struct option_program *program)
{
	const char *title = "\nExit status:\n";

	for (size_t i = 0; i < sizeof(program->status) / sizeof(*program->status); i++) {
		if (!program->status[i])
			continue;
		fputs(title, stdout);
		title = "";
		printf("  %zu  ", i);
		print_words(program->status[i], 5, 5);
	}
}

void options_print_help(const struct option_program *program)
{
	const struct option_row *row;
	size_t column = find_column(program);

	print_usage(program);
	print_words(program->about, 0, 0);
	if (options_row(program, 0)->kind != OPTION_HEADING)
		puts("\nOptions:");
	for (size_t i = 0; (row = options_row(program, i)); i++) {
		if (row->kind == OPTION_HEADING)
			printf("\n%s:\n", row->help);
		else if (row->help)
			print_option(program, row, column);
	}
	if (program->notes) {
		putchar('\n');
		print_words(program->notes, 0, 0);
	}
	print_status(program);
}
