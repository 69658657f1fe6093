/* SPDX-License-Identifier: MIT */
#include "runtime/line.h"

void rhp_line_add(struct rhp_line *line, const char *text)
{
	while (*text && line->at + 1 < line->end)
		*line->at++ = *text++;
	*line->at = '\0';
}

void rhp_line_add_number(struct rhp_line *line, uint64_t n)
{
	char digits[24], *p = digits + sizeof(digits) - 1;
	*p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	rhp_line_add(line, p);
}
