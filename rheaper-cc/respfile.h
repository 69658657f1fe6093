/* SPDX-License-Identifier: MIT */
/*
 * Response files: `@file` on a command line stands for the words in the file.
 * The driver looks into them to judge a command; it never expands them on the
 * command line that it runs.
 */
#pragma once

#include "rheaper-cc/words.h"

/*
 * Appends to `out` what the compiler will see for `in`: every readable @file
 * replaced by its words, nested ones too, and every @file inside a -Wl, list
 * replaced by -Xlinker pairs. A file that cannot be read stays as it is.
 */
void respfile_expand(const struct words *in, struct words *out);

/*
 * Appends the words of `text`. Blanks separate; ' and " group; a backslash
 * takes the next character as it is, inside both kinds of quotes too.
 */
void respfile_split(const char *text, struct words *out);
