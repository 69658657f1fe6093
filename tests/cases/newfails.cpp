// SPDX-License-Identifier: MIT
// operator new that fails throws or returns null as ever, and leaves no block.
#include <cstdint>
#include <new>

int main()
{
	volatile std::size_t huge = SIZE_MAX / 2 + 1; // more than any object has
	int caught = 0;

	try {
		operator delete(operator new(huge));
	} catch (const std::bad_alloc &) {
		caught = 1;
	}
	return !(caught && !operator new(huge, std::nothrow));
}
