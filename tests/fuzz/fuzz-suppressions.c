// SPDX-License-Identifier: MIT
/* A suppression file of rheaper-check, and what its patterns fit. */
#include "common/glob.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/suppress.h"
#include "tests/fuzz/fuzz.h"

static void read_suppressions(void *context)
{
	static const char *const texts[] = {
		"", "a", "main", "std::vector<int, std::allocator<int> >::push_back",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"};
	struct suppressions all;

	suppress_init(&all, context);
	suppress_read(&all, "0");
	for (size_t i = 0; i < all.n; i++) {
		const struct suppression *s = &all.list[i];

		for (size_t k = 0; k < s->n_steps; k++) {
			for (size_t t = 0; t < sizeof(texts) / sizeof(*texts); t++)
				glob_fits(s->steps[k].pattern, texts[t]);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_files files = {.bytes = {data}, .sizes = {size}, .n = 1};
	struct arena arena = {0};

	fuzz_with_files(&files, read_suppressions, &arena);
	arena_fini(&arena);
	return 0;
}
