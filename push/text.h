/* SPDX-License-Identifier: MIT */
/* Texts of requests, written to memory. Every function dies if that runs out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct push_text_memory;
struct push_text {
	FILE *out;
	size_t size; /* of the text, when it is ended */
	struct push_text_memory *memory;
};

struct push_text push_text_begin(void);
/* Put a text with '_' for each byte that is_good says no to. NULL is empty. */
void push_text_put(struct push_text *text, const char *what, bool (*is_good)(char c));
/* End, and return the text, for the caller to free. */
char *push_text_end(struct push_text *text);

/* Continue a hash with a text and its NUL; begin with PUSH_HASH. It is the same on every
 * machine (FNV-1a). */
#define PUSH_HASH UINT64_C(0xcbf29ce484222325)
uint64_t push_hash(uint64_t hash, const char *text);
uint64_t push_hash_number(uint64_t hash, int64_t number);
