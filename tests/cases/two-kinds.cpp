// SPDX-License-Identifier: MIT
// Two functions called side by side, at every alignment of the code: what is known
// of one stack is not taken for another.
#include <cstdlib>

static void *volatile a;
static char *volatile b;

template <int N> __attribute__((noinline)) void both()
{
	asm volatile(".rept %c0\n\tnop\n\t.endr" ::"i"(N + 1));
	a = calloc(1, 1011);
	b = new char[2022];
	delete[] b;
	free(a);
}

template <int N> void all()
{
	both<N>();
	if constexpr (N > 0)
		all<N - 1>();
}

int main()
{
	for (int i = 0; i < 3; i++)
		all<63>();
	return 0;
}
