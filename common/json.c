// SPDX-License-Identifier: MIT
/*
 * A value that ends makes the next one need a comma, a key and an opening bracket make it
 * need none; so one bit is enough for all depths.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#include "common/json.h"

struct json json_open(FILE *out)
{
	return (struct json){.out = out};
}

static void begin_value(struct json *json)
{
	if (json->comma)
		putc(',', json->out);
	if (json->lines & 1)
		putc('\n', json->out);
	json->comma = true;
}

static void begin(struct json *json, char bracket, bool lines)
{
	begin_value(json);
	putc(bracket, json->out);
	json->lines = json->lines << 1 | lines;
	json->comma = false;
}

static void end(struct json *json, char bracket)
{
	if (json->lines & 1 && json->comma) /* it is not empty */
		putc('\n', json->out);
	putc(bracket, json->out);
	json->lines >>= 1;
	json->comma = true;
}

bool json_memory_begin(struct json_memory *memory)
{
	FILE *out;

	memory->text = NULL;
	out = open_memstream(&memory->text, &memory->size);
	memory->json = json_open(out);
	return out;
}

char *json_memory_end(struct json_memory *memory)
{
	bool failed = ferror(memory->json.out);

	if (fclose(memory->json.out) == 0 && !failed)
		return memory->text;
	free(memory->text);
	return NULL;
}

void json_begin_object(struct json *json)
{
	begin(json, '{', false);
}

void json_end_object(struct json *json)
{
	end(json, '}');
}

void json_begin_array(struct json *json)
{
	begin(json, '[', false);
}

void json_begin_lines(struct json *json)
{
	begin(json, '[', true);
}

void json_end_array(struct json *json)
{
	end(json, ']');
}

/* How many bytes at the beginning are ASCII that stands for itself. */
static size_t count_plain(const char *bytes, size_t n)
{
	size_t i = 0;

	while (i < n && bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '"' &&
	       bytes[i] != '\\')
		i++;
	return i;
}

/* The character at the beginning; how many bytes it has. */
static size_t put_character(FILE *out, const char *bytes, size_t n)
{
	size_t length = text_sequence(bytes, n);
	unsigned char first = (unsigned char)bytes[0];

	if (length == 0 || first == 0)
		fprintf(out, "\\\\x%02x", first);
	else if (first == '"' || first == '\\')
		fprintf(out, "\\%c", first);
	else if (text_is_control(bytes, length))
		/* Of two bytes the second one is the character's number. */
		fprintf(out, "\\u%04x", (unsigned char)bytes[length - 1]);
	else
		fwrite(bytes, 1, length, out);
	return length ? length : 1;
}

static void put_string(FILE *out, const char *bytes, size_t n)
{
	putc('"', out);
	for (size_t i = 0; i < n;) {
		size_t n_plain = count_plain(bytes + i, n - i);

		fwrite(bytes + i, 1, n_plain, out);
		i += n_plain;
		if (i < n)
			i += put_character(out, bytes + i, n - i);
	}
	putc('"', out);
}

void json_key_verbatim(struct json *json, const char *name)
{
	begin_value(json);
	put_string(json->out, name, strlen(name));
	putc(':', json->out);
	json->comma = false;
}

void json_key(struct json *json, const char *name)
{
	begin_value(json);
	putc('"', json->out);
	for (; *name; name++)
		putc(*name == '-' || *name == ' ' ? '_' : *name, json->out);
	fputs("\":", json->out);
	json->comma = false;
}

void json_bytes(struct json *json, const char *bytes, size_t n)
{
	begin_value(json);
	put_string(json->out, bytes, n);
}

void json_text(struct json *json, const char *text)
{
	if (text)
		json_bytes(json, text, strlen(text));
	else
		json_null(json);
}

void json_integer(struct json *json, int64_t value)
{
	begin_value(json);
	fprintf(json->out, "%" PRId64, value);
}

void json_unsigned(struct json *json, uint64_t value)
{
	begin_value(json);
	fprintf(json->out, "%" PRIu64, value);
}

void json_real(struct json *json, double value, int digits)
{
	if (!isfinite(value)) {
		json_null(json);
		return;
	}
	begin_value(json);
	fprintf(json->out, "%.*f", digits, value);
}

void json_bool(struct json *json, bool value)
{
	json_number(json, value ? "true" : "false");
}

void json_null(struct json *json)
{
	json_number(json, "null");
}

void json_number(struct json *json, const char *number)
{
	begin_value(json);
	fputs(number, json->out);
}

void json_put_text(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	json_text(json, text);
}

void json_put_integer(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_integer(json, value);
}

void json_put_unsigned(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_unsigned(json, value);
}

void json_put_real(struct json *json, const char *key, double value, int digits)
{
	json_key(json, key);
	json_real(json, value, digits);
}

void json_put_bool(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}
