/* SPDX-License-Identifier: MIT */
/* Leaks one block in each of a number of functions, whose names the test changes in the
 * linked program; its thread, a mark and a scope are called as NAME says. */
#include <stdlib.h>
#include <sys/prctl.h>

#include "include/rheaper.h"

static void *volatile lost;

#define STRANGER(n)                                                                      \
	__attribute__((noinline)) void                                                   \
		stranger_##n##_123456789_123456789_123456789_123456789_123456789(void);  \
	void stranger_##n##_123456789_123456789_123456789_123456789_123456789(void)      \
	{                                                                                \
		lost = malloc(10 + n);                                                   \
	}
#define LEAK(n) stranger_##n##_123456789_123456789_123456789_123456789_123456789();
#define EACH(DO)                                                                         \
	DO(10)                                                                           \
	DO(11) DO(12) DO(13) DO(14) DO(15) DO(16) DO(17) DO(18) DO(19) DO(20) DO(21)
EACH(STRANGER)

int main(void)
{
	const char *name = getenv("NAME");
	uint32_t scope;

	prctl(PR_SET_NAME, name); /* its first 15 bytes */
	rheaper_mark(name);
	scope = rheaper_begin(name);
	EACH(LEAK)
	rheaper_end(scope);
	return 0;
}
