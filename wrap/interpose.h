/* SPDX-License-Identifier: MIT */
/*
 * The functions that an executable exports, so that the shared libraries that it loads
 * call them. They are weak, so that an allocator in the program itself wins, and visible.
 * They call the next definition in the order of libraries: libc's, or that of an
 * allocator that was preloaded or linked.
 */
#pragma once

#include "wrap/next.h"

#define EXPORTED __attribute__((weak, visibility("default")))

/*
 * Calls a function once before anything of the program runs. musl calls nothing of
 * .preinit_array; there it comes before the program's constructors, of which no priority
 * is lower.
 */
#define RUNS_FIRST(function)                                                             \
	static void run_##function(void)                                                 \
	{                                                                                \
		static bool has_run;                                                     \
		if (!has_run)                                                            \
			function();                                                      \
		has_run = true;                                                          \
	}                                                                                \
	__attribute__((section(".preinit_array"), used)) static void (*const by_libc)(   \
		void) = run_##function;                                                  \
	__attribute__((section(".init_array.00001"), used)) static void (*by_any)(       \
		void) = run_##function;
