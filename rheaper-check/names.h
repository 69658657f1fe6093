/* SPDX-License-Identifier: MIT */
/*
 * Makes the keys by which a baseline names call sites. A key is a text with the program
 * and the functions from the innermost to main, a line each; behind a function and a tab
 * stands its source file, if that is known: other files have functions of the same name.
 * The key of a place stays equal after a rebuild, on another machine, and when lines
 * move.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define NAMES_MAX_FRAMES 32

/* Return the name of a function as keys have it; "" if it has none. */
const char *names_plain(struct arena *arena, const char *sym);

/*
 * Return what keys have for code without a name: "MODULE+0xOFFSET [BUILD-ID]", with the
 * first digits of the build id. So one place is not taken for another one of the same
 * build. Of libc, which begins each thread, only the name of the module counts.
 */
const char *names_unnamed(struct arena *arena, const char *sym, const char *build_id);

/* Return a function as keys have it with its file: the path below the root of the
 * sources, or the file's name if it is not there; NULL: not known. */
const char *names_with_file(struct arena *arena, const char *function, const char *file,
			    bool is_below_root);

/*
 * Make the key of a program and n functions, the innermost first, each as names_plain
 * or names_with_file returned it. The key ends with main, or after NAMES_MAX_FRAMES
 * functions. A function that calls itself is in it once.
 */
const char *names_key(struct arena *arena, const char *program,
		      const char *const *functions, size_t n);

/* Return whether n functions are more than such a key has. */
bool names_exceed(const char *const *functions, size_t n);

/* Return the length of the program's name in a key. */
size_t names_program(const char *key);

/* Return a key without files. */
char *names_bare(struct arena *arena, const char *key);

/* Return the functions of a key with arrows between them, "make ← parse ← main", or with
 * their files, "make (a.c) ← main (b.c)"; "[unknown]" if it has none. */
const char *names_joined(struct arena *arena, const char *key);
const char *names_joined_with_files(struct arena *arena, const char *key);

/* A summary of a key, which tells quickly that most keys are not related: the number of
 * its functions, and a bit for each, by its name without namespaces. */
struct names_shape {
	size_t n;
	uint64_t functions;
};

struct names_shape names_shape(const char *key);

/* Return of how many functions a key has the files. */
size_t names_count_files(const char *key);

/* Return whether two keys have the same program and functions; files do not count. */
bool names_have_same_functions(const char *a, const char *b);

/* Return whether two keys are one place as far as they tell: the same functions, whose
 * files are the same, or one of them a part of the other's end, or not known. */
bool names_alike(const char *a, const char *b);

/*
 * Return whether two keys may belong to one place: they are of one program, and one of
 * them has, in the same order, all functions of the other or at least half of them.
 * Among these is the innermost one that is not of the libraries of C, C++ or Rust, or
 * there are two such functions: another function that main calls is another place.
 * Builds differ that much: a call at the end of a function becomes a jump, so that its
 * frame is gone; and inlined functions of C++ may lack their namespaces and classes, with
 * gcc if other files cannot call them, with clang at -g1. Offsets into different builds
 * of a module count as the same. Functions of files with different names do not; a
 * directory may have been renamed.
 */
bool names_related(const char *a, const struct names_shape *a_shape, const char *b,
		   const struct names_shape *b_shape);
