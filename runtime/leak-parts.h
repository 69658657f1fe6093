/* SPDX-License-Identifier: MIT */
/*
 * The parts of a scan for leaks: leak.c begins it in the program, with leak-stack.c
 * (where the stack counts); the rest happens in the child, in this order: leak-memory.c
 * (what is mapped), leak-blocks.c (what is live) with leak-inner.c (what lies in other
 * blocks), leak-bound.c and leak-taken.c (whether that is all that the allocator gave
 * out), leak-modules.c (where variables are), leak-roots.c (where pointers count),
 * leak-mark.c (what they reach), leak-graph.c with leak-frames.c (the pointers
 * themselves, if they are asked for).
 */
#pragma once

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/leak.h"

#define LEAK_WORD sizeof(uintptr_t)
#define LEAK_PAGE 4096u
/* Allocators align blocks by two words. */
#define LEAK_GRANULE (2 * LEAK_WORD)
/* The most that libc's descriptor of a thread has; its stack ends with it. */
#define LEAK_DESCRIPTOR 0x900u
#define LEAK_MAX_WORDS 131072
#define LEAK_MAX_THREADS 16384
#define LEAK_MAX_WIPED 4096
#define LEAK_MAX_FRAMES 256
#define LEAK_MAX_NAME 256

struct leak_extent {
	uintptr_t start, end;
};

/* A frame of a thread's stack. */
struct leak_frame {
	uintptr_t start, end;
	uintptr_t code; /* where it was, for the source line */
};

/* Memory that the program and the child share: what they say to each other. */
struct leak_shared {
	uint32_t is_ready; /* the threads have been asked for the second time */
	int32_t error;     /* 0 or -errno: how the child's scan went */
	uint64_t sequence; /* of the next chunk */
	uint64_t ticks;
	int parent_pages; /* descriptor of the program's page map, or -1 */
	struct rhp_leak_counts counts;
	uintptr_t stack;           /* of the calling thread, from here on */
	struct leak_extent passed; /* a part of that which does not count */
	/* What this process has and its copies lack: a child that finds it ends with
	 * -EAGAIN, and the next one gets a copy of it, one after the other. */
	bool is_restored;
	uint32_t n_wiped;
	struct leak_extent wiped[LEAK_MAX_WIPED];
	void *wiped_copy;
	size_t wiped_size;
	struct leak_kept *kept; /* or NULL: nothing is kept for another scan */
	uint32_t n_words, n_threads;
	bool is_asked;  /* by the program, which may ask again */
	uint16_t flags; /* enum rhp_scan_flags */
	bool knows_all; /* the trace has every block that the allocator ever gave out */
	int calling_tid;
	uintptr_t calling_descriptor;    /* libc's, of that thread */
	uintptr_t calling_tid_address;   /* of glibc in that: has its number; or 0 */
	uintptr_t words[LEAK_MAX_WORDS]; /* registers and the like: pointers that count */
	bool wants_graph;                /* pointers are written, too */
	bool has_verdict;                /* all of the scan but the graph is done */
	int32_t graph_error;             /* 0 or -errno: how that went */
	char name[LEAK_MAX_NAME];        /* of the snapshot */
	uint32_t n_frames;
	struct leak_frame frames[LEAK_MAX_FRAMES]; /* from the innermost on */
	struct leak_thread {
		int tid;
		bool is_steady; /* it did not run between the two times it was asked */
		uintptr_t sp;   /* 0: unknown */
		uint64_t ran;   /* a hash of how long it had run */
	} threads[LEAK_MAX_THREADS]; /* all others */
	/* Stamps from `after` on came later than the copy; those between the two, about
	 * when it was made. */
	uint64_t before[RHP_N_SHARDS], after[RHP_N_SHARDS];
};

/* A mapping that may hold pointers, or of a large one a piece that has pages. */
struct leak_region {
	uintptr_t start, end;
	uintptr_t map_start, map_end; /* of all of it */
	uint64_t *present;            /* a bit for each page that was ever written */
	size_t n_present;
	uint64_t *
		covered; /* a bit for each granule that was ever part of a block; heaps */
	uint32_t
		*first; /* by page: blocks that begin before it; NULL: none begins here */
	bool is_covered; /* all of it is of a block */
	bool is_anonymous, is_shared, is_writable, is_brk, is_stack, is_code;
	bool is_locked;   /* it could not be read */
	bool is_arena;    /* of glibc's malloc, for threads */
	bool is_other;    /* of another allocator, which the program brings; */
	bool is_doubtful; /* ... or perhaps of that: it has no blocks */
	bool is_heap;
	bool has_data; /* but a part of it has variables, which s->data has */
};

struct leak_block {
	uintptr_t address;
	uint64_t size : 63;       /* no two overlap; one of none has an address, too */
	uint64_t may_be_over : 1; /* what seems to lie in it may have its memory */
	uint64_t stamp : RHP_SEQ_BITS;
	uint64_t family : RHP_FAMILY_BITS;
};

/* Of no block: the slot of this address and a family says that pools of it were freed as
 * a whole. It counts as live, so the next scan has it, too. */
#define LEAK_POOLS ((uintptr_t)1)

/* An address that a block of a family ever had. */
struct leak_address {
	uintptr_t address;                 /* 0: a free slot */
	uint64_t begun : RHP_SEQ_BITS;     /* stamp of its latest allocation */
	uint64_t family : RHP_FAMILY_BITS; /* of format.h */
	uint64_t size;                     /* that the latest allocation asked for */
	uint64_t latest;                   /* stamp of its latest event, */
	uint64_t most : 60;                /* the largest block ever */
	uint64_t is_resized : 1;           /* the latest allocation was a realloc's */
	uint64_t is_live : 1;              /* what the latest event left */
	uint64_t is_moving : 1; /* something happened to it when memory was copied */
	uint64_t is_recent : 1; /* an event of it will be read again by the next scan */
};

/* Addresses that had blocks, and have none any more. */
struct leak_dead {
	uintptr_t start, end;
	bool is_large; /* it may have had a mapping of its own */
};

/* The stack of a thread that lives. */
struct leak_stack {
	uintptr_t start, end;
	uintptr_t descriptor; /* libc's, in it */
	int tid;
};

struct leak_graph;

struct leak_scan {
	struct leak_shared *shared;
	/* NULL: what pointers lead to is marked. Else each is handed to this, with its
	 * address, or with what stands for it. */
	void (*take_pointer)(struct leak_scan *s, uintptr_t at, size_t target,
			     bool is_possible);
	struct leak_graph *graph;  /* leak-graph.c's */
	struct leak_frame *frames; /* of threads that wait; those of the calling one are
				    * in shared->frames */
	size_t n_frames, n_frames_max;
	struct leak_region *regions; /* by address */
	size_t n_regions;
	struct leak_address *addresses; /* a table of n_slots */
	size_t n_slots, n_addresses;
	bool has_families;         /* some are of a declared function */
	struct leak_block *blocks; /* by address */
	size_t n_blocks;
	uint8_t *kinds;   /* of the blocks: enum rhp_leak_kind */
	uint32_t *owners; /* of a block that is lost with another one, that; or itself */
	uint32_t *queue;  /* of blocks to be looked into */
	size_t n_queued;
	struct leak_extent *excluded; /* where pointers do not count: by address */
	size_t n_excluded, n_excluded_max;
	struct leak_extent *data; /* variables of modules, and of threads whose stack is
				   * not known */
	size_t n_data, n_data_max;
	struct leak_stack *stacks;
	size_t n_stacks, n_stacks_max;
	uintptr_t tid_offset;      /* of the thread's number in a descriptor, or 0 */
	uintptr_t main_descriptor; /* libc's of the first thread, or 0 */
	uintptr_t variables;       /* the size of a thread's, before its descriptor */
	bool has_arena;            /* glibc's malloc was used */
	struct leak_extent list;   /* of mappings, which is a text of our own */
	uint64_t passed;   /* where in the trace the chunks begin that are to be read */
	uint64_t *windows; /* before that: their places */
	size_t n_windows, n_windows_max;
	struct leak_dead *dead; /* what the chunks before that leave but what is live */
	size_t n_dead, n_dead_max;
};

struct rhp_stream;

/*
 * In the program: finds where the stack of the calling thread begins to count, and adds
 * the registers that were saved below that. shared->stack is the end of the frame of
 * whoever asked, or 0 for the frames of exit(); it becomes what is counted from. Modules
 * that were not seen before are written to `out`.
 */
HIDDEN void rhp_leak_begin_stack(struct leak_shared *shared, struct rhp_stream *out);

static ALWAYS_INLINE void leak_add_word(struct leak_shared *shared, uintptr_t word)
{
	if (shared->n_words < LEAK_MAX_WORDS)
		shared->words[shared->n_words++] = word;
}

/*
 * Whether all libraries that call libc's allocator call the one of the executable, which
 * records, where the loader has finished what it was doing. *is_unrecorded: a library
 * allocates without being recorded, as far as its dynamic section and the loader's lists
 * tell: it is bound to another allocator, or to its own, or it is in a namespace of its
 * own (dlmopen). In the child, for it reads the loader's list without a lock.
 */
HIDDEN bool rhp_leak_all_is_bound(bool *is_unrecorded);

/* The loader's list of libraries, NULL if it is being changed. In the child. */
HIDDEN const struct link_map *rhp_leak_libraries(void);

/* Finds the functions of an allocator that a library defines, at most so many; how many
 * there are. */
HIDDEN size_t rhp_leak_allocators(const struct link_map *map, uintptr_t *found,
				  size_t most);

/* Whether a library has the address of an allocator's function that another library
 * defines, as dlsym(RTLD_NEXT) gives it. In the child, when the regions are known. */
HIDDEN bool rhp_leak_is_taken(const struct leak_scan *s);

/* The ELF header of a library, NULL if it is not where the library begins. */
HIDDEN const void *rhp_leak_header(const struct link_map *map);

/* The program headers of the module whose ELF header this is, and how many; NULL and 0:
 * it is none. */
HIDDEN const ElfW(Phdr) * rhp_leak_segments(const void *module, unsigned *n);

/* The bytes that the thread-local variables of all modules take in each thread, where
 * they have a fixed place beside its descriptor: an upper bound. In the child. */
HIDDEN uintptr_t rhp_leak_size_of_variables(void);

/* Adds to s->data, or adds what modules say: 0 or -ENOMEM. In the child. Then, whether an
 * extent overlaps it, and whether a word of a region is in it. */
HIDDEN int rhp_leak_add_data(struct leak_scan *s, uintptr_t start, uintptr_t end);
HIDDEN int rhp_leak_find_data(struct leak_scan *s);
HIDDEN bool rhp_leak_has_data(const struct leak_scan *s, uintptr_t start, uintptr_t end);
HIDDEN bool rhp_leak_is_data(const struct leak_scan *s, const struct leak_region *r,
			     uintptr_t at);

/* All return 0 or -errno. */
HIDDEN int rhp_leak_read_regions(struct leak_scan *s);
HIDDEN int rhp_leak_read_blocks(struct leak_scan *s);
HIDDEN int rhp_leak_find_roots(struct leak_scan *s);
HIDDEN int rhp_leak_mark(struct leak_scan *s);

/* After the verdict is written: writes all pointers behind it, and the GRAPH. */
HIDDEN int rhp_leak_write_graph(struct leak_scan *s);

/* For the graph: finds the frames of other threads (0 or -ENOMEM); and the code address
 * of the frame that a word of a stack is in, or 0. */
HIDDEN int rhp_leak_find_frames(struct leak_scan *s);
HIDDEN uintptr_t rhp_leak_frame(const struct leak_scan *s, uintptr_t at);

/* For s->take_pointer, once more what rhp_leak_mark visits: all that is outside blocks,
 * or the block i. */
HIDDEN void rhp_leak_visit_roots(struct leak_scan *s);
HIDDEN void rhp_leak_visit_block(struct leak_scan *s, size_t i);
#define LEAK_AT_WORD ((uintptr_t)1)   /* no address: one of shared->words */
#define LEAK_AT_MOVING ((uintptr_t)2) /* none: an event of the block was under way */

/* Takes what the last scan of this trace kept for this one, if it did; and keeps what
 * this one read for the next. */
#define LEAK_KEPT_SIZE ((size_t)64 << 20)
#define LEAK_LARGE ((size_t)1 << 16) /* blocks that may have a mapping of their own */
HIDDEN int rhp_leak_take_kept(struct leak_scan *s);
HIDDEN void rhp_leak_keep(struct leak_scan *s);

/* The slot of an address and a family in the table, which it makes; NULL if there is no
 * memory. */
HIDDEN struct leak_address *rhp_leak_address(struct leak_scan *s, uintptr_t address,
					     uint32_t family);

/* Whether there is a block at an address. `other` is the same address in the family of
 * the functions that may free it, too: of NONE that is LISTED, and the other way round;
 * NULL: there is none. */
HIDDEN bool rhp_leak_is_live(const struct leak_address *a,
			     const struct leak_address *other);

/* Leaves out the blocks that lie in others: these are judged for both. They come by
 * address, and no two of what is left begin at the same one. */
HIDDEN void rhp_leak_leave_inner(struct leak_scan *s);

/* The region that an address lies in, or NULL; and the first that ends behind it. */
HIDDEN struct leak_region *rhp_leak_region(const struct leak_scan *s, uintptr_t address);
HIDDEN struct leak_region *rhp_leak_next_region(const struct leak_scan *s,
						uintptr_t address);

/* Whether this word, in the region, was ever written. */
static ALWAYS_INLINE bool leak_is_present(const struct leak_region *r, uintptr_t address)
{
	size_t page = (address - r->start) / LEAK_PAGE;
	return r->present[page / 64] >> page % 64 & 1;
}

/* The first page at or behind this one, in the region, that may be present: of 64 that
 * are not, the next. */
static ALWAYS_INLINE uintptr_t leak_skip_absent(const struct leak_region *r,
						uintptr_t address)
{
	size_t page = (address - r->start) / LEAK_PAGE;
	if (page % 64 != 0 || r->present[page / 64] != 0)
		return address;
	while (page / 64 < (r->end - r->start) / LEAK_PAGE / 64 && !r->present[page / 64])
		page += 64;
	return r->start + page * LEAK_PAGE;
}

static ALWAYS_INLINE uintptr_t leak_word(uintptr_t address)
{
	return *(const uintptr_t *)address;
}

/* The number of blocks that begin before the address. */
HIDDEN size_t rhp_leak_blocks_before(const struct leak_scan *s, uintptr_t address);

/* The stack of a thread that lives, which has the address; or NULL. */
HIDDEN const struct leak_stack *rhp_leak_stack(const struct leak_scan *s,
					       uintptr_t address);

/* Makes room for one more item of `item` bytes in an array that has n of at most n_max.
 */
HIDDEN int rhp_leak_grow(void **array, size_t n, size_t *n_max, size_t item);
