/* SPDX-License-Identifier: MIT */
/* Blocks of all kinds that hold the secret of the environment, and one that leaks. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *volatile kept, *volatile lost;

static char *filled(char *block, const char *secret)
{
	if (!block)
		abort();
	return strcpy(block, secret);
}

int main(void)
{
	const char *secret = getenv("SECRET");
	char local[64];

	for (int i = 0; i < 2000; i++) {
		char *block = filled(malloc(64), secret);
		block = filled(realloc(block, 6400), secret);
		free(block);
		free(strdup(secret));
		kept = filled(realloc(kept, 64 + (size_t)i), secret);
	}
	lost = filled(malloc(64), secret);
	lost = NULL;
	filled(local, secret);
	return access(local, F_OK) == 0;
}
