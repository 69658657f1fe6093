/* SPDX-License-Identifier: MIT */
/* What some compilers cannot do. */
#pragma once

#include "rheaper-cc/words.h"

struct quirk {
	const char *tool; /* what the name of the program begins with */
	int no_code;      /* it refuses the target's word for code (target.h) */
	/* Why its links are left alone, NULL: they are not; and what is said then */
	const char *no_link, *advice;
};

/*
 * Returns what the compiler of a command cannot do: the program that it runs, or what
 * that is a link to, or a name behind it (`ccache tcc`). NULL if nothing is known.
 */
const struct quirk *quirk_find(const struct words *command);
