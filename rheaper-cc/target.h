/* SPDX-License-Identifier: MIT */
/* The targets: machines for which a program may be linked. */
#pragma once

/* The width that -m32 and similar options select. */
enum width {
	WIDTH_USUAL, /* nothing: that of the triple */
	WIDTH_32,
	WIDTH_64,
	WIDTH_OTHER, /* 16 bits, or 32-bit pointers on a 64-bit machine */
};

struct target {
	const char *name;
	const char *suffix; /* of the archives' names; "" for this machine's */
	int narrow;         /* size_t has 32 bits */
	const char *code;   /* the word that code for it needs beside frame pointers */
};

/*
 * The target of a triple (NULL: this machine) and a width, or NULL if it is one
 * that the runtime does not know: another processor, not Linux, another ABI.
 */
const struct target *target_find(const char *triple, enum width width);

/* Returns the word that code for the processor of a triple needs beside frame pointers,
 * or NULL if that is not known. */
const char *target_code_word(const char *triple);
