/* SPDX-License-Identifier: MIT */
#include "rheaper-cc/symbols.h"

const struct symbol symbols[] = {
#define WRAP(group, family, ret, name, params) {GROUP_##group, #group, #family, #name},
#include "wrap/symbols.def"
#undef WRAP
};

const size_t n_symbols = sizeof(symbols) / sizeof(symbols[0]);
