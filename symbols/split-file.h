// SPDX-License-Identifier: MIT
/*
 * Places what a separate file of debug information says. elfutils compares the segments
 * of both files, for one of them may have been prelinked. What mold splits off has none,
 * or others (mold 2.37 and 3.0), and every name would be that of another place. Where the
 * code has the same address and size in both files, nothing was prelinked.
 */
#pragma once

#include <stdbool.h>

#include <elfutils/libdwfl.h>

struct split_file {
	Elf *elf; /* of which the rest is known; NULL at first */
	bool fits;
	GElf_Addr bias;
};

/* Returns the bias of a file that belongs to the module: that of the module if their code
 * has one place, else `bias`, elfutils' own. */
GElf_Addr split_file_bias(struct split_file *file, Dwfl_Module *module, Elf *elf,
			  GElf_Addr bias);

/* Returns the address of a symbol of such a file likewise. */
GElf_Addr split_file_address(struct split_file *file, Dwfl_Module *module, Elf *elf,
			     const GElf_Sym *symbol, GElf_Addr address);
