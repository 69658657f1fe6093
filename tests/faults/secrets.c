/* SPDX-License-Identifier: MIT */
/* Blocks of all kinds that hold the secret of the environment, and one that leaks. One
 * is allocated in code that has no rules, with a frame pointer that leads to the secret.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *call_with(void *(*function)(void *), void *argument, unsigned long garbage);

static char *volatile kept, *volatile lost;

static char *filled(char *block, const char *secret)
{
	if (!block)
		abort();
	return strcpy(block, secret);
}

static void *allocate(void *size)
{
	free(malloc((size_t)size));
	return size;
}

/* At each place that a frame pointer may have. */
static void follow(const char *secret)
{
	for (size_t i = 0; i + 2 * sizeof(long) < strlen(secret); i++)
		call_with(allocate, (void *)16, (unsigned long)secret + i);
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
	follow(secret);
	follow(local);
	return access(local, F_OK) == 0;
}
