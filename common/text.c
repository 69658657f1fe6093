// SPDX-License-Identifier: MIT
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* Bytes of the well-formed UTF-8 sequence at s, 0 if there is none: Unicode's
 * table 3-7, so no surrogates and nothing longer than it has to be. */
static size_t sequence_length(const unsigned char *s, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (length > n || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

/* A control character: of ASCII, or one of the 32 behind it (CSI is U+009B). */
static bool is_control(const unsigned char *s, size_t length)
{
	return s[0] < 0x20 || s[0] == 0x7f ||
	       (length == 2 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0);
}

static char *put_escaped(char *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = '\\';
	*out++ = 'x';
	*out++ = digits[byte >> 4];
	*out++ = digits[byte & 15];
	return out;
}

static char *escape(const char *bytes, size_t n, bool controls)
{
	const unsigned char *s = (const unsigned char *)bytes;
	char *text, *out;

	if (n > (SIZE_MAX - 1) / 4)
		return NULL;
	text = out = malloc(n * 4 + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < n;) {
		size_t length = sequence_length(s + i, n - i);

		if (length == 0 || s[i] == 0) {
			out = put_escaped(out, s[i++]);
			continue;
		}
		if (controls && is_control(s + i, length)) {
			for (size_t k = 0; k < length; k++)
				out = put_escaped(out, s[i++]);
			continue;
		}
		memcpy(out, s + i, length);
		out += length;
		i += length;
	}
	*out = 0;
	return text;
}

char *text_utf8(const char *bytes, size_t n)
{
	return escape(bytes, n, false);
}

char *text_printable(const char *text)
{
	return escape(text, strlen(text), true);
}

void text_print_json(FILE *out, const char *text)
{
	putc('"', out);
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (is_control(s, s[0] == 0xc2 ? 2 : 1))
			/* Of two bytes the second one is the character's number. */
			fprintf(out, "\\u%04x", s[0] == 0xc2 ? *++s : *s);
		else
			putc(*s, out);
	}
	putc('"', out);
}
