/* SPDX-License-Identifier: MIT */
/* The numbers of the wrapped functions, as the trace knows them. */
#pragma once

#include <stdint.h>

#include "runtime/stream.h"

enum rhp_function {
	RHP_FN_NONE,
#define WRAP(group, family, ret, name, params) RHP_FN_##name,
#include "contract/symbols.def"
#undef WRAP
	RHP_N_FUNCTIONS
};

/*
 * Returns a number for a function that is not in the list, for as long as the process
 * lives, or RHP_FN_NONE if there are too many. `text` is the function's name and its
 * family, each with its NUL; the caller keeps it in memory.
 */
HIDDEN enum rhp_function rhp_function_declare(const char *text, uint32_t size);

/* Writes the name and family of a function to the trace, unless it has them already. */
HIDDEN void rhp_function_record(struct rhp_stream *out, enum rhp_function function);

/* The next trace has no function yet. Tracking must be off. */
HIDDEN void rhp_functions_forget(void);
