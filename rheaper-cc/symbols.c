/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "rheaper-cc/symbols.h"

#define ROW(group, family, name, narrow) {GROUP_##group, #group, #family, name, narrow},

const struct symbol symbols[] = {
#define WRAP(group, family, ret, name, params) ROW(group, family, #name, #name)
#define WRAP_SIZED(group, family, ret, head, tail, params)                               \
	ROW(group, family, #head "m" #tail, #head "j" #tail)
#include "contract/symbols.def"
#undef WRAP
};

const size_t n_symbols = sizeof(symbols) / sizeof(symbols[0]);

const struct symbol *symbol_find(const char *name)
{
	for (size_t i = 0; i < n_symbols; i++)
		if (strcmp(symbols[i].name, name) == 0 ||
		    strcmp(symbols[i].narrow_name, name) == 0)
			return &symbols[i];
	return NULL;
}
