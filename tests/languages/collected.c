/* SPDX-License-Identifier: MIT */
#include <gc.h>
#include <stdio.h>

static void *kept[3];

static void work(size_t size)
{
	for (int i = 0; i < 20; i++) {
		void *block = GC_MALLOC(size);
		if (i < 3)
			kept[i] = block;
	}
}

int main(void)
{
	GC_INIT();
	work(7014);
	GC_gcollect();
	printf("ledger: 7014 20 0\n");
	return kept[0] == NULL;
}
