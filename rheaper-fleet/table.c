// SPDX-License-Identifier: MIT
/* Two passes: how wide each column is, then the lines. The last column has any width. */
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/text.h"

#include "rheaper-fleet/table.h"

#define MAX_COLUMNS 32

/* Cut a field off a line; NULL if there is none. */
static char *next(char **line, char end)
{
	char *field = *line, *stop;

	if (!field)
		return NULL;
	stop = strchr(field, end);
	*line = stop ? stop + 1 : NULL;
	if (stop)
		*stop = 0;
	return field;
}

static void measure(const char *text, size_t *widths)
{
	size_t column = 0, width = 0;

	for (; *text; text++) {
		if (*text != '\t' && *text != '\n') {
			width++;
			continue;
		}
		if (column < MAX_COLUMNS && width > widths[column])
			widths[column] = width;
		column = *text == '\t' ? column + 1 : 0;
		width = 0;
	}
}

void table_print(char *text, FILE *out)
{
	size_t widths[MAX_COLUMNS] = {0};
	char *line, *field;

	measure(text, widths);
	while ((line = next(&text, '\n'))) {
		for (size_t column = 0; (field = next(&line, '\t')); column++) {
			char *printable = text_printable(field);

			if (!printable)
				die("print the answer: out of memory");
			fprintf(out, "%*s%s",
				line && column < MAX_COLUMNS ? (int)widths[column] : 0,
				printable, line ? "  " : "\n");
			free(printable);
		}
		if (text && !*text)
			break;
	}
}
