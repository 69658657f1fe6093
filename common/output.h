/* SPDX-License-Identifier: MIT */
/*
 * Where a program writes to: standard output, or a file that appears under its name
 * when it is whole. Dies of what cannot be written. There is one at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/*
 * Begin. NULL: standard output, which for a binary format must be no terminal. A
 * file of that name is replaced, unless it is the one at `input` (NULL: there is none).
 */
FILE *output_open(const char *path, const char *input, bool binary);

/* Let others read a new file as the umask says, not its owner alone. */
void output_share(void);

/* End: everything is written, the file has its name. */
void output_finish(void);

/* Die because of errno. */
_Noreturn void output_die(void);
