/* SPDX-License-Identifier: MIT */
/* The text in hand of short-name.c, and what short-name-fold.c does to it. */
#pragma once

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "symbols/short-name.h"

#define SHORT_NAME_MAX_LEVELS 32

enum fold {
	KEEP,
	DROP,
	ARGUMENTS, /* of a template: default ones are dropped, long ones folded */
	SELF,      /* Rust's <Type as Trait> and <impl Trait for Type> */
};

struct level {
	char close;
	enum fold fold;
	size_t start;         /* of the text behind the bracket */
	size_t argument;      /* where the last argument begins */
	size_t as;            /* where " as " stands; 0: nowhere */
	bool overflow;        /* text is missing */
	bool overflow_before; /* the last argument */
};

struct shortener {
	const char *name, *end; /* what is left to read */
	char text[SHORT_NAME_SIZE];
	size_t n;
	struct level levels[SHORT_NAME_MAX_LEVELS];
	size_t n_levels, n_deeper;
	bool in_operator, after_sign, after_parameters;
};

static inline bool is_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_$.~'", c)) || (c & 0x80);
}

static inline bool begins_with(const char *at, const char *end, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(end - at) >= n && memcmp(at, what, n) == 0;
}

static inline bool ends_with(const struct shortener *s, const char *what)
{
	size_t n = strlen(what);

	return s->n >= n && memcmp(s->text + s->n - n, what, n) == 0;
}

static inline struct level *top_level(struct shortener *s)
{
	return s->n_levels ? &s->levels[s->n_levels - 1] : NULL;
}

/* Write bytes; or remember, of the innermost bracket, that they found no room. */
void short_name_put(struct shortener *s, const char *text, size_t n);
void short_name_put_text(struct shortener *s, const char *text);
/* Write a word: only its ends, if it is long. */
void short_name_put_word(struct shortener *s, const char *word, size_t n);

/* Leave out outer scopes of the text from there on while it has too many columns, and
 * more than n_kept components. */
void short_name_cut_scopes(struct shortener *s, size_t from, size_t max_columns,
			   size_t n_kept);

/* Leave out the argument that ends here if it says what would be so without it. */
void short_name_end_argument(struct shortener *s);

/* Close the innermost bracket: keep, fold or drop what is in it. */
void short_name_close(struct shortener *s);
