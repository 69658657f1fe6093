/* SPDX-License-Identifier: MIT */
#include "ledger.h"

static void *kept[KEPT];

int main(void)
{
#pragma omp parallel for num_threads(4)
	for (int i = 0; i < MADE; i++) {
		void *block = malloc(7011);
		if (i < KEPT)
			kept[i] = block;
		else
			free(block);
	}
	printf("ledger: 7011 %d %d\n", MADE, kept[0] ? KEPT : 0);
	return 0;
}
