/* SPDX-License-Identifier: MIT */
/* What a linked program or library says of how it was instrumented. */
#pragma once

#include "rheaper-cc/declare.h"

/* Is this file an executable or a shared library? */
int is_binary(const char *path);

/*
 * Prints what the notes in a binary say, and for each function that is declared in
 * it or in `asked` whether it is recorded there, and if not, why. Dies if the file
 * cannot be read.
 */
void explain_binary(const char *path, const struct declared_list *asked);
