/* SPDX-License-Identifier: MIT */
/*
 * The objects mapped into the process, as stacks come across them: nothing is
 * listed in advance. A module gets its number, and its record in the trace,
 * when a return address in it is first seen.
 */
#pragma once

#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/cc.h"

struct rhp_stream;

struct rhp_module_info {
	uint32_t number; /* from 1 */
	uintptr_t start, end, bias;
	uintptr_t read_low, read_high; /* surely readable while it is mapped */
	uintptr_t eh_frame_hdr;        /* 0 if it has none */
	uintptr_t unwind_table;        /* its sorted table, 0 if unusable */
	uint64_t n_unwind_entries;
	uint64_t signature;   /* of its path and build id */
	const void *identity; /* the dynamic loader's object */
	int dead;             /* unmapped, or another took its place */
};

/*
 * The module that holds an instruction, or NULL; the result is never freed.
 * The first time, its record is written to `out`.
 * Slow path only: takes a lock of its own. Asks _dl_find_object where libc has
 * it, which takes no lock and allocates nothing; else dl_iterate_phdr.
 */
HIDDEN const struct rhp_module_info *rhp_module_find(uintptr_t ip,
						     struct rhp_stream *out);

/*
 * Fills in what the program headers of a mapped object say about unwinding, and
 * copies its build id (at most RHP_BUILD_ID_SIZE bytes): the size of that.
 */
#define RHP_BUILD_ID_SIZE 64
HIDDEN size_t rhp_module_read_headers(struct rhp_module_info *module,
				      const ElfW(Phdr) * phdr, size_t n_phdr,
				      uint8_t *build_id);

/* Changes whenever an address may have changed its meaning. Any thread. */
extern HIDDEN uint32_t rhp_epoch;
static ALWAYS_INLINE uint32_t rhp_modules_epoch(void)
{
	return __atomic_load_n(&rhp_epoch, __ATOMIC_RELAXED);
}

/* After dlclose returned: forget what is no longer mapped. */
HIDDEN void rhp_modules_closed(void);

/* Another trace begins: no module has a number yet. No stack may be in the making. */
HIDDEN void rhp_modules_forget(void);

/* A module that holds this address has just been loaded: whatever was known there
 * before is not there any more, though it may have had the same size and name. */
HIDDEN void rhp_module_opened(const void *inside);
