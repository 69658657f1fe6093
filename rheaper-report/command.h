/* SPDX-License-Identifier: MIT */
#pragma once

/* Write the words of a command as a shell takes them, with "rheaper-report" for the first
 * one, for the caller to free. Dies if memory runs out. */
char *command_quote(int argc, char **argv);
