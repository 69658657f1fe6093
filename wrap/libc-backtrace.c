/* SPDX-License-Identifier: MIT */
/* An object of its own: musl has no such function. */
#include "wrap/libc-calls.h"

FORWARD(char **, backtrace_symbols, (void *const *addresses, int n), (addresses, n),
	NOTHING())
