/* SPDX-License-Identifier: MIT */
/*
 * Which pages the live blocks of a moment touch, how full these are, who holds them, and
 * what could be given back to the system. Pure computation on addresses and sizes:
 * read-pages.c takes them from a database, text-pages.c and pages-json.c write what comes
 * out. Dies if memory runs out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/chunks.h"
#include "report/sums.h"

#define PAGE_NO_SITE UINT32_MAX
#define PAGE_EIGHTHS 8
#define PAGE_CLASSES 62 /* by size: up to 16, 32, 64, ... bytes; the last one: mapped */
#define PAGE_CLASS_MAPPED (PAGE_CLASSES - 1)
#define PAGE_POOLS 5 /* sites for which a pool of their own is computed */

struct page_block {
	uint64_t address, size;
	uint32_t site; /* index */
	uint32_t area; /* index, after pages_compute */
};

enum page_area_kind {
	AREA_MAIN,   /* behind the program: what brk gives */
	AREA_ARENA,  /* a heap of an arena, by its aligned address */
	AREA_MAPPED, /* all blocks that have mappings of their own */
	AREA_OTHER,  /* of an unknown allocator: blocks without a gap of 64 MiB */
};

struct page_area {
	enum page_area_kind kind;
	uint64_t low, high; /* from the lowest live block to the end of the highest */
	uint64_t blocks, bytes;
	uint64_t pages; /* that live blocks touch */
	uint64_t range; /* from the lowest to the highest of these; mapped: the same */
	uint64_t free_pages; /* below the highest live block: malloc_trim could give them
			      * back */
	uint64_t begin, end; /* of the chunks, dead ones below included */
};

/* Pages one behind the other that one site holds: it has most bytes in each of them, of
 * several the one with the lowest index. */
struct page_run {
	uint64_t first, n; /* number: address / page */
	uint32_t holder;
};

/* Pages of heaps below a quarter full that a site holds. */
struct page_pin {
	uint32_t site;
	uint64_t pages;
	uint64_t bytes, all_bytes; /* live in them: its own, and of all sites */
};

/* What chunks cost. Weighed. */
struct page_cost {
	double blocks, bytes, headers, rounding;
};

/* If a site had a pool of its own: whole pages that would be free without it, besides
 * those that are, and those that its chunks would need. */
struct page_pool {
	uint32_t site;
	uint64_t freed, needed;
};

/* If one arena had served all threads: the pages that heaps keep, from where each began
 * to its highest live block, and those for all chunks that were live in heaps at one
 * time, at most, until the moment. */
struct page_arenas {
	uint64_t n_heaps; /* that have live blocks */
	uint64_t kept, needed;
};

/* Bytes of chunks in heaps, of an interval of time. */
struct page_lives {
	double born, died;
};

/* What a moment has. Set by the caller: all up to n_blocks. */
struct pages {
	struct chunk_model model;
	bool is_glibc;        /* the model is wanted; pages_compute clears it if the
			       * addresses contradict it */
	int64_t until_ns;     /* the moment */
	uint64_t program_end; /* where the program's own mapping ends; 0: unknown */
	size_t n_sites;
	struct page_block *blocks;
	size_t n_blocks, n_blocks_max;

	bool is_refuted;   /* the addresses are not those of glibc's malloc */
	uint64_t bytes;    /* of all live blocks */
	uint64_t touched;  /* pages, of all areas */
	uint64_t in_heaps; /* of them, not of mapped blocks; so below: */
	uint64_t eighths[PAGE_EIGHTHS]; /* pages by how full they are: below 1/8, ... */
	struct page_area *areas;        /* by address; mapped ones together are last */
	size_t n_areas, n_areas_max;
	bool has_mapped;
	struct page_run *runs; /* by address */
	size_t n_runs, n_runs_max;
	struct page_pin *pins; /* most pages first */
	size_t n_pins;
	struct page_pool pools[PAGE_POOLS]; /* of the first pins */
	size_t n_pools;
	struct page_lives *lives; /* by time; NULL: none */
	struct page_arenas arenas;
	struct page_cost classes[PAGE_CLASSES];
	struct page_cost *costs; /* by site */
	struct sums neighbours;  /* by pair_key(holder, site of the dead) */
};

/* Prepare for so many sites; the pages are zeroed but for what the caller has set. */
void pages_init(struct pages *pages);
void pages_fini(struct pages *pages);

void pages_add(struct pages *pages, struct page_block block);

/* Compute areas, pages and who holds them. Sorts the blocks by their addresses. Of blocks
 * that overlap, what a lower one covers counts for that. */
void pages_compute(struct pages *pages);

/* Add what a chunk costs that stands for `weight` blocks. */
void pages_add_cost(struct pages *pages, uint32_t site, uint64_t size, bool is_mapped,
		    double weight);

/* Add the costs of all blocks, after pages_compute. */
void pages_add_costs(struct pages *pages);

/*
 * Add a block that died before the moment, after pages_compute: it was a neighbour of the
 * sites that now hold the page of its first byte and that of its last. One that lies
 * below all live blocks of a heap says that the heap begins there.
 */
void pages_add_dead(struct pages *pages, const struct page_block *block);

/* Add when a block lived, in nanoseconds: it counts if it is no mapped one. INT64_MAX: it
 * lives on. */
void pages_add_life(struct pages *pages, const struct page_block *block, int64_t from_ns,
		    int64_t to_ns);

/* Compute what could be given back, after the dead and all lives were added: free pages
 * of areas, pools, arenas. Does nothing without a model. */
void pages_estimate(struct pages *pages);

/* Return the site that holds a page, by its number; or PAGE_NO_SITE. */
uint32_t pages_holder(const struct pages *pages, uint64_t page);

/* Return the largest size of a class. */
uint64_t pages_class_largest(size_t class);

/* Return the sites that have costs, those with the highest first, and set their number;
 * and the neighbours that have most blocks. The caller frees them. */
uint32_t *pages_costly_sites(const struct pages *pages, size_t *n);
struct sum *pages_top_neighbours(const struct pages *pages, size_t *n);

/* Return how many whole pages below the highest live blocks would be free for malloc_trim
 * if a site had no blocks; PAGE_NO_SITE: as it is. Sets free_pages of areas in that case.
 */
uint64_t pages_free(struct pages *pages, uint32_t without);
