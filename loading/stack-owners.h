/* SPDX-License-Identifier: MIT */
/*
 * Finds the owners of all stacks of a database when a load ends, and writes the tables
 * wrappers and owner_chains. For frames.c. Every function dies if memory runs out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct owner_frame;
struct owner_settings;
struct stack_owners;
struct stack_row;
struct store;

/* What may be an owner is said by the patterns of wrappers, too. */
struct owner_settings {
	const char **wrappers; /* glob.h */
	size_t n_wrappers;
};

/* Begin with what stack_totals says of n_stacks stacks. */
struct stack_owners *stack_owners_new(struct store *store,
				      const struct owner_settings *settings,
				      size_t n_stacks);
void stack_owners_free(struct stack_owners *owners);

/* Add every frame, in the order of their numbers, and then every stack, as owner.h says.
 */
void stack_owners_add_frame(struct stack_owners *owners, const struct owner_frame *frame);
void stack_owners_add_stack(struct stack_owners *owners, const int64_t *frames, size_t n);

/* Find the wrappers, and write them. `names` are the functions by number. */
void stack_owners_find(struct stack_owners *owners, const char *const *names,
		       size_t n_names);

/* Set the owner and the chain of a row whose other fields are there. `allocator` is the
 * name of the function that the stack calls, or NULL. */
void stack_owners_set(struct stack_owners *owners, const char *allocator,
		      const int64_t *frames, const char *const *names,
		      struct stack_row *row);
