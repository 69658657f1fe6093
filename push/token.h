/* SPDX-License-Identifier: MIT */
#pragma once

/* Read a token, and put `prefix` before it, for the caller to free. Dies if others can
 * read the file, or if it is no token. */
char *token_read(const char *path, const char *prefix);
