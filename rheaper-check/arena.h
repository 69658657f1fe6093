/* SPDX-License-Identifier: MIT */
/*
 * Memory of a check: it is all needed until the verdict is written, and freed then at
 * once. Dies when there is no more.
 */
#pragma once

#include <stddef.h>

struct arena {
	struct arena_piece *pieces;
};

/* Zeroed. A zeroed struct arena is empty. */
void *arena_take(struct arena *arena, size_t size);

/* Copies of text; of n bytes of it. */
char *arena_text(struct arena *arena, const char *text);
char *arena_text_n(struct arena *arena, const char *bytes, size_t n);

/* Text that a format makes. */
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Text of bytes from outside: valid UTF-8 without control characters. */
char *arena_printable(struct arena *arena, const char *text);

/*
 * Room for one more behind n elements, each of `size`: the array, or a copy of twice
 * the size if n is a power of two. NULL is an array of none.
 */
void *arena_grow(struct arena *arena, void *array, size_t n, size_t size);

void arena_fini(struct arena *arena);
