/* SPDX-License-Identifier: MIT */
/*
 * What glibc's malloc makes of a size: the chunk that it takes from a heap, or the pages
 * of a mapping of its own. A model: nothing is asked of the allocator, so that chunks of
 * other allocators, and those that malloc did not split to their exact size, differ.
 * Addresses and sizes are in bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct chunk_model {
	uint64_t page;
	uint64_t word;      /* size_t: what a chunk in use has as its header */
	uint64_t step;      /* chunks are multiples of it, */
	uint64_t least;     /* and not smaller */
	uint64_t map_from;  /* chunks from here on get a mapping of their own, at first */
	uint64_t heap_size; /* heaps of arenas begin at multiples of it, and end there */
};

/* The model for a machine whose pointers have so many bytes: x86-64 or aarch64 for 8,
 * i386 for 4. Pages have 4 KiB. */
struct chunk_model chunks_of_glibc(int64_t pointer_size);

/* Return the size of the chunk for so many bytes: in a heap, and in its own mapping. */
uint64_t chunk_size(const struct chunk_model *model, uint64_t size);
uint64_t chunk_mapped_size(const struct chunk_model *model, uint64_t size);

/* Return where the chunk of a block at an address begins. */
uint64_t chunk_begin(const struct chunk_model *model, uint64_t address);

/* Return whether a block may have a mapping of its own: it is large, and lies where such
 * a mapping has its block. One of 256 large blocks of a heap lies there, too. */
bool chunk_may_be_mapped(const struct chunk_model *model, uint64_t address,
			 uint64_t size);

/* Return how many whole pages malloc_trim gives back of the free chunk that is there. It
 * keeps the head of the chunk. */
uint64_t chunk_free_pages(const struct chunk_model *model, uint64_t from, uint64_t to);
