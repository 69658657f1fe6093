/* SPDX-License-Identifier: MIT */
/*
 * Holds what the leak scans of a trace found: the kind (enum rhp_leak_kind) of each block
 * that was live, and which lost block another one hangs below. The last complete scan
 * counts. catalog.c fills it, pair.c asks it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct reader_blob;
struct rhp_record;

struct scan_block {
	uint64_t address;
	uint64_t kind : 8;   /* enum rhp_leak_kind */
	uint64_t owner : 56; /* of an indirectly lost one: the address of that; or 0 */
};

struct scan_blocks {
	struct scan_block *blocks;
	size_t n_blocks, n_max;
};

struct scan {
	struct scan_blocks whole, begun; /* the last complete scan; one being read */
	uint64_t ticks;                  /* of the complete one, 0: there is none */
	uint32_t other_threads;
	uint32_t flags;        /* enum rhp_scan_flags, of all complete ones together */
	uint64_t failed_ticks; /* of the last that failed, and its errno */
	int error;
};

/* Take a LEAK record. Returns 0 or -ENOMEM. A SCAN record completes the scan whose LEAK
 * records came before it, or says that it failed. */
int scan_take_leak(struct scan *scan, const struct rhp_record *record);
void scan_take_end(struct scan *scan, const struct reader_blob *blob);

/* Return the errno of the last scan; 0 if it is complete or there was none. */
int scan_failure(const struct scan *scan);

/* Find the block that was at this address at the time of the scan. Returns NULL if there
 * was none. */
const struct scan_block *scan_find(const struct scan *scan, uint64_t address);

void scan_fini(struct scan *scan);
