// SPDX-License-Identifier: MIT
// Blocks freed by what may not free them, and by the wrong size.
#include <cstdlib>
#include <new>

int main()
{
	free(malloc(1));
	operator delete(operator new(2), 2);
	operator delete[](operator new[](3));
	operator delete(malloc(4));
	free(operator new(5));
	operator delete(operator new[](6));
	operator delete(operator new(7), 8);
	free(realloc(operator new(9), 10));
	return 0;
}
