/* SPDX-License-Identifier: MIT */
/*
 * Makes the keys by which a baseline names call sites. A key is a text with the program
 * and the functions from the innermost to main, a line each; behind a function and a tab
 * stands its source file, if that is known: other files have functions of the same name.
 * Behind another tab are its details, if these are known. The key of a place stays equal
 * after a rebuild, on another machine, and when lines move.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define NAMES_MAX_FRAMES 32

/* What keys have of functions, as versions of baselines have it. */
enum names_version {
	NAMES_PLAIN = 1,
	NAMES_WITH_FILES,
	NAMES_WITH_DETAILS,
	NAMES_VERSION = NAMES_WITH_DETAILS
};

/* Return the name of a function as keys have it; "" if it has none. */
const char *names_plain(struct arena *arena, const char *sym);

/*
 * Return what keys have for code without a name: "MODULE+0xOFFSET [BUILD-ID]", with the
 * first digits of the build id. So one place is not taken for another one of the same
 * build. Of libc, which begins each thread, only the name of the module counts.
 */
const char *names_unnamed(struct arena *arena, const char *sym, const char *build_id);

/*
 * Return a function as keys have it with its file: the path below the root of the
 * sources, or the file's name if it is not there; NULL: not known. Behind it are its
 * details (details.h), "" if they are not known.
 */
const char *names_line(struct arena *arena, const char *function, const char *file,
		       bool is_below_root, const char *details);

/*
 * Make the key of a program and n functions, the innermost first, each as names_plain
 * or names_line returned it. The key ends with main, or after NAMES_MAX_FRAMES
 * functions. A function that calls itself is in it once.
 */
const char *names_key(struct arena *arena, const char *program,
		      const char *const *functions, size_t n);

/* Return whether n functions are more than such a key has. */
bool names_exceed(const char *const *functions, size_t n);

/* Return the length of the program's name in a key. */
size_t names_program(const char *key);

/* Return a key without files and details. */
char *names_bare(struct arena *arena, const char *key);

/* Return the functions of a key with arrows between them, "make ← parse ← main", or with
 * all that is known of them, "make(int) (a.cc) ← main (b.cc)"; "[unknown]" if it has
 * none. */
const char *names_joined(struct arena *arena, const char *key);
const char *names_joined_in_full(struct arena *arena, const char *key);

/* A summary of a key, which tells quickly that most keys are not related: the number of
 * its functions, and a bit for each, by its name without namespaces. */
struct names_shape {
	size_t n;
	uint64_t functions;
};

struct names_shape names_shape(const char *key);

/* Return whether two keys have the same program and functions; files and details do not
 * count. */
bool names_have_same_functions(const char *a, const char *b);

/* The same, where files must be the same, or one of them a part of the other's end, or
 * not known. */
bool names_have_same_files(const char *a, const char *b);

/* Return whether two keys are one place as far as they tell: what names_have_same_files
 * asks for, and details that are the same or not known. */
bool names_alike(const char *a, const char *b);

/* What one of two keys that are alike tells, and the other one does not. */
enum names_gap {
	GAP_NONE,
	GAP_FILES,
	GAP_DIRECTORIES,
	GAP_DETAILS,
	GAP_LAMBDAS
};

enum names_gap names_gap(const char *a, const char *b);

/*
 * Return whether two keys may belong to one place: they are of one program, and one of
 * them has, in the same order, all functions of the other or at least half of them.
 * Among these is the innermost one that is not of the libraries of C, C++ or Rust, or
 * there are two such functions: another function that main calls is another place.
 * Builds differ that much: a call at the end of a function becomes a jump, so that its
 * frame is gone; and inlined functions of C++ may lack their namespaces and classes, with
 * gcc if other files cannot call them, with clang at -g1. Offsets into different builds
 * of a module count as the same. Functions of files with different names do not, nor
 * functions with different details; a directory may have been renamed, and the numbers of
 * lambdas may have changed where they count through a whole file.
 */
bool names_related(const char *a, const struct names_shape *a_shape, const char *b,
		   const struct names_shape *b_shape);
