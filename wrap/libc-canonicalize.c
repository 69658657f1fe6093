/* SPDX-License-Identifier: MIT */
/* An object of its own: musl has no such function. */
#include "wrap/libc-calls.h"

FORWARD(char *, canonicalize_file_name, (const char *path), (path),
	RETURNS(strlen(result) + 1))
