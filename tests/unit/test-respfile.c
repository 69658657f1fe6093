/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "rheaper-cc/respfile.h"

/* The words of `text`, in brackets. */
static void check_split(const char *text, const char *want)
{
	struct words words = {0};
	char got[256] = "";

	respfile_split(text, &words);
	for (size_t i = 0; i < words.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "[%s]",
			 words.word[i]);
	assert_string_equal(got, want);
	words_fini(&words);
}

static void blanks_separate(void **state)
{
	(void)state;
	check_split("", "");
	check_split(" \n\t ", "");
	check_split("a b\n\tc\r\n", "[a][b][c]");
}

static void quotes_group(void **state)
{
	(void)state;
	check_split("'a b' \"c d\"", "[a b][c d]");
	check_split("-D\"x y\"z", "[-Dx yz]");
	check_split("\"it's\" '\"'", "[it's][\"]");
	check_split("'' \"\"", "[][]");
	check_split("'open", "[open]");
}

static void backslash_escapes_even_inside_quotes(void **state)
{
	(void)state;
	check_split("a\\ b", "[a b]");
	check_split("'a\\'b'", "[a'b]");
	check_split("\"a\\\"b\\\\\"", "[a\"b\\]");
}

static char dir[] = "/tmp/rheaper-test-XXXXXX";

static const char *put(const char *name, const char *text)
{
	static char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static void check_expand(const char *word, const char *want)
{
	struct words in = {0}, out = {0};
	char *got;

	words_add(&in, word);
	respfile_expand(&in, &out);
	got = words_quote(&out);
	assert_string_equal(got, want);
	free(got);
	words_fini(&in);
	words_fini(&out);
}

static void files_are_expanded_where_they_stand(void **state)
{
	char text[160];

	(void)state;
	snprintf(text, sizeof(text), "a.o @%s 'b c.o'", put("inner", "-shared\n-lx\n"));
	snprintf(text + 100, 50, "@%s", put("outer", text));
	check_expand(text + 100, "a.o -shared -lx 'b c.o'");
}

static void files_for_the_linker_become_its_words(void **state)
{
	char text[160];

	(void)state;
	snprintf(text, sizeof(text), "-Wl,-z,now,@%s", put("ld", "--wrap=malloc -r"));
	check_expand(text, "-Xlinker -z -Xlinker now -Xlinker --wrap=malloc -Xlinker -r");
}

static void unreadable_files_stay(void **state)
{
	(void)state;
	check_expand("@/no/such/file", "@/no/such/file");
	check_expand("@/tmp", "@/tmp");
	check_expand("-Wl,@/no/such/file", "-Xlinker @/no/such/file");
}

static void a_file_that_names_itself_ends(void **state)
{
	char text[160];
	struct words in = {0}, out = {0};

	(void)state;
	snprintf(text, sizeof(text), "@%s/self a.o", dir);
	put("self", text);
	snprintf(text, sizeof(text), "@%s/self", dir);
	words_add(&in, text);
	respfile_expand(&in, &out);
	assert_true(out.n > 1);
	assert_string_equal(out.word[0], text);
	words_fini(&in);
	words_fini(&out);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"inner", "outer", "ld", "self"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_separate),
		cmocka_unit_test(quotes_group),
		cmocka_unit_test(backslash_escapes_even_inside_quotes),
		cmocka_unit_test(files_are_expanded_where_they_stand),
		cmocka_unit_test(files_for_the_linker_become_its_words),
		cmocka_unit_test(unreadable_files_stay),
		cmocka_unit_test(a_file_that_names_itself_ends),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
