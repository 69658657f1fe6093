// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/text.h"

#include "rheaper-check/arena.h"

#define PIECE_SIZE ((size_t)1 << 18)

struct arena_piece {
	struct arena_piece *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

static void add_piece(struct arena *arena, size_t size)
{
	struct arena_piece *piece;

	if (size < PIECE_SIZE)
		size = PIECE_SIZE;
	piece = size < SIZE_MAX / 2 ? calloc(1, sizeof(*piece) + size) : NULL;
	if (!piece)
		die("check the inputs: out of memory");
	*piece = (struct arena_piece){.next = arena->pieces, .size = size};
	arena->pieces = piece;
}

void *arena_take(struct arena *arena, size_t size)
{
	size_t whole = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	struct arena_piece *piece = arena->pieces;

	if (whole < size)
		die("check the inputs: out of memory");
	if (!piece || piece->size - piece->used < whole) {
		add_piece(arena, whole);
		piece = arena->pieces;
	}
	piece->used += whole;
	return piece->bytes + piece->used - whole;
}

char *arena_text_n(struct arena *arena, const char *bytes, size_t n)
{
	char *text = arena_take(arena, n + 1);

	memcpy(text, bytes, n);
	return text;
}

char *arena_text(struct arena *arena, const char *text)
{
	return arena_text_n(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *made, *text;
	int n;

	va_start(arguments, format);
	n = vasprintf(&made, format, arguments);
	va_end(arguments);
	if (n < 0)
		die("check the inputs: out of memory");
	text = arena_text_n(arena, made, (size_t)n);
	free(made);
	return text;
}

char *arena_printable(struct arena *arena, const char *text)
{
	char *made = text_printable(text), *kept;

	if (!made)
		die("check the inputs: out of memory");
	kept = arena_text(arena, made);
	free(made);
	return kept;
}

void *arena_grow(struct arena *arena, void *array, size_t n, size_t size)
{
	void *grown;

	if (n & (n - 1))
		return array;
	if (n > SIZE_MAX / 2 / size)
		die("check the inputs: out of memory");
	grown = arena_take(arena, (n ? 2 * n : 1) * size);
	if (n)
		memcpy(grown, array, n * size);
	return grown;
}

void arena_fini(struct arena *arena)
{
	while (arena->pieces) {
		struct arena_piece *piece = arena->pieces;

		arena->pieces = piece->next;
		free(piece);
	}
}
