/* SPDX-License-Identifier: MIT */
/* Blocks that cross the border of a shared library, captured by the link: the program's.
 */
#include <stdlib.h>

void *lib_allocate(size_t size);
void lib_free(void *p);
void *lib_resize(void *p, size_t size);

int main(void)
{
	for (int i = 0; i < 5; i++)
		free(lib_allocate(1001));
	for (int i = 0; i < 3; i++)
		lib_free(malloc(1002));
	lib_free(lib_allocate(1003));
	free(lib_resize(malloc(1004), 100005));
	return 0;
}
