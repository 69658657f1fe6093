/* SPDX-License-Identifier: MIT */
/*
 * A node is known by its parent and what it is. It names the first node inside it and the
 * next one beside it; nodes of one path are mostly made together and so lie together, and
 * a path is followed without a look anywhere else. A node with more than MOST_BESIDE
 * inside it has the others in a table.
 *
 * Nodes lie in segments, each as large as all before it, and never move. A node is
 * written before another one names it, so readers take no lock.
 */
#include <stddef.h>

#include "runtime/nodes.h"
#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/table.h"
#include "runtime/trace-file.h"

#define MOST_BESIDE 8
#define FIRST_BITS 10 /* of the size of the first segment */
#define N_SEGMENTS (32 - FIRST_BITS)

struct known {
	uintptr_t address;
	uint32_t what;   /* module and flags */
	uint32_t inside; /* the newest, 0: none */
	uint32_t beside; /* an older one of the same parent, 0: none */
};

static struct known *segments[N_SEGMENTS];
static struct rhp_table others;
static struct rhp_lock lock;
static uint32_t last_node; /* under the lock */

static ALWAYS_INLINE uint32_t segment_of(uint32_t id)
{
	uint32_t rest = id >> FIRST_BITS;
	return rest ? 32 - (uint32_t)__builtin_clz(rest) : 0;
}

static ALWAYS_INLINE uint32_t segment_start(uint32_t segment)
{
	return segment ? UINT32_C(1) << (FIRST_BITS - 1 + segment) : 0;
}

static size_t segment_size(uint32_t segment)
{
	uint32_t n = segment ? segment_start(segment) : UINT32_C(1) << FIRST_BITS;
	return n * sizeof(struct known);
}

/* Of one that there is; 0 is the root. */
static ALWAYS_INLINE struct known *at(uint32_t id)
{
	uint32_t segment = segment_of(id);
	return &segments[segment][id - segment_start(segment)];
}

/* What makes a node what it is; two registers. */
struct identity {
	uintptr_t address; /* or the number of the function */
	uint32_t parent, what;
};

#define MODULE_SHIFT 8
#define FLAGS 0xffu

static ALWAYS_INLINE struct identity frame_identity(const struct rhp_frame *f,
						    uint32_t parent)
{
	return (struct identity){f->ip, parent,
				 (uint32_t)f->module << MODULE_SHIFT |
					 (f->exact ? RHP_NODE_EXACT_PC : 0)};
}

static ALWAYS_INLINE struct identity
call_identity(const struct rhp_walk *w, enum rhp_function function, uint32_t parent)
{
	return (struct identity){function, parent, w->flags & FLAGS};
}

struct key {
	uint64_t words[2];
};

/* Addresses of frames and numbers of functions do not meet: no code lies below 4096. */
static struct key key_of(struct identity n)
{
	return (struct key){{n.address, (uint64_t)n.parent << 32 | n.what}};
}

static NOINLINE uint32_t find_other(struct identity n)
{
	struct key key = key_of(n);
	uint64_t value[2];
	return rhp_table_find(&others, key.words, value) ? (uint32_t)value[0] : 0;
}

/* *n_beside is how many nodes of the same parent are not in the table. */
static ALWAYS_INLINE uint32_t find(struct identity n, uint32_t *n_beside)
{
	*n_beside = 0;
	if (UNLIKELY(!__atomic_load_n(&segments[0], __ATOMIC_ACQUIRE)))
		return 0;
	uint32_t id = __atomic_load_n(&at(n.parent)->inside, __ATOMIC_ACQUIRE);
	while (id != 0) {
		const struct known *k = at(id);
		if (k->address == n.address && k->what == n.what)
			return id;
		++*n_beside;
		id = k->beside;
	}
	return UNLIKELY(*n_beside >= MOST_BESIDE) ? find_other(n) : 0;
}

static bool is_same(const struct rhp_frame *a, const struct rhp_frame *b)
{
	return a->ip == b->ip && a->module == b->module && a->exact == b->exact;
}

uint32_t rhp_nodes_find(struct rhp_walk *w, const struct rhp_walk *known,
			enum rhp_function function, uint32_t *rest)
{
	uint32_t i = w->n, j = known ? known->n : 0, node = 0, n_beside;
	while (i > 0 && j > 0 && is_same(&w->frames[i - 1], &known->frames[j - 1]))
		node = w->frames[--i].node = known->frames[--j].node;
	for (*rest = i; i > 0; *rest = i) {
		node = find(frame_identity(&w->frames[i - 1], node), &n_beside);
		if (node == 0)
			return 0;
		w->frames[--i].node = node;
	}
	return find(call_identity(w, function, node), &n_beside);
}

static bool has_room(uint32_t id)
{
	uint32_t segment = segment_of(id);
	if (segments[segment])
		return true;
	struct known *made = rhp_os_alloc(segment_size(segment));
	__atomic_store_n(&segments[segment], made, __ATOMIC_RELEASE);
	return made != NULL;
}

/* Makes the node, of which the record is written. */
static bool add(struct identity n, uint32_t id, uint32_t n_beside)
{
	struct known *parent = at(n.parent), *k = at(id);
	*k = (struct known){.address = n.address, .what = n.what};
	if (n_beside >= MOST_BESIDE) {
		struct key key = key_of(n);
		const uint64_t value[2] = {id, 0};
		return rhp_table_add(&others, key.words, value, 0) == 0;
	}
	k->beside = parent->inside;
	__atomic_store_n(&parent->inside, id, __ATOMIC_RELEASE);
	return true;
}

static uint32_t make(struct rhp_stream *out, enum rhp_code code, struct identity n,
		     uint32_t n_beside)
{
	uint32_t id = last_node + 1;
	if (id > RHP_STACK_MAX || !has_room(id))
		return 0;
	if (!rhp_stream_record(out, code, n.address, id | (uint64_t)n.parent << 32,
			       n.what >> MODULE_SHIFT | (uint64_t)(n.what & FLAGS) << 32))
		return 0;
	last_node = id;
	return add(n, id, n_beside) ? id : 0;
}

static uint32_t get(struct rhp_stream *out, enum rhp_code code, struct identity n)
{
	uint32_t n_beside, id = find(n, &n_beside);
	return id ? id : make(out, code, n, n_beside);
}

static uint32_t make_all(struct rhp_stream *out, struct rhp_walk *w,
			 enum rhp_function function, uint32_t rest)
{
	uint32_t node = rest < w->n ? w->frames[rest].node : 0;
	for (; rest > 0; rest--) {
		struct rhp_frame *f = &w->frames[rest - 1];
		node = get(out, RHP_FRAME, frame_identity(f, node));
		f->node = node;
		if (node == 0)
			return 0;
	}
	return get(out, RHP_CALL, call_identity(w, function, node));
}

uint32_t rhp_nodes_make(struct rhp_stream *out, struct rhp_walk *walk,
			enum rhp_function function, uint32_t rest)
{
	uint32_t node = make_all(out, walk, function, rest);
	if (node == 0)
		rhp_trace_lose(RHP_LOST_STACK, 1);
	return node;
}

void rhp_nodes_lock(void)
{
	rhp_lock_take(&lock);
}

void rhp_nodes_unlock(void)
{
	rhp_lock_drop(&lock);
}

void rhp_nodes_forget(void)
{
	for (uint32_t i = 0; i < N_SEGMENTS && segments[i]; i++)
		rhp_os_zero(segments[i], segment_size(i));
	rhp_table_clear(&others);
	last_node = 0;
}
