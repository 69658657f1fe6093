/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON (RFC 8259) piece by piece to a stream or to memory, and sets the commas.
 * Nothing here exits; errors stay in the stream.
 *
 * Keys are in snake_case. Texts may be any bytes: what is not UTF-8 becomes \xNN, as in a
 * database, so that every output is valid. Control characters are escaped, so that no
 * text can control a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool comma;     /* before the next element */
	uint64_t lines; /* a bit for each open array or object, the innermost lowest:
			 * its elements have lines of their own */
};

/* Return a writer to a stream, which stays the caller's. */
struct json json_open(FILE *out);

/*
 * A writer to memory. json_memory_begin returns false if memory runs out. json_memory_end
 * returns the text, for the caller to free, or NULL if memory ran out on the way.
 */
struct json_memory {
	struct json json;
	char *text;
	size_t size;
};
bool json_memory_begin(struct json_memory *memory);
char *json_memory_end(struct json_memory *memory);

/* Begin and end a value that contains others, up to 64 deep. In an object, write a key
 * before each value. */
void json_begin_object(struct json *json);
void json_end_object(struct json *json);
void json_begin_array(struct json *json);
void json_end_array(struct json *json);

/* Begin an array with each element on a line of its own; json_end_array ends it. */
void json_begin_lines(struct json *json);

/*
 * Write the key of the next value of an object. Dashes and spaces become '_', for names
 * that are also those of options, "leak-bytes", or for people, "definitely lost".
 */
void json_key(struct json *json, const char *name);

/* Write a key unchanged: the name of a column, or one that a standard prescribes. */
void json_key_verbatim(struct json *json, const char *name);

/* Write a value. A text that is NULL becomes null, and a real number that is not finite,
 * too. `digits` is the number of decimals. */
void json_text(struct json *json, const char *text);
void json_bytes(struct json *json, const char *bytes, size_t n);
void json_integer(struct json *json, int64_t value);
void json_unsigned(struct json *json, uint64_t value);
void json_real(struct json *json, double value, int digits);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);

/* Write a number that is text already, in the notation of JSON. */
void json_number(struct json *json, const char *number);

/* Write a key and its value. */
void json_put_text(struct json *json, const char *key, const char *text);
void json_put_integer(struct json *json, const char *key, int64_t value);
void json_put_unsigned(struct json *json, const char *key, uint64_t value);
void json_put_real(struct json *json, const char *key, double value, int digits);
void json_put_bool(struct json *json, const char *key, bool value);
