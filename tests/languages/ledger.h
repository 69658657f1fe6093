/* SPDX-License-Identifier: MIT */
/* What the programs and plug-ins in C here allocate, and what they say of it. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define MADE 20
#define KEPT 3

/* Allocates MADE blocks, keeps KEPT of them, and says so. */
static int work(size_t size)
{
	static void *volatile kept[KEPT];

	for (int i = 0; i < MADE; i++) {
		void *volatile block = malloc(size);
		if (i < KEPT)
			kept[i] = block;
		else
			free(block);
	}
	printf("ledger: %zu %d %d\n", size, MADE, KEPT);
	fflush(stdout);
	return kept[0] != NULL;
}
