/* SPDX-License-Identifier: MIT */
#include <stdbool.h>

#include "runtime/functions.h"

/* Name and family as they stand in the trace, each with its NUL. */
static const struct {
	const char *text;
	uint32_t size;
} functions[RHP_N_FUNCTIONS] = {
#define WRAP(group, family, ret, name, params)                                           \
	[RHP_FN_##name] = {#name "\0" #family, sizeof(#name "\0" #family)},
#include "wrap/symbols.def"
#undef WRAP
};

void rhp_function_record(struct rhp_stream *out, enum rhp_function function)
{
	static char recorded[RHP_N_FUNCTIONS];
	if (__atomic_exchange_n(&recorded[function], 1, __ATOMIC_RELAXED))
		return;
	struct rhp_stream_text text = {functions[function].text,
				       functions[function].size};
	rhp_stream_blob(out, RHP_BLOB_FUNCTION, function, 0, &text, 1);
}
