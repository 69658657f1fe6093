/* SPDX-License-Identifier: MIT */
/* The kinds of queries that the crate offered: by site, live, one stack. */
#include <stdlib.h>

static void *volatile kept;

static void leak(void)
{
	kept = malloc(1500);
}

static void churn(void)
{
	void *volatile p = malloc(10);

	free(p);
}

int main(void)
{
	for (int i = 0; i < 7; i++)
		churn();
	for (int i = 0; i < 2; i++)
		leak();
	return 0;
}
