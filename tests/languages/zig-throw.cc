/* SPDX-License-Identifier: MIT */
/* What `zig c++` builds: a constructor and an operator new that throw, containers, a
 * thread. It says how many blocks of each size it allocates, and how many of them it
 * keeps. */
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static void *volatile kept[3];

struct Thrower {
	char bytes[7301];
	__attribute__((noinline)) Thrower();
};

Thrower::Thrower()
{
	bytes[0] = 0;
	throw std::runtime_error("it throws");
}

static int caught;

static void construct()
{
	try {
		kept[0] = new Thrower;
	} catch (const std::runtime_error &) {
		caught++;
	}
}

static void ask_for_too_much(volatile size_t size)
{
	try {
		kept[0] = ::operator new(size);
	} catch (const std::bad_alloc &) {
		caught++;
	}
}

static void work()
{
	for (int i = 0; i < 20; i++) {
		char *volatile block = new char[7302];

		if (i < 2)
			kept[i] = block;
		else
			delete[] block;
	}
}

int main()
{
	construct();
	ask_for_too_much(static_cast<size_t>(1) << 62);
	std::thread(work).join();
	{
		std::vector<char> bytes;
		bytes.reserve(7303);
		kept[2] = bytes.data();
	}
	kept[2] = ::operator new(7304);
	std::puts("ledger: 7301 1 0\nledger: 7302 20 2\nledger: 7303 1 0\nledger: 7304 1 "
		  "1");
	return caught != 2;
}
