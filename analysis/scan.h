/* SPDX-License-Identifier: MIT */
/*
 * What scans for leaks found, as the trace says it: of each block that was live the kind
 * (enum rhp_leak_kind). The last scan that was made whole counts. For catalog.c, which
 * fills it, and pair.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct reader_blob;
struct rhp_record;

struct scan_blocks {
	uint64_t *blocks; /* address: 56, kind: 8 */
	size_t n_blocks, n_max;
};

struct scan {
	struct scan_blocks whole, begun;
	uint64_t ticks; /* of the one that is whole, 0: none is */
	uint32_t other_threads;
	uint64_t failed_ticks; /* of the last that failed, and its errno */
	int error;
};

/* A LEAK record: 0 or -ENOMEM. A SCAN ends what came before it. */
int scan_take_leak(struct scan *scan, const struct rhp_record *record);
void scan_take_end(struct scan *scan, const struct reader_blob *blob);

/* The errno of the last scan, 0: it is whole, or there was none. */
int scan_failure(const struct scan *scan);

/* The kind of the block that was at an address then. */
uint8_t scan_kind(const struct scan *scan, uint64_t address);

void scan_fini(struct scan *scan);
