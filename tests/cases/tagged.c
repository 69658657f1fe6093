/* SPDX-License-Identifier: MIT */
/* aarch64: the allocator gives the same block another tag, in the top byte of its
 * address, each time. The block is the same one all the same. */
#include <stdint.h>
#include <stdlib.h>

int main(void)
{
	uintptr_t tags = 0;

	for (int i = 0; i < 200; i++) {
		void *volatile p = malloc(1001);
		tags |= (uintptr_t)p >> 56;
		p = realloc(p, 1002);
		free(p);
	}
	return tags == 0;
}
