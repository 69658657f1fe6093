// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/lock.h"

static char name[] = "/tmp/rheaper-lock-XXXXXX", other[sizeof(name) + 4];

/* How many times nobody may look at a file. */
static unsigned refused;

int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);
int __wrap_stat64(const char *path, struct stat *status);

int __wrap_stat(const char *path, struct stat *status)
{
	if (refused == 0)
		return __real_stat(path, status);
	refused--;
	errno = EACCES;
	return -1;
}

/* As stat is called where the sizes of files have 64 bits by a flag. */
int __wrap_stat64(const char *path, struct stat *status)
{
	return __wrap_stat(path, status);
}

static int make_file(void **state)
{
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "/tmp/rheaper-lock-XXXXXX");
	fd = mkstemp(name);
	snprintf(other, sizeof(other), "%s.new", name);
	return fd < 0 || write(fd, "a", 1) != 1 || close(fd) != 0;
}

static int remove_file(void **state)
{
	(void)state;
	unlink(name);
	return 0;
}

/* As another program would see it. */
static bool is_locked(void)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	bool locked;

	assert_true(fd >= 0);
	locked = flock(fd, LOCK_EX | LOCK_NB) != 0;
	close(fd);
	return locked;
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void a_lock_is_held_until_it_is_released(void **state)
{
	struct lock lock;

	(void)state;
	assert_int_equal(lock_take(&lock, name), 0);
	assert_true(is_locked());
	assert_false(lock_is_changed(&lock, name));
	lock_release(&lock);
	assert_false(is_locked());
	lock_release(&lock);
}

static void a_file_that_is_not_there_has_no_lock(void **state)
{
	struct lock lock;

	(void)state;
	assert_int_equal(lock_take(&lock, "/tmp/rheaper-no/such"), -ENOENT);
	lock_release(&lock);
}

static void a_file_that_cannot_be_looked_at_is_an_error(void **state)
{
	struct lock lock;

	(void)state;
	refused = 3;
	assert_int_equal(lock_take(&lock, name), -EACCES);
	assert_int_equal(refused, 2);
	refused = 0;
	assert_false(is_locked());
	assert_int_equal(lock_take(&lock, name), 0);
	refused = 1;
	assert_true(lock_is_changed(&lock, name));
	lock_release(&lock);
}

static void a_change_is_seen(void **state)
{
	struct lock lock;

	(void)state;
	assert_int_equal(lock_take(&lock, name), 0);
	write_file(name, "longer");
	assert_true(lock_is_changed(&lock, name));
	lock_release(&lock);
	assert_int_equal(lock_take(&lock, name), 0);
	assert_false(lock_is_changed(&lock, name));
	write_file(other, "longer");
	assert_int_equal(rename(other, name), 0);
	assert_true(lock_is_changed(&lock, name));
	lock_release(&lock);
	assert_int_equal(lock_take(&lock, name), 0);
	assert_int_equal(unlink(name), 0);
	assert_true(lock_is_changed(&lock, name));
	lock_release(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_lock_is_held_until_it_is_released,
						make_file, remove_file),
		cmocka_unit_test(a_file_that_is_not_there_has_no_lock),
		cmocka_unit_test_setup_teardown(
			a_file_that_cannot_be_looked_at_is_an_error, make_file,
			remove_file),
		cmocka_unit_test_setup_teardown(a_change_is_seen, make_file, remove_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
