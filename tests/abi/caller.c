/* SPDX-License-Identifier: MIT */
/*
 * Calls the runtime as programs do that were compiled with other headers than it: with
 * the first one, with one that appended fields since, and with structures that end
 * earlier. C and C++; a program, or the function work_abi() of a plug-in. Prints one word
 * for each assertion that does not hold, then "done".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "first-release.h"

#define FILLER 0x5a
#define SIZE_UP_TO(field) ((uint32_t)offsetof(struct first_config, field))

/* As a later header may have them. */
struct later_config {
	struct first_config first;
	uint64_t appended[3];
};

struct later_enabled {
	struct first_enabled first;
	uint64_t appended;
};

struct later_leaks {
	struct first_leaks first;
	uint64_t appended[2];
};

static void *volatile kept;

static void check(int holds, const char *what)
{
	if (!holds)
		printf("%s ", what);
}

static struct later_config config_of(uint32_t size)
{
	struct later_config c;
	memset(&c, 0, sizeof(c));
	c.first.size = size;
	c.first.max_stack_depth = 33;
	return c;
}

/* What the runtime says; it gets no room but the result's. */
static enum first_error enable(const struct later_config *config)
{
	struct later_enabled result;
	memset(&result, FILLER, sizeof(result));
	rheaper_runtime_enable(config ? &config->first : NULL, &result.first,
			       sizeof(result.first));
	check(((unsigned char *)&result.appended)[0] == FILLER, "beyond");
	check((result.first.path != NULL) == (result.first.error == FIRST_OK), "path");
	check(result.first.system_error == 0, "errno");
	return result.first.error;
}

/* Enables if that is as it should be, and leaves a trace with one block. */
static void trace_one(const struct later_config *config, const char *what)
{
	check(enable(config) == FIRST_OK, what);
	check(rheaper_runtime_is_tracking() == 1, "tracking");
	kept = malloc(77);
	check(rheaper_runtime_mark(what) == 1, "mark");
	rheaper_runtime_end(rheaper_runtime_begin("scope"));
	check(rheaper_runtime_trace_path() != NULL, "trace_path");
	check(rheaper_runtime_disable() == FIRST_OK, "disable");
	free(kept);
}

static void refuse(const struct later_config *config, const char *what)
{
	check(enable(config) == FIRST_BAD_VALUE, what);
	check(rheaper_runtime_is_tracking() == 0, "refused");
}

static void configs(void)
{
	struct later_config c = config_of(sizeof(struct first_config));
	trace_one(NULL, "none");
	trace_one(&c, "first");
	c = config_of(sizeof(struct later_config));
	trace_one(&c, "larger");
	c.appended[2] = (uint64_t)1 << 63;
	refuse(&c, "unknown");

	/* What comes after the size is not looked at. */
	c = config_of(SIZE_UP_TO(max_bytes));
	c.first.capture = c.first.ring = c.first.reserved = 99;
	trace_one(&c, "smaller");
	c.first.size = SIZE_UP_TO(max_stack_depth);
	trace_one(&c, "least");

	c = config_of(sizeof(struct first_config));
	c.first.reserved = 1;
	refuse(&c, "reserved");
	c = config_of(0);
	refuse(&c, "zero");
	c = config_of(SIZE_UP_TO(max_bytes) + 4);
	refuse(&c, "half_a_field");
	c = config_of(sizeof(struct first_config) - 1);
	refuse(&c, "odd");
	c = config_of(UINT32_MAX);
	refuse(&c, "nonsense");
}

static void results(void)
{
	struct later_enabled enabled;
	struct later_leaks leaks;
	memset(&enabled, 0, sizeof(enabled));
	rheaper_runtime_enable(NULL, &enabled.first, sizeof(enabled));
	check(enabled.first.error == FIRST_OK && enabled.first.path, "later_enabled");
	check(enabled.appended == 0, "appended");
	kept = malloc(78);
	memset(&leaks, 0, sizeof(leaks));
	rheaper_runtime_leak_check(&leaks.first, sizeof(leaks));
	check(leaks.first.error == FIRST_OK && leaks.first.still_reachable_blocks > 0,
	      "later_leaks");
	check(leaks.appended[0] == 0 && leaks.appended[1] == 0, "appended");
	memset(&leaks, FILLER, sizeof(leaks));
	rheaper_runtime_leak_check(&leaks.first, 8);
	check(leaks.first.error == FIRST_OK && leaks.first.system_error == 0,
	      "first_two");
	check(((unsigned char *)&leaks)[8] == FILLER, "beyond_eight");
	check(rheaper_runtime_disable() == FIRST_OK, "disable");
	check(rheaper_runtime_disable() == FIRST_NOT_ENABLED, "disable_again");
	free(kept);
}

#ifdef __cplusplus
extern "C"
#endif
	int
	work_abi(void);

int work_abi(void)
{
	if (rheaper_runtime_disable)
		rheaper_runtime_disable(); /* its host may be traced */
	configs();
	results();
	puts("done");
	return 0;
}

#ifndef PLUGIN
int main(void)
{
	if (!rheaper_runtime_enable) {
		puts("absent");
		return 0;
	}
	return work_abi();
}
#endif
