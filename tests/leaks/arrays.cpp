/* SPDX-License-Identifier: MIT */
/*
 * Arrays of classes with destructors, before whose elements C++ keeps their number; all
 * are held by a pointer to the first element, or to where that would be.
 */
#include <cstddef>

template <std::size_t SIZE, std::size_t ALIGNMENT> struct element {
	alignas(ALIGNMENT) char bytes[SIZE];
	~element()
	{
		bytes[0] = 0;
	}
};

element<4, 4> *none, *some;
element<32, 16> *aligned;
element<128, 64> *more_aligned;

int main(int argc, char **)
{
	none = new element<4, 4>[static_cast<std::size_t>(argc) - 1];
	some = new element<4, 4>[3];
	aligned = new element<32, 16>[3];
	more_aligned = new element<128, 64>[4];
	return 0;
}
