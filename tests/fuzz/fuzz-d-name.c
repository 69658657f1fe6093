// SPDX-License-Identifier: MIT
/* A mangled name of D: what is written of it is no longer than its references allow. */
#include <stdlib.h>
#include <string.h>

#include "symbols/d-name.h"
#include "tests/fuzz/fuzz.h"

static void count(const char *piece, size_t n, void *written)
{
	if (n > 0 && memchr(piece, '\0', n))
		abort();
	*(size_t *)written += n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = malloc(size + 1); /* so that sanitizers see its end */
	size_t written = 0;

	if (!name)
		abort();
	memcpy(name, data, size);
	name[size] = 0;
	d_name_write(name, count, &written);
	if (written > (size + 16) * (size + 16))
		abort();
	free(name);
	return 0;
}
