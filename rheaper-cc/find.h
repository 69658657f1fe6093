/* SPDX-License-Identifier: MIT */
/*
 * Finds the compiler for which the driver stands, by argv[0], and the runtime archive.
 */
#pragma once

#include "rheaper-cc/words.h"

enum language {
	LANG_C,
	LANG_CXX,
	LANG_FORTRAN,
};

/* The compiler to run. */
struct compiler {
	enum language language;
	char name[256];       /* as it is called without us: gcc-12, c++, ... */
	char target[64];      /* triple in the name, empty if none; once the compiler
			       * is found, in its name if it has one */
	const char *variable; /* RHEAPER_REAL_CC, _CXX or _FC */
	struct words command; /* path and, from the variable, more words */
};

/*
 * Works out from the driver's own name for which compiler it stands. Fills everything but
 * `command`. The name is [TRIPLE-]rheaper-[TRIPLE-]NAME[-NN]; any other is taken for that
 * of the compiler itself.
 */
void compiler_name(const char *argv0, struct compiler *compiler);

/*
 * Finds the compiler: the words of the variable, else the name on PATH, but never the
 * driver itself. Returns 0, or -ENOENT if there is none, and sets *wanted to the name
 * that it looked for.
 */
int compiler_find(struct compiler *compiler, const char **wanted);

/*
 * Returns the directory of a target's archives, librheaper<suffix>.a; NULL if
 * they are nowhere. The caller frees it.
 */
char *archive_find(const char *suffix);
