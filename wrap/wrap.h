/* SPDX-License-Identifier: MIT */
/*
 * The two names that GNU ld --wrap gives each wrapped function, declared from
 * the one list: __wrap_X is ours, __real_X is X itself. A shim whose type is
 * not the list's does not compile.
 *
 * Shims are weak, so that a program with a __wrap_malloc of its own keeps it,
 * and protected, so that a shared library's reference to one is not an error
 * and no call to one goes through the PLT.
 */
#pragma once

#include <argz.h>
#include <dirent.h>
#include <envz.h>
#include <sched.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <wchar.h>

#include "runtime/program.h"
#include "runtime/runtime.h"

#define SHIM __attribute__((weak, visibility("protected")))

#define WRAP(group, family, ret, name, params)                                           \
	ret __real_##name params;                                                        \
	SHIM ret __wrap_##name params;
#include "contract/symbols.def"
#undef WRAP

/* Whatever shim is linked, the runtime begins and ends with the program. */
static const char *const program_wanted __attribute__((used)) = &rhp_program;
