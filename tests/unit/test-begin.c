/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/settings.h"
#include "runtime/trace-file.h"

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
}

/* A descriptor that is free next: the same later means that nothing stayed open. */
static int next_descriptor(void)
{
	int fd = open("/", O_RDONLY);
	assert_true(fd >= 0);
	close(fd);
	return fd;
}

static struct rhp_settings settings_of(const char *path)
{
	static struct rhp_settings settings;
	char variable[128];
	snprintf(variable, sizeof(variable), "RHEAPER_TRACE=%s", path);
	rhp_settings_read(&settings, (char *[]){variable, NULL});
	rhp_settings_expand_path(&settings, path);
	return settings;
}

static void what_cannot_begin_is_removed_where_it_was_made(void **state)
{
	(void)state;
	int descriptor = next_descriptor();
	assert_int_equal(mkdir("here", 0700), 0);
	struct rhp_settings settings = settings_of("here/t.bin");
	assert_int_equal(rhp_trace_create(&settings, 0), 0);
	assert_int_equal(access("here/t.bin", F_OK), 0);

	/* Somebody leads the name elsewhere meanwhile. */
	assert_int_equal(rename("here", "there"), 0);
	assert_int_equal(mkdir("here", 0700), 0);
	make_file("here/t.bin");
	assert_int_equal(rhp_trace_abandon(settings.path, -ENOSPC), -ENOSPC);
	assert_int_equal(next_descriptor(), descriptor);
	assert_int_equal(unlink("here/t.bin"), 0);
	assert_int_equal(rmdir("here"), 0);
	assert_int_equal(rmdir("there"), 0); /* there is nothing in it */
}

static void the_next_name_is_of_the_same_directory(void **state)
{
	(void)state;
	int descriptor = next_descriptor();
	make_file("t.bin");
	struct rhp_settings settings = settings_of("t.bin");
	assert_int_equal(rhp_trace_create(&settings, 0), 0);
	assert_string_equal(settings.path, "t.bin.1");
	rhp_trace_keep();
	assert_int_equal(next_descriptor(), descriptor);
	assert_int_equal(unlink("t.bin.1"), 0);
	assert_int_equal(unlink("t.bin"), 0);
}

static void nothing_begins_where_nothing_can_be(void **state)
{
	(void)state;
	int descriptor = next_descriptor();
	struct rhp_settings settings = settings_of("none/t.bin");
	assert_int_equal(rhp_trace_create(&settings, 0), -ENOENT);
	make_file("file");
	settings = settings_of("file/t.bin");
	assert_int_equal(rhp_trace_create(&settings, 0), -ENOTDIR);
	assert_int_equal(unlink("file"), 0);
	assert_int_equal(mkdir("t.bin", 0700), 0);
	settings = settings_of("t.bin");
	assert_int_equal(rhp_trace_create(&settings, 0), -ENOTSUP);
	assert_int_equal(rmdir("t.bin"), 0);
	assert_int_equal(next_descriptor(), descriptor);
}

static char directory[] = "/tmp/rheaper-test-XXXXXX";

static int enter(void **state)
{
	(void)state;
	return mkdtemp(directory) ? chdir(directory) : -1;
}

static int leave(void **state)
{
	(void)state;
	return chdir("/") || rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_begin_is_removed_where_it_was_made),
		cmocka_unit_test(the_next_name_is_of_the_same_directory),
		cmocka_unit_test(nothing_begins_where_nothing_can_be),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
