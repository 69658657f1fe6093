// SPDX-License-Identifier: MIT
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
#include "rheaper-check/arena.h"
#include "rheaper-check/baseline.h"
#include "rheaper-check/limits.h"

#define HEAD "rheaper-baseline 3\n"
#define HEAD_2 "rheaper-baseline 2\n"
#define HEAD_1 "rheaper-baseline 1\n"

static char path[] = "/tmp/rheaper-test-baseline.XXXXXX";
static struct arena arena;

static int make_file(void **state)
{
	(void)state;
	return close(mkstemp(path));
}

static int remove_file(void **state)
{
	(void)state;
	arena_fini(&arena);
	return unlink(path);
}

static void write_bytes(const char *bytes, size_t n)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
}

/* The status with which a process that reads the file exits. */
static int read_in_child(const char *bytes, size_t n)
{
	int status;
	pid_t child;

	write_bytes(bytes, n);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct baseline baseline;

		if (!freopen("/dev/null", "w", stderr))
			_exit(3);
		baseline_read(&baseline, &arena, path);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void assert_written_back(struct baseline *baseline, const char *text)
{
	char back[1024];
	size_t n;
	FILE *in;

	baseline_write(baseline, path);
	in = fopen(path, "r");
	n = fread(back, 1, sizeof(back) - 1, in);
	fclose(in);
	back[n] = 0;
	assert_string_equal(back, text);
}

static void what_is_written_is_read(void **state)
{
	static const char text[] = HEAD "\nprogram p q\n\tprocesses 3\n\tpeak 7\n"
					"\nsite p q\n\tleak-blocks 1\n\tleak-bytes 0\n"
					"\nsite p q\n\tleak-blocks 3\n\tleak-bytes 30\n"
					"\tat operator new[]\tsrc/new it.c\n\tat at\n"
					"\tat f\ta.cc\t(int)\n\tat g\t\t<A B>(C) $1\n"
					"\tat main\n";
	struct baseline baseline;
	struct baseline_entry *entry;

	(void)state;
	write_bytes(text, sizeof(text) - 1);
	baseline_read(&baseline, &arena, path);
	assert_int_equal(baseline.version, NAMES_VERSION);
	assert_int_equal(baseline.programs.n, 1);
	assert_int_equal(baseline.sites.n, 2);
	entry = baseline_find(&baseline.sites,
			      "p q\noperator new[]\tsrc/new it.c\nat\nf\ta.cc\t(int)\n"
			      "g\t\t<A B>(C) $1\nmain");
	assert_non_null(entry);
	assert_int_equal(entry->amounts[AMOUNT_LEAK_BYTES], 30);
	assert_false(entry->has[AMOUNT_PEAK]);
	assert_null(baseline_find(&baseline.sites, "p q\nmain"));
	assert_written_back(&baseline, text);
}

static void an_older_one_stays_what_it_is(void **state)
{
	static const char *const texts[] = {
		HEAD_1 "\nsite p\n\tleak-blocks 1\n\tat f\n",
		HEAD_2 "\nsite p\n\tleak-blocks 1\n\tat f\n\tat g\tg.c\n",
	};
	struct baseline baseline;

	(void)state;
	for (int i = 0; i < 2; i++) {
		write_bytes(texts[i], strlen(texts[i]));
		baseline_read(&baseline, &arena, path);
		assert_int_equal(baseline.version, i + 1);
		assert_written_back(&baseline, texts[i]);
	}
}

static void what_is_no_baseline_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"rheaper-baseline\n",
		"rheaper-baseline 0\n",
		"rheaper-baseline 4\n",
		"rheaper-baseline 10\n",
		"rheaper-baseline 1 \n",
		HEAD_1 "site p\n\tat a\ta.c\n",
		HEAD_2 "site p\n\tat a\ta.c\t(int)\n",
		HEAD "site p\n\tat \ta.c\n",
		HEAD "site p\n\tat a\t\n",
		HEAD "site p\n\tat a\t\t\n",
		HEAD "site p\n\tat a\ta.c\t\n",
		HEAD "site p\n\tat a\ta.c\t(int)\tb\n",
		HEAD "site p\n\tat a\t\t(\x01)\n",
		HEAD "site p\n\tat a\ta\x01.c\n",
		HEAD "site\tp\n",
		HEAD "site p\n\tpeak\t1\n",
		HEAD "site\n",
		HEAD "peak 1\n",
		HEAD "\tpeak 1\n",
		HEAD "site p\n\tpeak\n",
		HEAD "site p\n\tpeak -1\n",
		HEAD "site p\n\tpeak +1\n",
		HEAD "site p\n\tpeak 1x\n",
		HEAD "site p\n\tpeak 9223372036854775808\n",
		HEAD "site p\n\tpeak 1\n\tpeak 1\n",
		HEAD "site p\n\tcolour 1\n",
		HEAD "site p\n\tprocesses 1\n",
		HEAD "program p\n\tprocesses 0\n",
		HEAD "program p\n\tprocesses 1x\n",
		HEAD "program p\n\tprocesses 1\n\tprocesses 1\n",
		HEAD_2 "program p\n\tprocesses 1\n",
		HEAD "site p\n\tat a\x01\n",
		HEAD "site p\n\tat a\xff\n",
		HEAD "program p\n\tat a\n",
		HEAD "site p\n\n\tat a\n",
		HEAD "site p\n\tat a\nsite p\n\tat a\n",
		HEAD "<<<<<<< ours\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (read_in_child(texts[i], strlen(texts[i])) != 2)
			fail_msg("accepted: %s", texts[i]);
	}
	assert_int_equal(read_in_child(HEAD "site p\n\tat a\0b\n",
				       sizeof(HEAD "site p\n\tat a\0b\n") - 1),
			 2);
	assert_int_equal(read_in_child(HEAD, strlen(HEAD)), 0);
}

/* Cut anywhere, it is either read or refused. */
static void a_torn_baseline_does_no_harm(void **state)
{
	static const char text[] = HEAD "\nsite p\n\tleak-blocks 1\n\tat a\n\tat main\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		int status = read_in_child(text, n);

		assert_true(status == 0 || status == 2);
	}
}

static void amounts_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t amount; /* -1: it is none */
	} rows[] = {
		{"0", 0},
		{"17", 17},
		{"2K", 2048},
		{"1M", 1 << 20},
		{"1G", 1 << 30},
		{"", -1},
		{"-1", -1},
		{"1k", -1},
		{"1KB", -1},
		{"K", -1},
		{" 1", -1},
		{"9223372036854775807", INT64_MAX},
		{"9223372036854775808", -1},
		{"9007199254740992K", -1},
	};
	int64_t amount;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool good = options_parse_size(rows[i].text, &amount);

		assert_int_equal(good, rows[i].amount >= 0);
		if (good)
			assert_int_equal(amount, rows[i].amount);
	}
}

static void a_limit_is_a_number_or_a_share(void **state)
{
	struct limits limits = {0};

	(void)state;
	limits_take_growth(&limits, "peak=5%");
	limits_take_growth(&limits, "leak-bytes=1K");
	limits_take_growth(&limits, "site-bytes=0.5%");
	assert_true(limits.growth[AMOUNT_PEAK].asked);
	assert_false(limits.growth[AMOUNT_BYTES].asked);
	assert_int_equal(limit_apply(&limits.growth[AMOUNT_PEAK], 1000), 1050);
	assert_int_equal(limit_apply(&limits.growth[AMOUNT_PEAK], 19), 19);
	assert_int_equal(limit_apply(&limits.site_growth[AMOUNT_LEAK_BYTES], 1), 1025);
	assert_int_equal(limit_apply(&limits.site_growth[AMOUNT_BYTES], 200), 201);
	assert_int_equal(limit_apply(&limits.site_growth[AMOUNT_LEAK_BLOCKS], 3), 3);
	assert_int_equal(limit_apply(&limits.growth[AMOUNT_PEAK], INT64_MAX), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(an_older_one_stays_what_it_is),
		cmocka_unit_test(what_is_no_baseline_is_refused),
		cmocka_unit_test(a_torn_baseline_does_no_harm),
		cmocka_unit_test(amounts_have_units),
		cmocka_unit_test(a_limit_is_a_number_or_a_share),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
