/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdio.h>

/* Print lines of fields with a tab between them as columns. Changes the text. Dies if
 * memory runs out. */
void table_print(char *text, FILE *out);
