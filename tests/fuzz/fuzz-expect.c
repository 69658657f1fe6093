// SPDX-License-Identifier: MIT
/* A file of budgets of rheaper-check. */
#include "common/glob.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/expect.h"
#include "tests/fuzz/fuzz.h"

static void read_expectations(void *context)
{
	struct expectations all = {.arena = context};

	expect_read(&all, "0");
	for (size_t i = 0; i < all.n; i++)
		glob_fits(all.list[i].name, "a name of a scope");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_files files = {.bytes = {data}, .sizes = {size}, .n = 1};
	struct arena arena = {0};

	fuzz_with_files(&files, read_expectations, &arena);
	arena_fini(&arena);
	return 0;
}
