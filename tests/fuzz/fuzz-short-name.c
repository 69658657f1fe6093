// SPDX-License-Identifier: MIT
/* A demangled name, shortened twice: the second time changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "symbols/short-name.h"
#include "tests/fuzz/fuzz.h"

static void check(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[SHORT_NAME_SIZE], again[SHORT_NAME_SIZE], little[8];
	char *name = malloc(size + 1); /* so that sanitizers see its end */

	check(name != NULL);
	memcpy(name, data, size);
	name[size] = 0;
	check(short_name(name, text, sizeof(text)) == strlen(text));
	check(strlen(text) <= strlen(name));
	check(short_name(text, again, sizeof(again)) == strlen(text));
	check(strcmp(text, again) == 0);
	short_name(name, little, sizeof(little));
	check(strncmp(text, little, strlen(little)) == 0);
	free(name);
	return 0;
}
