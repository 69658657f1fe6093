/* SPDX-License-Identifier: MIT */
/* Commands as text. */
#pragma once

/* Write the words of a command as a shell takes them, with `name` for the first one, for
 * the caller to free. Dies if memory runs out. */
char *command_quote(const char *name, int argc, char **argv);
