// SPDX-License-Identifier: MIT
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/json.h"

static char *written;
static size_t written_size;

static struct json start(void)
{
	FILE *out = open_memstream(&written, &written_size);

	assert_non_null(out);
	return json_open(out);
}

static void expect(struct json *json, const char *text)
{
	assert_int_equal(fclose(json->out), 0);
	assert_string_equal(written, text);
	free(written);
}

static void texts_are_valid_and_command_no_terminal(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"", "\"\""},
		{"a\"\\b", "\"a\\\"\\\\b\""},
		{"\033[2J\177\n", "\"\\u001b[2J\\u007f\\u000a\""},
		{"\302\23331m\302\237", "\"\\u009b31m\\u009f\""}, /* U+009B */
		{"\302\240\303\233\342\230\203", "\"\302\240\303\233\342\230\203\""},
		{"x\302", "\"x\\\\xc2\""},
		{"\355\240\200", "\"\\\\xed\\\\xa0\\\\x80\""}, /* a surrogate */
		{NULL, "null"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json json = start();

		json_text(&json, cases[i].text);
		expect(&json, cases[i].json);
	}
}

static void bytes_may_have_nul_and_no_end(void **state)
{
	struct json json = start();

	(void)state;
	json_bytes(&json, "a\0b\303", 4);
	expect(&json, "\"a\\\\x00b\\\\xc3\"");
}

static void commas_are_between_elements_only(void **state)
{
	struct json json = start();

	(void)state;
	json_begin_object(&json);
	json_key(&json, "none");
	json_begin_array(&json);
	json_end_array(&json);
	json_key(&json, "some");
	json_begin_array(&json);
	json_begin_object(&json);
	json_end_object(&json);
	json_null(&json);
	json_begin_object(&json);
	json_put_bool(&json, "a", true);
	json_put_bool(&json, "b", false);
	json_end_object(&json);
	json_end_array(&json);
	json_put_text(&json, "last", "x");
	json_end_object(&json);
	expect(&json, "{\"none\":[],\"some\":[{},null,{\"a\":true,\"b\":false}],"
		      "\"last\":\"x\"}");
}

static void lines_are_of_one_array(void **state)
{
	struct json json = start();

	(void)state;
	json_begin_lines(&json);
	for (int i = 0; i < 2; i++) {
		json_begin_array(&json);
		json_integer(&json, i);
		json_begin_lines(&json);
		json_end_array(&json);
		json_end_array(&json);
	}
	json_end_array(&json);
	expect(&json, "[\n[0,[]],\n[1,[]]\n]");
}

static void numbers_are_those_of_json(void **state)
{
	struct json json = start();

	(void)state;
	json_begin_array(&json);
	json_integer(&json, INT64_MIN);
	json_unsigned(&json, UINT64_MAX);
	json_real(&json, 0.25, 1);
	json_real(&json, -1234.5678, 3);
	json_real(&json, NAN, 3);
	json_real(&json, -INFINITY, 3);
	json_number(&json, "1e9");
	json_end_array(&json);
	expect(&json,
	       "[-9223372036854775808,18446744073709551615,0.2,-1234.568,null,null,1e9]");
}

static void keys_are_in_snake_case(void **state)
{
	struct json json = start();

	(void)state;
	json_begin_object(&json);
	json_put_integer(&json, "leak-bytes", -1);
	json_put_unsigned(&json, "definitely lost", 1);
	json_put_real(&json, "rate", 1.5, 2);
	json_key_verbatim(&json, "ruleId \"-\"");
	json_null(&json);
	json_end_object(&json);
	expect(&json, "{\"leak_bytes\":-1,\"definitely_lost\":1,\"rate\":1.50,"
		      "\"ruleId \\\"-\\\"\":null}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_valid_and_command_no_terminal),
		cmocka_unit_test(bytes_may_have_nul_and_no_end),
		cmocka_unit_test(commas_are_between_elements_only),
		cmocka_unit_test(lines_are_of_one_array),
		cmocka_unit_test(numbers_are_those_of_json),
		cmocka_unit_test(keys_are_in_snake_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
