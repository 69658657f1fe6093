/* SPDX-License-Identifier: MIT */
/*
 * The memory of a check. All of it is needed until the verdict is written, and is freed
 * then at once. Every function dies if memory runs out. Not thread-safe.
 */
#pragma once

#include <stddef.h>

struct arena {
	struct arena_piece *pieces;
};

/* Take `size` bytes, which are zeroed. A zeroed struct arena is empty. */
void *arena_take(struct arena *arena, size_t size);

/* Copy a text; or n bytes, with a NUL behind them. */
char *arena_text(struct arena *arena, const char *text);
char *arena_text_n(struct arena *arena, const char *bytes, size_t n);

/* Format a text, as printf does. */
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Copy a text from outside as valid UTF-8, with \xNN for control characters. */
char *arena_printable(struct arena *arena, const char *text);

/*
 * Make room for one more element behind the n elements, each of `size` bytes, of an
 * array. Returns the array, or a copy with twice the room if n is 0 or a power of two.
 * NULL is an empty array.
 */
void *arena_grow(struct arena *arena, void *array, size_t n, size_t size);

void arena_fini(struct arena *arena);
