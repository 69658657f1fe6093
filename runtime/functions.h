/* SPDX-License-Identifier: MIT */
/* The numbers of the wrapped functions, as the trace knows them. */
#pragma once

#include <stdint.h>

#include "runtime/stream.h"

enum rhp_function {
	RHP_FN_NONE,
#define WRAP(group, family, ret, name, params) RHP_FN_##name,
#include "wrap/symbols.def"
#undef WRAP
	RHP_N_FUNCTIONS
};

/*
 * A number for a function that is not in the list, for as long as the process
 * lives; `text` is its name and its family, each with its NUL, and must stay.
 * RHP_FN_NONE when there are too many.
 */
HIDDEN enum rhp_function rhp_function_declare(const char *text, uint32_t size);

/* Writes the name and family of a function to the trace, the first time. */
HIDDEN void rhp_function_record(struct rhp_stream *out, enum rhp_function function);

/* Another trace begins. */
HIDDEN void rhp_functions_forget(void);
