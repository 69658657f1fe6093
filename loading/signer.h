/* SPDX-License-Identifier: MIT */
/*
 * Signs stacks (symbols/signature.h). Each function's name is reduced once, however many
 * stacks it is on. For frames.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct places;

/* A name as it enters signatures. */
struct signer_name {
	char *plain; /* NULL: not reduced yet */
	uint32_t length;
	bool is_startup, is_main;
};

/* A zeroed struct signer has no names yet. */
struct signer {
	struct signer_name *names; /* by number of the function */
	size_t n_names, n_names_max;
};

/* Write the signature of the stack in hand of `places`, which calls `allocator` (NULL:
 * unknown): SIGNATURE_TEXT_SIZE bytes. Returns 0 or -ENOMEM. */
int signer_sign(struct signer *signer, const struct places *places, const char *allocator,
		char *text);
void signer_fini(struct signer *signer);
