/* SPDX-License-Identifier: MIT */
/* Explains how a linked program or library was instrumented. */
#pragma once

#include "rheaper-cc/declare.h"

/* Returns whether a file is an executable or a shared library. */
int is_binary(const char *path);

/*
 * Prints what the notes in a binary say. For each function that is declared there or in
 * `asked`, prints whether its calls are recorded, and if not, why. Dies if the file
 * cannot be read.
 */
void explain_binary(const char *path, const struct declared_list *asked);
