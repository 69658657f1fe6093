/* SPDX-License-Identifier: MIT */
/*
 * The wrapped symbols as the driver sees them: contract/symbols.def as a table, for
 * every target at once.
 */
#pragma once

#include <stddef.h>

enum symbol_group {
	GROUP_core,
	GROUP_core_late,
	GROUP_cxx,
	GROUP_string,
	GROUP_libc,
	GROUP_libc_late,
	GROUP_loader,
	GROUP_exec,
	GROUP_control,
	GROUP_control_late,
};

struct symbol {
	enum symbol_group group;
	const char *group_name, *family, *name;
	const char *narrow_name; /* where size_t has 32 bits */
};

extern const struct symbol symbols[];
extern const size_t n_symbols;

/* The wrapped symbol of that name, on whatever target; NULL if there is none. */
const struct symbol *symbol_find(const char *name);
