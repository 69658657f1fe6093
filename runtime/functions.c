/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "runtime/functions.h"

#define MAX_DECLARED 2048 /* two threads may declare the same function at once */

/* Name and family as they stand in the trace, each with its NUL. */
struct function {
	const char *text;
	uint32_t size;
};

static const struct function functions[RHP_N_FUNCTIONS] = {
	[RHP_FN_NONE] = {"unknown\0none", sizeof("unknown\0none")},
#define WRAP(group, family, ret, name, params)                                           \
	[RHP_FN_##name] = {#name "\0" #family, sizeof(#name "\0" #family)},
#include "contract/symbols.def"
#undef WRAP
};

static struct function declared[MAX_DECLARED];
static uint32_t n_declared;
/* A bit for each: riscv64 has no atomic instructions for less than 32. */
static uint32_t recorded[(RHP_N_FUNCTIONS + MAX_DECLARED) / 32 + 1];

enum rhp_function rhp_function_declare(const char *text, uint32_t size)
{
	uint32_t i = __atomic_fetch_add(&n_declared, 1, __ATOMIC_RELAXED);
	if (i >= MAX_DECLARED)
		return RHP_FN_NONE;
	declared[i] = (struct function){text, size};
	return (enum rhp_function)(RHP_N_FUNCTIONS + i);
}

void rhp_function_record(struct rhp_stream *out, enum rhp_function function)
{
	uint32_t bit = 1u << function % 32;
	if (__atomic_fetch_or(&recorded[function / 32], bit, __ATOMIC_RELAXED) & bit)
		return;
	const struct function *f = function < RHP_N_FUNCTIONS
					   ? &functions[function]
					   : &declared[function - RHP_N_FUNCTIONS];
	struct rhp_stream_text text = {f->text, f->size};
	rhp_stream_blob(out, RHP_BLOB_FUNCTION, function, 0, &text, 1);
}

void rhp_functions_forget(void)
{
	memset(recorded, 0, sizeof(recorded));
}
