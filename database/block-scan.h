/* SPDX-License-Identifier: MIT */
/*
 * Reads every block of a process once, lot by lot, in the order in which the database has
 * them. Every function dies if the database cannot be read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct database;

/* What all blocks of a lot have in common. */
struct scanned_lot {
	int64_t stack;
	int64_t alloc_thread, free_thread; /* 0: unknown, or not freed */
	int64_t free_stack;                /* 0: no free was recorded */
	int64_t ending;                    /* block_endings of schema.sql */
	bool live;                         /* at the end of the trace */
	bool temporary;                    /* its thread freed it next */
	double weight;                     /* blocks for which each block stands */
	int64_t leak_owner; /* stack of the lost block that it hangs below; 0: none */
	int64_t leak_kind;  /* enum leak_kind of terms.h; -1: not live */
	int64_t first_block, last_block;
};

struct scanned_block {
	int64_t alloc_ns;
	int64_t free_ns; /* INT64_MAX: never, or nobody knows when */
	int64_t size;
	int64_t address; /* its bits, which SQL has as a signed number */
};

struct block_scan;

/* Begin to read the blocks of a process. */
struct block_scan *block_scan_open(const struct database *database, int64_t process);

/* Go to the next lot. Returns false if there is none. What was not read of the lot before
 * is passed over. */
bool block_scan_next_lot(struct block_scan *scan, struct scanned_lot *lot);

/* Read the next block of the lot. Returns false at its end. */
bool block_scan_next(struct block_scan *scan, struct scanned_block *block);

void block_scan_close(struct block_scan *scan);
