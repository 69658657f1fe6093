// SPDX-License-Identifier: MIT
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

size_t text_sequence(const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;
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

bool text_is_control(const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *)text;

	return s[0] < 0x20 || s[0] == 0x7f ||
	       (length == 2 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0);
}

/* Whether a sequence is a character that nobody sees, but that moves what one sees. */
static bool is_invisible(const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned int code;

	if (length != 3)
		return false;
	code = (s[0] & 15u) << 12 | (s[1] & 63u) << 6 | (s[2] & 63u);
	return (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x2069) || code == 0xfeff;
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
	char *text, *out;

	if (n > (SIZE_MAX - 1) / 4)
		return NULL;
	text = out = malloc(n * 4 + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < n;) {
		size_t length = text_sequence(bytes + i, n - i);

		if (length == 0 || bytes[i] == 0) {
			out = put_escaped(out, (unsigned char)bytes[i++]);
			continue;
		}
		if (controls && (text_is_control(bytes + i, length) ||
				 is_invisible(bytes + i, length))) {
			for (size_t k = 0; k < length; k++)
				out = put_escaped(out, (unsigned char)bytes[i++]);
			continue;
		}
		memcpy(out, bytes + i, length);
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
