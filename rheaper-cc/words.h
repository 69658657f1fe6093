/* SPDX-License-Identifier: MIT */
/*
 * A growing list of command-line words. Every module of the driver that
 * builds a command uses it; a list owns copies of its words.
 */
#pragma once

#include <stddef.h>

struct words {
	char **word; /* always NULL-terminated once something was added */
	size_t n, max;
};

/* Appends a copy of `word`. Ends the program if memory is short. */
void words_add(struct words *list, const char *word);

/* Appends copies of the words of `more`. */
void words_add_all(struct words *list, const struct words *more);

/* Appends the blank-separated pieces of `text`; there is no quoting. */
void words_add_split(struct words *list, const char *text);

/* Appends one formatted word. */
__attribute__((format(printf, 2, 3))) void words_addf(struct words *list,
						      const char *format, ...);

/* Returns 1 if `word` is on the list, else 0. */
int words_has(const struct words *list, const char *word);

/*
 * Returns the words joined by single blanks, quoted so that a POSIX shell
 * reads them back exactly. The caller frees the text.
 */
char *words_quote(const struct words *list);

/* Frees the words; the list is empty afterwards and may be used again. */
void words_fini(struct words *list);

/* Prints "rheaper-cc: MESSAGE" (with strerror if it ends in a colon); exits. */
__attribute__((noreturn, format(printf, 2, 3))) void exit_with(int status,
							       const char *format, ...);
