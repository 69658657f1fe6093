/* SPDX-License-Identifier: MIT */
/*
 * Finds the frame of a stack that a reader looks for, its owner: the innermost one that
 * is neither of a library (libraries.h) nor of a wrapper around an allocator. Which
 * functions are wrappers comes from the user, and from all stacks of a database together.
 * Pure computation. Every function that returns an int returns 0 or -ENOMEM.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum owner_found {
	OWNER_NO_WRAPPER,
	OWNER_BY_RULE,
	OWNER_BY_NAME, /* a pattern of the user's */
};

struct owner_frame {
	uint32_t function; /* a number for each name, from 0, without large gaps */
	const char *name;  /* demangled; need not outlive the call */
	uint32_t module;   /* 0: unknown */
	const char *module_path;
	int64_t line; /* 0: unknown */
};

struct owners;

/* Create an empty set of stacks. The patterns (glob.h) of wrappers fit a whole name, or
 * its short form with or without outer scopes; they must live as long. Returns NULL if
 * memory runs out. */
struct owners *owners_new(const char *const *globs, size_t n_globs);
void owners_free(struct owners *owners);

/* Add a frame. Frames are numbered from 1 in the order of these calls. */
int owners_add_frame(struct owners *owners, const struct owner_frame *frame);

/* Add a stack, the innermost frame first, with what it allocated. Stacks are numbered
 * from 0 in the order of these calls. */
int owners_add_stack(struct owners *owners, const int64_t *frames, size_t n,
		     double blocks, double bytes);

/* Find the wrappers, when all stacks are there. */
int owners_find(struct owners *owners);

/* Return how a function was found to be a wrapper. */
enum owner_found owners_wrapper(const struct owners *owners, uint32_t function);

/* Return how many frames are inside the owner's, 0 if every frame is skipped: then the
 * innermost one is the owner. */
size_t owners_frame_no(const struct owners *owners, size_t stack);

/*
 * Set `links` to the functions by which the memory of a stack came to its owner,
 * innermost first, the owner last, and return their number. Of the frames of libraries it
 * has those that were called from outside of them, and not so many as fit no line.
 * frame_no is the owner's.
 */
#define OWNER_MAX_LINKS 16
size_t owners_links(const struct owners *owners, const int64_t *frames, size_t frame_no,
		    uint32_t *links);

/* Write an allocator, or NULL, and the names of such functions as
 * "malloc ← jv_mem_alloc ← jv_string", in short names,
 * NUL-terminated, and return its length. */
#define OWNER_CHAIN_SIZE 4096
size_t owners_format_chain(const char *allocator, const char *const *names,
			   size_t n_names, char *text);
