/* SPDX-License-Identifier: MIT */
/*
 * A node is known by its parent and what it is. It names the first two nodes inside it,
 * with a tag that tells most others apart, and the next one beside it: a path is followed
 * with a look at its own nodes, which mostly were made together and so lie together. A
 * node with more than MOST_BESIDE inside it has the others in a table.
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

#define N_INSIDE 2
#define MOST_BESIDE 8
#define FIRST_BITS 10 /* of the size of the first segment */
#define N_SEGMENTS (32 - FIRST_BITS)

struct known {
	uintptr_t address;
	uint32_t what;   /* module and flags */
	uint32_t beside; /* another one of the same parent, 0: none */
	/* In this order: a scan for leaks takes no number of a node for the upper half of
	 * a pointer. The others are beside the last of these. */
	struct inside {
		uint32_t id; /* 0: none; written last */
		uint32_t tag;
	} inside[N_INSIDE];
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

static ALWAYS_INLINE uint32_t tag_of(struct identity n)
{
	return (uint32_t)n.address ^ n.what * UINT32_C(0x9e3779b1);
}

static ALWAYS_INLINE bool is(const struct known *k, struct identity n)
{
	return k->address == n.address && k->what == n.what;
}

/* Looks beside the last of those that the parent names. */
static ALWAYS_INLINE uint32_t find_beside(struct identity n, uint32_t id,
					  uint32_t *n_inside)
{
	while ((id = __atomic_load_n(&at(id)->beside, __ATOMIC_ACQUIRE)) != 0) {
		++*n_inside;
		if (is(at(id), n))
			return id;
	}
	return UNLIKELY(*n_inside >= MOST_BESIDE) ? find_other(n) : 0;
}

/* *n_inside is how many nodes of the same parent were looked at. */
static ALWAYS_INLINE uint32_t find(struct identity n, uint32_t *n_inside)
{
	*n_inside = 0;
	if (UNLIKELY(!__atomic_load_n(&segments[0], __ATOMIC_ACQUIRE)))
		return 0;
	const struct known *parent = at(n.parent);
	uint32_t tag = tag_of(n), id = 0;
	for (int i = 0; i < N_INSIDE; i++) {
		id = __atomic_load_n(&parent->inside[i].id, __ATOMIC_ACQUIRE);
		if (id == 0)
			return 0;
		++*n_inside;
		if (parent->inside[i].tag == tag && is(at(id), n))
			return id;
	}
	return find_beside(n, id, n_inside);
}

static bool is_same(const struct rhp_frame *a, const struct rhp_frame *b)
{
	return a->ip == b->ip && a->module == b->module && a->exact == b->exact;
}

uint32_t rhp_nodes_find(struct rhp_walk *w, const struct rhp_walk *known,
			enum rhp_function function, uint32_t *rest)
{
	uint32_t i = w->n, j = known ? known->n : 0, node = 0, n_inside;
	while (i > 0 && j > 0 && is_same(&w->frames[i - 1], &known->frames[j - 1]))
		node = w->frames[--i].node = known->frames[--j].node;
	for (*rest = i; i > 0; *rest = i) {
		node = find(frame_identity(&w->frames[i - 1], node), &n_inside);
		if (node == 0)
			return 0;
		w->frames[--i].node = node;
	}
	return find(call_identity(w, function, node), &n_inside);
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
static bool add(struct identity n, uint32_t id, uint32_t n_inside)
{
	struct known *parent = at(n.parent), *k = at(id);
	*k = (struct known){.address = n.address, .what = n.what};
	if (n_inside >= MOST_BESIDE) {
		struct key key = key_of(n);
		const uint64_t value[2] = {id, 0};
		return rhp_table_add(&others, key.words, value, 0) == 0;
	}
	if (n_inside < N_INSIDE) {
		parent->inside[n_inside].tag = tag_of(n);
		__atomic_store_n(&parent->inside[n_inside].id, id, __ATOMIC_RELEASE);
	} else {
		struct known *last = at(parent->inside[N_INSIDE - 1].id);
		k->beside = last->beside;
		__atomic_store_n(&last->beside, id, __ATOMIC_RELEASE);
	}
	return true;
}

static uint32_t make(struct rhp_stream *out, enum rhp_code code, struct identity n,
		     uint32_t n_inside)
{
	uint32_t id = last_node + 1;
	if (id > RHP_STACK_MAX || !has_room(id))
		return 0;
	uint64_t units[RHP_WIDE_UNITS];
	rhp_pack_node(units, code, n.address, id, n.parent,
		      (uint32_t)(n.what >> MODULE_SHIFT), n.what & FLAGS);
	if (!rhp_stream_node(out, units[0], units[1], units[2]))
		return 0;
	last_node = id;
	return add(n, id, n_inside) ? id : 0;
}

static uint32_t get(struct rhp_stream *out, enum rhp_code code, struct identity n)
{
	/* The newest node has none inside it. */
	uint32_t n_inside = 0, id = n.parent != last_node ? find(n, &n_inside) : 0;
	return id ? id : make(out, code, n, n_inside);
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
