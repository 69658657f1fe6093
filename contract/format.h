/* SPDX-License-Identifier: MIT */
/*
 * The trace file: the contract between an instrumented program and the
 * programs that read its trace. Records and tags only; no functions but
 * the accessors of one record. docs/reference/trace-format.md is the prose.
 *
 * A file is: one header page, the stamp counters, then regions of
 * header.region_size bytes. A region is a stream's WINDOW (the buffer a
 * tracker writes through a shared mapping, used again and again) or a CHUNK
 * (a full window, copied to the end of the file). Every region is records, from its
 * first byte on, and a region header at header.head_offset. The records are packed into
 * units of 8 bytes (contract/packed.h); a unit of zeros is unwritten.
 *
 * Until version 5 the region header came first (header.head_offset is 0 there), and
 * behind it the records as they are here, of 24 bytes each, not packed.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

#define RHP_TRACE_MAGIC "rheaper\n"
#define RHP_TRACE_VERSION 8
#define RHP_TRACE_VERSION_FIRST 4  /* that readers take */
#define RHP_TRACE_VERSION_PACKED 6 /* from here on records are packed */
#define RHP_BYTE_ORDER_MARK 0x01020304u
#define RHP_HEADER_SIZE 4096u
#define RHP_REGION_MAGIC 0x6e676572u /* "regn" */

#define RHP_N_SHARDS 4096u
#define RHP_SHARD_STRIDE 64u

#define RHP_TIME_BITS 24
#define RHP_TIME_SHIFT 6 /* what the runtime writes to header.time_shift */
#define RHP_SEQ_BITS 40
#define RHP_SIZE_BITS 36
#define RHP_STACK_BITS 28
#define RHP_SIZE_MAX ((UINT64_C(1) << RHP_SIZE_BITS) - 1)
#define RHP_STACK_MAX ((UINT32_C(1) << RHP_STACK_BITS) - 1)

/* How the trace stands: header.state. Anything but RUNNING is a clean end. */
enum rhp_trace_state {
	RHP_STATE_RUNNING = 1, /* being written, or the program was killed */
	RHP_STATE_EXITED = 2,  /* the program ran its exit handlers */
	RHP_STATE_STOPPED = 3, /* tracking was switched off */
	RHP_STATE_FAILED = 4,  /* writing failed: header.stop_errno says why */
	RHP_STATE_FULL = 5,    /* the size limit was reached */
	RHP_STATE_SNAPSHOT =
		6, /* a copy of a trace that went on: events whose stamps are not below
		    * their counter came later, and are not all there */
	RHP_STATE_EXECUTED = 7, /* the program called exec */
};

/* Why events are missing: index of header.lost. */
enum rhp_loss {
	RHP_LOST_IO = 0,  /* the trace could not be written any more */
	RHP_LOST_TRACKER, /* no tracker and no overflow stream to be had */
	RHP_LOST_NESTED,  /* a signal handler's event with the window full */
	RHP_LOST_STACK,   /* stack table full: the event is kept, its stack not */
	RHP_LOST_EARLY,   /* before the runtime could start */
	RHP_LOST_LIMIT,   /* the size limit was reached */
	RHP_LOST_SAMPLE,  /* no memory to remember that a block is of the sample */
	RHP_LOST_RING,    /* overwritten by newer ones: header.ring */
	RHP_N_LOSSES
};

/* 64 bits aligned by 8 bytes, on i386 too, which aligns them by 4: one instruction
 * changes them, and other machines read them. */
typedef uint64_t rhp_u64 __attribute__((aligned(8)));

/* The first page. Fields marked (live) change while the program runs. */
struct rhp_file_header {
	char magic[8];
	uint32_t byte_order;
	uint16_t version;
	uint16_t pointer_size;
	uint32_t header_size;
	uint32_t record_size;
	uint32_t region_size;
	uint32_t n_shards;
	rhp_u64 shard_offset; /* n_shards counters, RHP_SHARD_STRIDE apart (live) */
	rhp_u64 first_region; /* offset */
	rhp_u64 file_end;     /* offset of the next region to hand out (live) */
	uint32_t state;       /* enum rhp_trace_state (live) */
	uint32_t stop_errno;  /* (live) */
	uint32_t pid;
	uint32_t time_shift;       /* record time = ticks >> time_shift, low bits */
	rhp_u64 start_realtime_ns; /* since 1970, when tracing began */
	/* Two points of the line ticks -> nanoseconds of CLOCK_MONOTONIC. */
	rhp_u64 start_ticks, start_ns;
	rhp_u64 last_ticks, last_ns; /* (live) */
	uint32_t max_stack_depth;
	uint32_t max_trackers;
	uint32_t event_buffer; /* records of 24 bytes that a window has room for */
	uint32_t capture;      /* 0 link, 1 process */
	/* Not 0: a block of n bytes is recorded with the probability
	 * 1 - exp(-(n + 1) / sample_bytes), its free if it was. */
	rhp_u64 sample_bytes;
	rhp_u64 sample_rate_ppm; /* share of the allocations whose stack is taken */
	rhp_u64 max_bytes;       /* 0: no limit */
	rhp_u64 n_threads;       /* threads that recorded anything (live) */
	rhp_u64 lost[16];        /* by enum rhp_loss (live) */
	char runtime_version[32];
	char executable[3072]; /* path, NUL-terminated, cut if longer */
	uint32_t ring;         /* 1: chunks are overwritten once max_bytes is reached */
	uint32_t free_stacks;  /* 1: the nodes of frees are whole stacks */
	uint32_t exit_threads; /* of EXITED and EXECUTED: threads that ran on then, each
				* of which may have been inside an event that it never
				* wrote */
	uint32_t is_child;     /* 1: of a process that a traced one forked */
	/* Forked children that called something which is wrapped, by enum rhp_child
	 * (live). Children write to this head, and to nothing else of the trace. */
	uint32_t children[3];
	uint32_t began_late; /* 1: the program ran already when tracing began */
	/* Of the first trace of a forked child: start_realtime_ns of the trace whose
	 * `children` counts it; 0: it is none */
	rhp_u64 counted_in;
	uint32_t head_offset; /* of the header of a region, from its beginning */
	/* Forked children that called nothing which is wrapped; and how often the process
	 * or a child of it executed a program without RHEAPER_TRACE in the environment
	 * (live, from version 8 on). */
	uint32_t more_children[2];
	char reserved[652];
};

/* Index of rhp_file_header.children, and behind these of more_children. */
enum rhp_child {
	RHP_CHILD_SILENT = 0,   /* it allocates, and nobody records it */
	RHP_CHILD_EXECUTED = 1, /* the same, but it went on as another program */
	RHP_CHILD_FOLLOWED = 2, /* it has traces of its own */
	RHP_CHILD_QUIET = 3,    /* it called nothing, and has what its parent had */
	RHP_CHILD_UNTRACED = 4, /* a program that was executed without RHEAPER_TRACE */
};

enum rhp_region_kind {
	RHP_REGION_WINDOW = 1,
	RHP_REGION_CHUNK = 2,
};

/*
 * The header of every region. It is written last, so a region without the magic was never
 * finished, and readers skip it: a chunk is one write, whose last bytes these are. A
 * stream's buffers are numbered from 0. A window with the same sequence as a chunk of its
 * stream was copied there but not used again; readers ignore it.
 */
struct rhp_region {
	uint32_t magic;
	uint16_t kind;
	uint16_t stream;
	rhp_u64 sequence;
	rhp_u64 used; /* bytes of records in a chunk. In a window it means nothing: a
		       * reader looks at all records, and skips zero ones */
	rhp_u64 base_ticks, base_ns; /* when this buffer was begun */
	rhp_u64 n_events;            /* of a chunk of a ring */
	rhp_u64 base;                /* of the addresses in this buffer's short records */
	rhp_u64 end;                 /* RHP_REGION_MAGIC: the header is whole */
};

/*
 * With header.ring the records that are not of one thread (nodes and texts, but THREAD)
 * are in a stream of their own, whose chunks stay; every other chunk begins with a
 * THREAD, and may be overwritten by a newer one.
 */
#define RHP_LASTING_STREAM 0xffff

/* The stream of a leak scan: LEAK records of all blocks that were live, then a SCAN. LEAK
 * records without a SCAN after them are of a scan that was not completed. If the pointers
 * were asked for, ROOT, EDGES and EDGE records follow, and a GRAPH; without the GRAPH
 * they are not all there, and do not count. */
#define RHP_SCAN_STREAM 0xfffe

/*
 * Records, as readers see them once they are unpacked. The low byte of the first word is
 * the code.
 *
 * Events                 a: address  b: stamp, time   c: stack, size
 *   ALLOC                block       yes              call node, requested size
 *   FREE                 block       yes              call node, size or 0
 *   REALLOC_BEGIN        old block   yes (before)     0
 *   REALLOC_END          new block   yes (after)      call node, requested size
 *   REALLOC_FAIL         old block   yes (after)      call node, requested size
 *   REALLOC_FREE         old block   yes (after)      call node, 0
 * A REALLOC_{END,FAIL,FREE} belongs to the last REALLOC_BEGIN of its stream
 * and thread that has none yet. REALLOC_FREE: realloc(p, 0) freed p; its own
 * stamp carries no order, the block ended at the BEGIN; with header.sample_bytes,
 * realloc gave a block that is not of the sample, too. A REALLOC_END whose
 * node is 0 only follows a block's life (capture `link`, realloc called by a
 * shared library): the block keeps its call node, and if the old block is
 * unknown the new one stays unknown.
 *
 * SIZE: c is the full size of the event that follows in the stream (its own
 * size field is then RHP_SIZE_MAX).
 * TIME: c is the full value of the clock in ticks; later record times count
 * from it.
 *
 * FAMILY, from version 8 on: the event that follows in the stream is one of a function
 * that was declared (--rheaper-wrap): b = family: 24, enum rhp_family_flags: 8; c = the
 * pool that its block is of, or 0. Blocks of a family may lie in those of another one,
 * and only functions of the same family end them, but for the end of what they lie in.
 *
 * FRAME: a node of the tree of stacks: return address a, called from the node
 * `parent`. CALL: a leaf: function number a called with the stack `parent`.
 * Events name CALL nodes. Node 0 is the empty stack.
 *
 * BLOB: the head of a text of `length` bytes that follows in TEXT records.
 *
 * LEAK: the allocation that got stamp b of address a was of a kind when memory was
 * scanned: c = kind: 8 (enum rhp_leak_kind), owner: 56. The owner of an INDIRECT block is
 * the address of the DEFINITE block that it hangs below, of any other 0.
 *
 * Pointers, from version 7 on. Blocks are named by the number of their LEAK record in the
 * scan, from 0 on. A pointer is possible if it does not lead to the start of its block.
 *   ROOT   a: code: 8, target: 31, possible: 1, tid: 22 (0: none)
 *          b: address of the word: 60, enum rhp_root_kind: 4 (high)
 *          c: code address of the frame that the word is in, or 0
 *   EDGES  a: code: 8, source: 31  b: a number of bytes. The EDGE records that follow, up
 *          to the next EDGES, are of words of this block.
 *   EDGE   a: code: 8, target: 31, possible: 1  b: offset of the word in the source, less
 *          what the EDGES says
 */
enum rhp_code {
	RHP_ALLOC = 1,
	RHP_FREE = 2,
	RHP_REALLOC_BEGIN = 3,
	RHP_REALLOC_END = 4,
	RHP_REALLOC_FAIL = 5,
	RHP_REALLOC_FREE = 6,
	RHP_SIZE = 16,
	RHP_TIME = 17,
	RHP_FAMILY = 18,
	RHP_FRAME = 32,
	RHP_CALL = 33,
	RHP_BLOB = 48,
	RHP_TEXT = 49,
	RHP_LEAK = 64,
	RHP_EDGES = 65,
	RHP_EDGE = 66,
	RHP_ROOT = 67,
};

/* Families that have no hash of a name (rhp_family): events without a FAMILY are of
 * functions that every program wraps; those of LISTED are of functions whose blocks these
 * may free, too. */
#define RHP_FAMILY_NONE 0u
#define RHP_FAMILY_LISTED 1u
#define RHP_FAMILY_BITS 24

enum rhp_family_flags {
	/* A FREE, of no block at the address, but of all blocks of the family whose pool
	 * that is, and of all whose pool one of these is. At the address 0: of all. */
	RHP_FAMILY_POOL = 1,
	RHP_FAMILY_COLLECTED = 2, /* a garbage collector frees its blocks, unseen */
};

struct rhp_record {
	rhp_u64 a; /* code: 8, address: 56 */
	rhp_u64 b; /* events: stamp: 40 (low), time: 24 (high) */
	rhp_u64 c; /* events: size: 36 (low), node: 28 (high) */
};

/* Return the number of a family: a hash of its name. FNV-1a, 32 bits, of which 24 stay:
 * of two families of a program one in 16 million times they are the same, and count as
 * one. */
static inline uint32_t rhp_family(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	hash = (hash ^ hash >> RHP_FAMILY_BITS) & ((1u << RHP_FAMILY_BITS) - 1);
	return hash > RHP_FAMILY_LISTED ? hash : RHP_FAMILY_LISTED + 1;
}

/* FRAME and CALL: b = id (low 32), parent (high 32); c = module (low 32; 0 is
 * unknown, FRAME only), enum rhp_node_flags (high 32). */
enum rhp_node_flags {
	RHP_NODE_EXACT_PC = 1,   /* an interrupted instruction, not a return address */
	RHP_NODE_TRUNCATED = 2,  /* CALL: the stack was deeper than recorded */
	RHP_NODE_INCOMPLETE = 4, /* CALL: unwinding stopped before the outermost frame */
	RHP_NODE_UNSAMPLED = 8,  /* CALL: the stack was not taken */
};

/*
 * Ticks of MARK, BEGIN and END are those of the first time unit after it: the thread's
 * records before it are earlier, and those after it are not.
 *
 * BLOB: a = code: 8, type: 8, unused: 16, length: 32 (high); b, c by type.
 */
enum rhp_blob_type {
	RHP_BLOB_MODULE =
		1, /* b: number (from 1), c: load bias; text: struct rhp_module */
	RHP_BLOB_FUNCTION = 2, /* b: number, c: unused; text: "name\0family" */
	RHP_BLOB_THREAD = 3,   /* b: thread number (from 1), c: tid; text: its name.
				* The records after it in the stream are this thread's. */
	RHP_BLOB_MARK = 4,     /* b: thread number, c: ticks; text: the mark */
	RHP_BLOB_PROCESS = 5,  /* b: pid of the parent, c: unused; text: the machine's
				* name, then the words of the command line, perhaps cut;
				* each with its NUL */
	RHP_BLOB_BEGIN = 6,    /* b: thread number (low 32), scope (high 32), of which a
				* thread uses no number twice; c: ticks; text: its name */
	RHP_BLOB_END = 7,      /* b, c: the same; no text. Ends the scope, and those that
				* are open inside it, if it is open. */
	RHP_BLOB_NAME = 8,     /* b: thread number, c: ticks; text: what the thread is
				* called now. In any stream. */
	RHP_BLOB_SCAN = 9, /* b: other threads that ran meanwhile: 32, an errno: 16 (not
			    * 0: nothing was scanned), enum rhp_scan_flags: 16 (from
			    * version 7 on); c: ticks. No text. */
	RHP_BLOB_LABELS = 10, /* b, c: unused; text: NAME=VALUE texts, each with its NUL:
			       * what the build said of itself (note.h). At most one,
			       * and none if it said nothing. */
	RHP_BLOB_GRAPH = 11,  /* b: ROOT and EDGE records since the SCAN (low 48), an
			       * errno (high 16): not 0, there is no graph; c: ticks of
			       * the SCAN; text: name of the snapshot */
	RHP_BLOB_RESIDENT = 12, /* b: bytes of the process that are in memory; c: ticks.
				 * No text. In any stream. */
};

/* Where a pointer was that no block holds. */
enum rhp_root_kind {
	RHP_ROOT_MEMORY = 0,    /* mapped, and none of the others: a global, perhaps */
	RHP_ROOT_STACK = 1,     /* of a thread */
	RHP_ROOT_TLS = 2,       /* beside a thread's descriptor: c of the ROOT is then the
				 * address of that */
	RHP_ROOT_WORD = 3,      /* a register, or a word that libc keeps */
	RHP_ROOT_ALLOCATOR = 4, /* memory between or behind blocks */
	RHP_ROOT_MOVING = 5,    /* an event of the block was under way */
	RHP_N_ROOT_KINDS
};

/*
 * Which pointers to a live block a leak scan found in memory that the program can reach:
 * to its start (REACHABLE); only into its middle, or from such blocks (POSSIBLE); only
 * from lost blocks (INDIRECT); none (DEFINITE). Of two kinds, the larger number wins.
 */
enum rhp_leak_kind {
	RHP_LEAK_UNKNOWN = 0, /* memory was not scanned */
	RHP_LEAK_DEFINITE = 1,
	RHP_LEAK_INDIRECT = 2,
	RHP_LEAK_POSSIBLE = 3,
	RHP_LEAK_REACHABLE = 4,
	RHP_N_LEAK_KINDS
};

/* What a scan for leaks could not see. */
enum rhp_scan_flags {
	RHP_SCAN_UNRECORDED = 1,  /* a library that calls an allocator by itself, or has
				   * its address from dlsym, so that what it allocates is
				   * not recorded */
	RHP_SCAN_OTHER_STACK = 2, /* the free part of the stack that the calling thread
				   * was on, which is not its own: it counted */
};

/* Text of a MODULE blob; then build_id_size bytes of build id, then the path. */
struct rhp_module {
	rhp_u64 start, end; /* addresses mapped */
	rhp_u64 build_id_size;
};

/* A TEXT record until version 5: 23 bytes of the blob before it. */
#define RHP_TEXT_BYTES 23
struct rhp_text {
	uint8_t code;
	uint8_t bytes[RHP_TEXT_BYTES];
};

static_assert(sizeof(struct rhp_file_header) == RHP_HEADER_SIZE, "header is a page");
static_assert(sizeof(struct rhp_region) == 64, "region header");
static_assert(sizeof(struct rhp_record) == 24, "record");
static_assert(sizeof(struct rhp_text) == sizeof(struct rhp_record), "text is a record");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the code is the first byte");

static inline uint8_t rhp_code(const struct rhp_record *r)
{
	return (uint8_t)r->a;
}

/* The address (or ip, or function number) of a record. */
static inline uint64_t rhp_address(const struct rhp_record *r)
{
	return r->a >> 8;
}

static inline uint64_t rhp_stamp(const struct rhp_record *r)
{
	return r->b & ((UINT64_C(1) << RHP_SEQ_BITS) - 1);
}

static inline uint32_t rhp_time(const struct rhp_record *r)
{
	return (uint32_t)(r->b >> RHP_SEQ_BITS);
}

static inline uint64_t rhp_size(const struct rhp_record *r)
{
	return r->c & RHP_SIZE_MAX;
}

static inline uint32_t rhp_node(const struct rhp_record *r)
{
	return (uint32_t)(r->c >> RHP_SIZE_BITS);
}

/*
 * Return which counter stamps the events of this address; runtime and readers must agree.
 * Half of the bits come from the 64 MiB in which the address lies: allocators give
 * threads arenas of about that size, so threads seldom share the cache line of a counter.
 */
static inline uint32_t rhp_shard(uint64_t address)
{
	uint64_t arena = (address >> 26) * UINT64_C(0x9e3779b97f4a7c15) >> 58;
	uint64_t block = (address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 58;
	return (uint32_t)(arena << 6 | block);
}
