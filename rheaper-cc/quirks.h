/* SPDX-License-Identifier: MIT */
/* What some compilers cannot do, and what cannot be done with some libcs. */
#pragma once

#include "rheaper-cc/words.h"

struct quirk {
	const char *tool; /* what the name of the program begins with, or NULL */
	const char *word; /* or a word by which a command has it */
	int no_code;      /* it refuses the target's word for code (target.h) */
	int own_linker;   /* as in struct cmd_driver (cmdline.h) */
	int own_libraries;
	/* Why its links are left alone, NULL: they are not; and what is said then */
	const char *no_link, *advice;
};

/*
 * Returns what the compiler of a command cannot do: the program that it runs, or what
 * that is a link to, or a name behind it (`ccache tcc`); or what the words that it is
 * given ask for. NULL if nothing is known.
 */
const struct quirk *quirk_find(const struct words *command, const struct words *words);
