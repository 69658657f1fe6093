// SPDX-License-Identifier: MIT
/*
 * What ends the program is parsed in a child, which prints into a pipe.
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/options.h"

enum colour {
	COLOUR_RED,
	COLOUR_GREEN,
};

struct options {
	bool loud, quiet;
	const char *name;
	const char **words;
	size_t n_words, count;
	double delay;
	int64_t size;
	enum colour colour;
	char taken[16];
};

static const char *colour_name(size_t i)
{
	static const char *const names[] = {"red", "green", NULL};

	return names[i];
}

static const char *take_even(void *context, const char *argument)
{
	struct options *o = context;

	if (strlen(argument) % 2)
		return "expected an even word";
	snprintf(o->taken, sizeof(o->taken), "%s", argument);
	return NULL;
}

static const struct option_row rows[] = {
	{OPTION_SET, 'l', "loud", OPTION_FIELD(loud), .help = "be loud"},
	{OPTION_CLEAR, 0, "no-quiet", OPTION_FIELD(quiet), .help = "not quiet"},
	{OPTION_TEXT, 'n', "name", "NAME", OPTION_FIELD(name), .help = "call it NAME"},
	{OPTION_LIST, 0, "word", "WORD", OPTION_FIELD(words),
	 .n_offset = offsetof(struct options, n_words), .help = "add a WORD"},
	{.help = "A group"},
	{OPTION_NUMBER, 'c', "count", "N", OPTION_FIELD(count), .min = 1, .max = 9,
	 .help = "to N"},
	{OPTION_REAL, 0, "delay", "SECONDS", OPTION_FIELD(delay), .min = 0.01,
	 .help = "wait so many seconds, which takes more than a line of eighty columns"
		 " to say"},
	{OPTION_SIZE, 0, "size", "SIZE", OPTION_FIELD(size),
	 .help = "at most SIZE bytes"},
	{OPTION_CHOICE, 0, "colour", "COLOUR", OPTION_FIELD(colour),
	 .choice = colour_name, .help = "paint it"},
	{OPTION_CALL, 0, "even", "A-WORD-THAT-IS-VERY-LONG", .take = take_even,
	 .help = "take it"},
	{OPTION_SET, 0, "old-name", OPTION_FIELD(loud)},
};

static const struct option_program program = {
	.name = "test-options",
	.usage = "[OPTION]... FILE...\n--list",
	.about = "Test.",
	.operands = "FILE...",
	.min_operands = 1,
	.max_operands = 3,
	.status = {[0] = "fine", [2] = "not fine"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

static struct options parse(const struct option_program *p, char *words, char **argv)
{
	struct options o = {.quiet = true, .count = 5};
	int argc = 0, first;

	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[++argc] = word;
	argv[0] = (char[]){"test-options"};
	argv[++argc] = NULL;
	optind = 0; /* getopt begins anew */
	first = options_parse(p, &o, argc, argv);
	memmove(argv, argv + first, sizeof(*argv) * (size_t)(argc - first + 1));
	return o;
}

static void options_and_operands_mix(void **state)
{
	char words[] = "a -ln you --word=x b --word y --count=9 --delay .5 --size=3K "
		       "--colour green --even=xx --no-quiet -- -l";
	char *left[32];
	struct options o = parse(&program, words, left);

	(void)state;
	assert_true(o.loud && !o.quiet);
	assert_string_equal(o.name, "you");
	assert_int_equal(o.n_words, 2);
	assert_string_equal(o.words[0], "x");
	assert_string_equal(o.words[1], "y");
	assert_int_equal(o.count, 9);
	assert_true(o.delay > 0.49 && o.delay < 0.51);
	assert_int_equal(o.size, 3072);
	assert_int_equal(o.colour, COLOUR_GREEN);
	assert_string_equal(o.taken, "xx");
	assert_string_equal(left[0], "a");
	assert_string_equal(left[1], "b");
	assert_string_equal(left[2], "-l");
	assert_null(left[3]);
	options_fini(&program, &o);
}

static void what_is_not_named_keeps_its_default(void **state)
{
	char words[] = "--lo a";
	char *left[32];
	struct options o = parse(&program, words, left);

	(void)state;
	assert_true(o.loud && o.quiet && !o.name && !o.words);
	assert_int_equal(o.count, 5);
}

static void words_may_begin_with_a_dash_behind_an_operand(void **state)
{
	struct option_program in_order = program;
	char words[] = "-l a -n --no-such";
	char *left[32];
	struct options o;

	(void)state;
	in_order.in_order = true;
	o = parse(&in_order, words, left);
	assert_true(o.loud && !o.name);
	assert_string_equal(left[2], "--no-such");
}

/* What parsing prints, on both outputs; the exit status in front. */
static const char *said(const char *line)
{
	static char text[4096];
	char words[256], *left[32];
	int ends[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t child;

	snprintf(words, sizeof(words), "%s", line);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		parse(&program, words, left);
		_exit(9);
	}
	close(ends[1]);
	while ((got = read(ends[0], text + 2 + n, sizeof(text) - 3 - n)) > 0)
		n += (size_t)got;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	text[0] = (char)('0' + WEXITSTATUS(status));
	text[1] = ' ';
	text[2 + n] = 0;
	return text;
}

static void wrong_words_are_named_with_what_was_expected(void **state)
{
	static const struct {
		const char *words, *message;
	} cases[] = {
		{"", "missing operand: expected FILE..."},
		{"a b c d", "too many operands: expected FILE..."},
		{"--nope a", "unknown option: --nope"},
		{"-lz a", "unknown option: -z"},
		{"--n a", "ambiguous option: --n"},
		{"a --name", "option --name: expected an argument, as in --name=NAME"},
		{"a -n", "option --name: expected an argument, as in --name=NAME"},
		{"--loud=3 a", "option --loud: expected no argument"},
		{"--count=0 a", "--count=0: expected a number from 1 to 9"},
		{"--count=10 a", "--count=10: expected a number from 1 to 9"},
		{"--count=-1 a", "--count=-1: expected a number from 1 to 9"},
		{"--count=99999999999999999999 a",
		 "--count=99999999999999999999: expected a number from 1 to 9"},
		{"-c 2x a", "--count=2x: expected a number from 1 to 9"},
		{"--delay=0 a", "--delay=0: expected a number, 0.01 or more"},
		{"--delay=nan a", "--delay=nan: expected a number, 0.01 or more"},
		{"--size=3T a",
		 "--size=3T: expected a number, 0 or more, with K, M or G"},
		{"--size=9999999999G a",
		 "--size=9999999999G: expected a number, 0 or more, with K, M or G"},
		{"--colour=blue a", "--colour=blue: expected one of red, green"},
		{"--even=odd a", "--even=odd: expected an even word"},
	};
	char expected[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(expected, sizeof(expected),
			 "2 test-options: %s\nTry 'test-options --help'.\n",
			 cases[i].message);
		assert_string_equal(said(cases[i].words), expected);
	}
}

static void help_has_every_option_in_80_columns(void **state)
{
	(void)state;
	assert_string_equal(said("--help"),
			    "0 Usage: test-options [OPTION]... FILE...\n"
			    "       test-options --list\n"
			    "Test.\n"
			    "\n"
			    "Options:\n"
			    "  -l, --loud           be loud\n"
			    "      --no-quiet       not quiet\n"
			    "  -n, --name=NAME      call it NAME\n"
			    "      --word=WORD      add a WORD\n"
			    "\n"
			    "A group:\n"
			    "  -c, --count=N        to N\n"
			    "      --delay=SECONDS  wait so many seconds, which takes "
			    "more than a line "
			    "of\n"
			    "                       eighty columns to say\n"
			    "      --size=SIZE      at most SIZE bytes\n"
			    "      --colour=COLOUR  paint it: red, green\n"
			    "      --even=A-WORD-THAT-IS-VERY-LONG\n"
			    "                       take it\n"
			    "  -h, --help           show this help and exit\n"
			    "  -V, --version        show the version and exit\n"
			    "\n"
			    "Exit status:\n"
			    "  0  fine\n"
			    "  2  not fine\n");
	assert_memory_equal(said("-V"), "0 test-options (rheaper) ", 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_operands_mix),
		cmocka_unit_test(what_is_not_named_keeps_its_default),
		cmocka_unit_test(words_may_begin_with_a_dash_behind_an_operand),
		cmocka_unit_test(wrong_words_are_named_with_what_was_expected),
		cmocka_unit_test(help_has_every_option_in_80_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
