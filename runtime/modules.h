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

#include "runtime/build-id.h"
#include "runtime/cc.h"

struct rhp_stream;

struct rhp_module_info {
	uint32_t number; /* from 1 */
	uintptr_t start, end, bias;
	uintptr_t text_low, text_high; /* its code, and perhaps more */
	uintptr_t read_low, read_high; /* surely readable while it is mapped */
	uintptr_t eh_frame_hdr;        /* 0 if it has none */
	uintptr_t unwind_table;        /* its sorted table, 0 if unusable */
	uint64_t n_unwind_entries;
	uint64_t signature;   /* of its path and build id */
	const void *identity; /* the dynamic loader's object */
	int dead;             /* unmapped, or another took its place */
};

/*
 * Finds the module that holds an instruction, NULL if none does, and writes its record to
 * `out` when it finds it for the first time. The result is never freed. For slow paths:
 * it takes a lock of its own. It asks _dl_find_object where libc has that, which takes no
 * lock and allocates nothing; elsewhere dl_iterate_phdr.
 */
HIDDEN const struct rhp_module_info *rhp_module_find(uintptr_t ip,
						     struct rhp_stream *out);

/* Where the module that holds an address begins, 0 if none does. Asks the same, without a
 * lock of its own; at the start of each program, where dladdr would take most of the
 * time: it looks through all symbols of the module. */
HIDDEN uintptr_t rhp_module_start(const void *address);

/*
 * Fills in what the program headers of a mapped object say about unwinding, and copies
 * its build id (build-id.h). Returns the size of the build id.
 */
HIDDEN size_t rhp_module_read_headers(struct rhp_module_info *module,
				      const ElfW(Phdr) * phdr, size_t n_phdr,
				      uint8_t build_id[RHP_BUILD_ID_MOST]);

/* Changes whenever an address may have changed its meaning. Any thread. */
extern HIDDEN uint32_t rhp_epoch;
static ALWAYS_INLINE uint32_t rhp_modules_epoch(void)
{
	return __atomic_load_n(&rhp_epoch, __ATOMIC_RELAXED);
}

/* dlclose has returned: forgets the modules that are no longer mapped. */
HIDDEN void rhp_modules_closed(void);

/* In the next trace no module has a number yet. No thread may be capturing a stack. */
HIDDEN void rhp_modules_forget(void);

/* A module that holds this address has just been loaded: forgets the module that was
 * known there before, even if it had the same size and name. */
HIDDEN void rhp_module_opened(const void *inside);
