/* SPDX-License-Identifier: MIT */
/* Scopes of C++ end by unwinding. */
#include <stdexcept>

#include "../../include/rheaper.h"

static char *volatile kept;

static void thrower(int depth)
{
	rheaper::scope here("thrower");
	kept = new char[20];
	if (depth == 0)
		throw std::runtime_error("out of it");
	thrower(depth - 1);
}

int main()
{
	rheaper::scope all("all");
	try {
		RHEAPER_SCOPE("attempt");
		thrower(1);
	} catch (const std::exception &) {
		char *volatile caught = new char[7];
		delete[] caught;
	}
	char *volatile after = new char[8];
	delete[] after;
	return 0;
}
