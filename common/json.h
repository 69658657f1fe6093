/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON (RFC 8259) as it is made, with the commas where they belong. Nothing here
 * exits.
 *
 * Keys are in snake_case. Texts may be any bytes: what is not UTF-8 becomes \xNN, as in a
 * database, so that every output is valid; control characters are escaped, so that none
 * commands a terminal.
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

/* A writer at the beginning; what it writes to stays the caller's. */
struct json json_open(FILE *out);

/* A writer to memory. Begin: false if there is none. End: the text, for the caller to
 * free(), or NULL if memory was out on the way. */
struct json_memory {
	struct json json;
	char *text;
	size_t size;
};
bool json_memory_begin(struct json_memory *memory);
char *json_memory_end(struct json_memory *memory);

/* A value that has others in it, up to 64 deep. An object has keys before its values. */
void json_begin_object(struct json *json);
void json_end_object(struct json *json);
void json_begin_array(struct json *json);
void json_end_array(struct json *json);

/* An array with each element on a line of its own; ends as every array. */
void json_begin_lines(struct json *json);

/*
 * The key of the next value, in an object. In a name that is also an option's or is for
 * people, "leak-bytes" or "definitely lost", what is between words becomes '_'.
 */
void json_key(struct json *json, const char *name);

/* A key as it is: a column, or a name that a standard gives. */
void json_key_verbatim(struct json *json, const char *name);

/* Values. A text that is NULL and a real number that is not finite are null. */
void json_text(struct json *json, const char *text);
void json_bytes(struct json *json, const char *bytes, size_t n);
void json_integer(struct json *json, int64_t value);
void json_unsigned(struct json *json, uint64_t value);
void json_real(struct json *json, double value, int digits);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);

/* A number that is written already, as JSON has it. */
void json_number(struct json *json, const char *number);

/* A key and its value. */
void json_put_text(struct json *json, const char *key, const char *text);
void json_put_integer(struct json *json, const char *key, int64_t value);
void json_put_unsigned(struct json *json, const char *key, uint64_t value);
void json_put_real(struct json *json, const char *key, double value, int digits);
void json_put_bool(struct json *json, const char *key, bool value);
