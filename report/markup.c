// SPDX-License-Identifier: MIT
#include <string.h>

#include "report/markup.h"

void markup_write(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"'", *text))
			fprintf(out, "&#%d;", *text);
		else
			putc(*text, out);
	}
}
