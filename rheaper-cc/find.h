/* SPDX-License-Identifier: MIT */
/*
 * Where things are: the compiler that the driver stands for, and the runtime
 * archive. The names are worked out from argv[0]; the files are looked for.
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
 * Works out from the driver's own name which compiler it stands for. Fills
 * everything but `command`. [TRIPLE-]rheaper-[TRIPLE-]NAME[-NN] is understood;
 * another name is taken for the compiler's own.
 */
void compiler_name(const char *argv0, struct compiler *compiler);

/*
 * Finds the compiler: the variable's words, else the name on PATH, never
 * ourselves. 0, or -ENOENT if there is none; `wanted` is then what was looked
 * for.
 */
int compiler_find(struct compiler *compiler, const char **wanted);

/*
 * Returns the directory of a target's archives, librheaper<suffix>.a; NULL if
 * they are nowhere. The caller frees it.
 */
char *archive_find(const char *suffix);
