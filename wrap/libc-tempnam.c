/* SPDX-License-Identifier: MIT */
/* An object of its own, for linkers warn of every program that refers to it. */
#include "wrap/libc-calls.h"

FORWARD(char *, tempnam, (const char *directory, const char *prefix), (directory, prefix),
	RETURNS(strlen(result) + 1))
