// SPDX-License-Identifier: MIT
/* A baseline file of rheaper-check. */
#include "rheaper-check/arena.h"
#include "rheaper-check/baseline.h"
#include "tests/fuzz/fuzz.h"

static void read_baseline(void *context)
{
	struct baseline baseline;

	baseline_read(&baseline, context, "0");
	for (size_t i = 0; i < baseline.sites.n; i++) {
		if (!baseline_find(&baseline.sites, baseline.sites.entries[i].key))
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_files files = {.bytes = {data}, .sizes = {size}, .n = 1};
	struct arena arena = {0};

	fuzz_with_files(&files, read_baseline, &arena);
	arena_fini(&arena);
	return 0;
}
