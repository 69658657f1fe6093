/* SPDX-License-Identifier: MIT */
/*
 * The driver compiles with frame pointers, so following them is nearly always
 * right and costs a nanosecond a frame. libunwind's rules (unwind.c) are right
 * always and cost ten times that. So: the chain of frame pointers is hashed
 * and looked up; the first time a chain is seen, the rules walk the same stack
 * and judge. If both agree the chain is trusted from then on; if not (code
 * without frame pointers is involved) it is marked, and the rules decide each
 * time it is seen.
 *
 * Three facts make this work on real programs:
 * - Below main and below thread functions, libc has no frame pointers and may
 *   leave anything in the register. The frame where agreement ends, with only a
 *   few frames left, is the `base`: chains end there.
 * - Nothing is read unchecked but the thread's own stack, from where the thread
 *   stands on it upwards (own-stack.c). A stack pointer elsewhere (a fiber, an
 *   alternate signal stack) means no chain at all: the rules walk, every word checked.
 * - A chain's meaning can change only when modules come and go: the epoch.
 *
 * Before all of that a thread looks whether it stands where it stood lately (memo.c).
 * Both ways look only at what has changed since the last time: chain.c for the chain,
 * trail.c for the rules.
 *
 * The method follows the observation that frame pointers and unwind tables,
 * compared once for each distinct chain, do not change their agreement.
 */
#include <string.h>

#include "runtime/machine.h"
#include "runtime/modules.h"
#include "runtime/nodes.h"
#include "runtime/os-memory.h"
#include "runtime/seen.h"
#include "runtime/stack.h"

/* Frames that may lie below the base: two, because then each has one possible
 * call site only (_start or clone, and what they call). */
#define MAX_BELOW_BASE 2
#define MAX_BASES 64         /* learned by a thread, before it stays with the last */
#define MAX_TO_SHIM 64       /* frames of ours and libc's between it and us */
#define MAX_FRAME (1u << 20) /* bytes, of code without a rule */
#define LEAST_CODE 4096u     /* the page at 0 is never mapped */

enum chain_verdict {
	UNKNOWN,
	TRUSTED, /* node is the stack of this chain */
	MARKED,  /* the rules decide each time */
};

/*
 * A handler may write the same slot in the middle of our writing it. The seal
 * binds hash, node and verdict together, so a mixture of two writes matches
 * neither.
 */
static ALWAYS_INLINE uint32_t seal(uint64_t hash, uint32_t node,
				   enum chain_verdict verdict)
{
	return ((uint32_t)hash ^ node) << 2 | verdict;
}

static ALWAYS_INLINE enum chain_verdict verdict_of(const struct rhp_chain *c,
						   uint64_t hash)
{
	enum chain_verdict v = c->seal & 3;
	return c->hash == hash && c->seal == seal(hash, c->node, v) ? v : UNKNOWN;
}

static void set_chain(struct rhp_chain *c, uint64_t hash, uint32_t node,
		      enum chain_verdict v)
{
	*c = (struct rhp_chain){hash, node, seal(hash, node, v)};
}

#define WALK_BYTES(depth)                                                                \
	(sizeof(struct rhp_walk) + ((depth) + 1) * sizeof(struct rhp_frame))
#define N_WALKS 3 /* what is judged, what was judged last, and its chain */
#define CHAIN_WALK 2

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9fb21c651e98df25);
	return hash ^ hash >> 29;
}

/* Mixed first: a bare number would cancel out against another in the address
 * that is mixed in next. */
static ALWAYS_INLINE uint64_t seed_of(enum rhp_function function)
{
	return mix(UINT64_C(0xa110c), function);
}

static struct rhp_walk *walk_in(void *room, uint32_t which, uint32_t max_depth)
{
	return (void *)((char *)room + rhp_memo_room() + which * WALK_BYTES(max_depth));
}

static struct rhp_walk *walk_of(struct rhp_stacks *s, uint32_t which)
{
	return walk_in(s->room, which, s->max_depth);
}

void rhp_stacks_bind(struct rhp_stacks *s, uint32_t max_depth)
{
	s->own = rhp_own_stack_find();
	if (!s->room) {
		s->room_size = rhp_memo_room() + N_WALKS * WALK_BYTES(max_depth) +
			       rhp_chain_room(max_depth + 1) + rhp_trail_room(max_depth);
		s->room = rhp_os_alloc(s->room_size);
	}
	rhp_memo_init(&s->memo, s->room);
	char *room = s->room ? (char *)walk_in(s->room, N_WALKS, max_depth) : NULL;
	rhp_chain_init(&s->memory, room, max_depth + 1);
	rhp_trail_init(&s->trail, room ? room + rhp_chain_room(max_depth + 1) : NULL,
		       max_depth);
	rhp_place_clear(&s->walking);
	s->base = UINTPTR_MAX;
	s->n_bases = 0;
	s->max_depth = max_depth;
}

void rhp_stacks_forget(struct rhp_stacks *s)
{
	void *room = s->room;
	size_t size = s->room_size;
	rhp_os_zero(s, sizeof(*s));
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* a fork finds it, or has lost it */
	if (room)
		rhp_os_release(room, size);
}

static ALWAYS_INLINE bool on_stack(struct rhp_stacks *s, uintptr_t frame)
{
	if (LIKELY(frame >= s->own.known.low && frame < s->own.known.high))
		return true;
	return rhp_own_stack_grow(&s->own, frame);
}

/* What can be read without asking: the thread's own stack, from here on, or from the
 * shim's frame where the stack below is not known yet. Below us, a runtime of the
 * program's may have protected pages. */
static ALWAYS_INLINE struct rhp_bounds readable_now(const struct rhp_stacks *s,
						    uintptr_t frame)
{
	struct rhp_bounds now = s->own.known;
	uintptr_t here = (uintptr_t)RHP_FRAME_HERE;
	if (frame < now.low || frame >= now.high)
		return (struct rhp_bounds){0, 0};
	now.low = here >= now.low && here < frame ? here : frame;
	return now;
}

/* The last place where a frame of the chain may be. */
static ALWAYS_INLINE uintptr_t chain_limit(const struct rhp_stacks *s)
{
	uintptr_t last = s->own.known.high - 2 * sizeof(uintptr_t);
	return s->base < last ? s->base : last;
}

/* One frame more than recorded counts, so that a chain that goes on differs from one
 * that ends there. */
static ALWAYS_INLINE uint64_t hash_chain(struct rhp_stacks *s, uintptr_t frame,
					 enum rhp_function function)
{
	return mix(seed_of(function),
		   rhp_chain_hash(&s->memory, frame, chain_limit(s), s->base));
}

/* Notes the frames of a chain. */
READS_STACKS static void note_chain(const struct rhp_stacks *s, uintptr_t frame,
				    struct rhp_walk *w)
{
	uintptr_t last = chain_limit(s);
	for (uint32_t i = 0; i <= w->max; i++) {
		const uintptr_t *at = (const uintptr_t *)frame;
		uintptr_t next = rhp_record_of(at[0]);
		w->frames[w->n++] =
			(struct rhp_frame){.ip = rhp_code_address(at[1]), .fp = frame};
		if (next <= frame || next > last || next % sizeof(uintptr_t))
			break;
		frame = next;
	}
}

/* Where the chain of this stack ends, and what stands for the frames beyond. */
static void set_base(struct rhp_stacks *s, uintptr_t base, uint64_t below)
{
	s->base = base;
	rhp_chain_set_below(&s->memory, below);
}

/* Where no rule is known (JIT code, assembly): one step by the frame pointer. */
static bool step_by_frame_pointer(const struct rhp_bounds *stack, struct rhp_regs *regs)
{
	uintptr_t record = rhp_record_of(regs->fp);
	if (!RHP_HAS_CHAINS || record < regs->sp || record % sizeof(uintptr_t) ||
	    record - regs->sp > MAX_FRAME)
		return false;
	if (!rhp_read_word(stack, record, &regs->fp) ||
	    !rhp_read_word(stack, record + sizeof(uintptr_t), &regs->ip))
		return false;
	regs->ip = rhp_code_address(regs->ip);
	regs->sp = record + 2 * sizeof(uintptr_t);
	regs->exact = false;
	return regs->ip >= LEAST_CODE &&
	       (regs->ip < stack->low || regs->ip >= stack->high);
}

/* The registers of the shim's caller, by the shim's frame. */
READS_STACKS static struct rhp_regs caller_of(const struct rhp_stacks *s,
					      struct rhp_stream *out, uintptr_t frame)
{
	const uintptr_t *at = (const uintptr_t *)frame;
	const struct rhp_regs caller = {.ip = rhp_code_address(at[1]),
					.sp = frame + 2 * sizeof(uintptr_t),
					.fp = at[0]};
#if defined(__aarch64__) || defined(__riscv) || defined(__arm__)
	/* The record does not tell where its frame ends: the rules lead there. */
	struct rhp_regs regs = rhp_regs_here();
	struct rhp_bounds readable = readable_now(s, frame);
	for (int i = 0; i < MAX_TO_SHIM; i++) {
		struct rhp_rule rule = rhp_unwind_rule(regs.ip, regs.exact, out);
		if (!rhp_unwind_step(rule, &readable, &regs))
			break;
		if (regs.ip == caller.ip && regs.sp > frame &&
		    (!RHP_HAS_CHAINS || regs.fp == caller.fp))
			return regs;
	}
#else
	(void)s, (void)out;
#endif
	return caller;
}

/* The rule of most frames, of code with frame pointers, where what it reads is known to
 * be readable. False: not so. */
READS_STACKS static ALWAYS_INLINE bool
step_as_usual(struct rhp_rule rule, const struct rhp_bounds *stack, struct rhp_regs *regs)
{
	const int word = sizeof(uintptr_t);
	const uintptr_t record = rhp_record_of(regs->fp);
	const uintptr_t *at = (const uintptr_t *)record;
	if (rule.flags != (RHP_RULE_CFA_FP | RHP_RULE_FP_SAVED) ||
	    rule.cfa != 2 * word + (int)(record - regs->fp) || rule.ra != -word ||
	    rule.fp != -2 * word)
		return false;
	if (record < stack->low || record >= stack->high ||
	    stack->high - record < 2 * sizeof(*at) || record % sizeof(*at))
		return false;
	uintptr_t ip = rhp_code_address(at[1]);
	if (ip == 0)
		return false;
	*regs = (struct rhp_regs){
		.ip = ip, .sp = (uintptr_t)(at + 2), .fp = at[0], .link = regs->link};
	return true;
}

/* Walks by libunwind's rules. */
READS_STACKS static void judge(const struct rhp_stacks *s, struct rhp_stream *out,
			       uintptr_t frame, struct rhp_walk *w)
{
	struct rhp_regs regs = caller_of(s, out, frame);
	struct rhp_bounds readable = readable_now(s, frame);
	for (;;) {
		if (w->n == w->max) {
			w->flags |= RHP_NODE_TRUNCATED;
			break;
		}
		struct rhp_rule rule = rhp_unwind_rule(regs.ip, regs.exact, out);
		if (rule.flags & RHP_RULE_NO_CODE) {
			w->flags |= RHP_NODE_INCOMPLETE;
			break;
		}
		w->frames[w->n++] = (struct rhp_frame){
			.ip = regs.ip, .module = rule.module, .exact = regs.exact};
		uintptr_t sp = regs.sp;
		bool was_exact = regs.exact;
		bool more = step_as_usual(rule, &readable, &regs) ||
			    (rule.flags & RHP_RULE_NONE
				     ? step_by_frame_pointer(&readable, &regs)
				     : rhp_unwind_step(rule, &readable, &regs));
		if (!more) {
			if (!(rule.flags & RHP_RULE_END) && regs.ip != 0)
				w->flags |= RHP_NODE_INCOMPLETE;
			break;
		}
		/* A function that was interrupted may have no frame yet. */
		if (regs.sp + was_exact <= sp && !(rule.flags & RHP_RULE_EXACT)) {
			w->flags |= RHP_NODE_INCOMPLETE;
			break;
		}
	}
}

/* Of the frames from `first` on, outwards. */
static uint64_t hash_frames(const struct rhp_walk *w, uint32_t first)
{
	uint64_t hash = 0;
	for (uint32_t i = first; i < w->n; i++)
		hash = mix(hash, w->frames[i].ip);
	return hash;
}

static uint32_t common_frames(const struct rhp_walk *a, const struct rhp_walk *b)
{
	uint32_t i = 0;
	while (i < a->n && i < b->n && a->frames[i].ip == b->frames[i].ip)
		i++;
	return i;
}

static void forget_chains(struct rhp_stacks *s)
{
	memset(s->chains, 0, sizeof(s->chains));
	rhp_memo_forget(&s->memo);
	rhp_trail_forget(&s->trail);
	s->epoch = rhp_modules_epoch();
}

/*
 * Whether the chain says the same as the judge. Learns the base: where the
 * agreement ends although only a few frames of libc are left.
 */
READS_STACKS static bool agree(struct rhp_stacks *s, struct rhp_walk *chain,
			       const struct rhp_walk *judged, uintptr_t frame)
{
	uint32_t same = common_frames(chain, judged);
	if (judged->flags & RHP_NODE_TRUNCATED)
		return same == judged->n;
	uint32_t left = judged->n - same;
	if (same == 0 || left > MAX_BELOW_BASE || judged->flags & RHP_NODE_INCOMPLETE) {
		/* A base that was learned deeper (in a constructor, say) may have cut
		 * the chain short; garbage in the register is not the base's fault. */
		if (same > 0 && same == chain->n && s->n_bases < MAX_BASES &&
		    chain->frames[same - 1].fp == s->base) {
			set_base(s, UINTPTR_MAX, 1);
			forget_chains(s);
			chain->n = 0;
			note_chain(s, frame, chain);
			return agree(s, chain, judged, frame);
		}
		return false;
	}
	/* What is left below the last frame is known only if that is the base. */
	if (left == 0 || chain->frames[same - 1].fp == s->base)
		return true;
	if (s->n_bases == MAX_BASES)
		return false;
	s->n_bases++;
	set_base(s, chain->frames[same - 1].fp, hash_frames(judged, same) | 1);
	forget_chains(s);
	return true;
}

static ALWAYS_INLINE struct rhp_chain *chain_of(struct rhp_stacks *s, uint64_t hash)
{
	return &s->chains[hash >> 20 & (RHP_CHAINS - 1)];
}

/* What this thread knows, or else another one has learned. */
static struct rhp_seen recall(struct rhp_stacks *s, uint64_t hash)
{
	struct rhp_chain *c = chain_of(s, hash);
	struct rhp_seen seen = {c->node, verdict_of(c, hash)};
	if (seen.verdict == UNKNOWN && rhp_seen_find(hash, s->epoch, &seen))
		set_chain(c, hash, seen.node, seen.verdict);
	return seen;
}

/* Learns that a hash stands for a stack: the tree has it then, in which the nodes of
 * `known` need not be looked for. Returns its node, 0 if the tree is full. */
static uint32_t record_stack(struct rhp_stacks *s, struct rhp_stream *out,
			     struct rhp_walk *w, const struct rhp_walk *known,
			     enum rhp_function function, uint64_t hash,
			     enum chain_verdict verdict)
{
	uint32_t rest, node = rhp_nodes_find(w, known, function, &rest);
	if (node == 0)
		rhp_function_record(out, function);
	rhp_nodes_lock();
	if (node == 0)
		node = rhp_nodes_make(out, w, function, rest);
	if (node != 0)
		rhp_seen_add(hash, s->epoch, (struct rhp_seen){node, verdict});
	rhp_nodes_unlock();
	if (node != 0)
		set_chain(chain_of(s, hash), hash, node, verdict);
	return node;
}

static uint64_t hash_of(const struct rhp_walk *w, enum rhp_function function)
{
	return mix(mix((uint64_t)function << 1 | 1, w->flags), hash_frames(w, 0));
}

static struct rhp_walk *new_walk(void *room, uint32_t max)
{
	struct rhp_walk *w = room;
	*w = (struct rhp_walk){.max = max};
	return w;
}

/* The walks of a thread have their room in its tracker, for its stack may be
 * small; one on top of another has a little of the stack. */
#define NESTED_DEPTH 16

/* Beside the one that was recorded last. */
READS_STACKS static struct rhp_walk *judge_now(struct rhp_stacks *s,
					       struct rhp_stream *out, uintptr_t frame)
{
	struct rhp_walk *judged = new_walk(walk_of(s, !s->latest), s->max_depth);
	judge(s, out, frame, judged);
	return judged;
}

static uint32_t record_judged(struct rhp_stacks *s, struct rhp_stream *out,
			      enum rhp_function function, uint64_t hash,
			      enum chain_verdict verdict)
{
	uint32_t node = record_stack(s, out, walk_of(s, !s->latest),
				     walk_of(s, s->latest), function, hash, verdict);
	if (node != 0)
		s->latest = !s->latest;
	return node;
}

READS_STACKS static NOINLINE uint32_t capture_nested(struct rhp_stacks *s,
						     struct rhp_stream *out,
						     uintptr_t frame,
						     enum rhp_function function)
{
	struct rhp_walk *judged =
		new_walk(__builtin_alloca(WALK_BYTES(NESTED_DEPTH)),
			 s->max_depth < NESTED_DEPTH ? s->max_depth : NESTED_DEPTH);
	judge(s, out, frame, judged);
	uint64_t hash = hash_of(judged, function);
	struct rhp_seen seen = recall(s, hash);
	if (seen.verdict == TRUSTED)
		return seen.node;
	return record_stack(s, out, judged, NULL, function, hash, TRUSTED);
}

/* The hash of what the judge would say, or 0. */
static uint64_t hash_trail(struct rhp_stacks *s, struct rhp_stream *out, uintptr_t frame,
			   enum rhp_function function)
{
	struct rhp_bounds readable = readable_now(s, frame);
	uint64_t hash =
		rhp_trail_hash(&s->trail, caller_of(s, out, frame), &readable, out);
	return hash ? mix(mix(UINT64_C(0x7ea11), function), hash) : 0;
}

READS_STACKS static uint32_t capture_by_rules(struct rhp_stacks *s,
					      struct rhp_stream *out, uintptr_t frame,
					      enum rhp_function function)
{
	uint64_t hash = hash_trail(s, out, frame, function);
	struct rhp_seen seen = {0};
	if (hash != 0)
		seen = recall(s, hash);
	if (seen.verdict == TRUSTED) {
		/* A memo takes the frame pointer from the record. */
		if (RHP_HAS_CHAINS)
			rhp_memo_keep_walk(&s->memo, &s->trail, &s->own.known, frame,
					   function, seen.node);
		return seen.node;
	}
	struct rhp_walk *judged = judge_now(s, out, frame);
	if (hash == 0) {
		hash = hash_of(judged, function);
		seen = recall(s, hash);
	}
	if (seen.verdict == TRUSTED)
		return seen.node;
	return record_judged(s, out, function, hash, TRUSTED);
}

/* Judges a chain that nobody has seen. */
READS_STACKS static uint32_t capture_new(struct rhp_stacks *s, struct rhp_stream *out,
					 uintptr_t frame, enum rhp_function function)
{
	struct rhp_walk *judged = judge_now(s, out, frame);
	struct rhp_walk *chain = new_walk(walk_of(s, CHAIN_WALK), s->max_depth);
	note_chain(s, frame, chain);
	bool trusted = agree(s, chain, judged, frame);
	return record_judged(s, out, function, hash_chain(s, frame, function),
			     trusted ? TRUSTED : MARKED);
}

/* What this thread does not know of a chain; 0: there is none. */
READS_STACKS static NOINLINE uint32_t capture_slowly(struct rhp_stacks *s,
						     struct rhp_stream *out,
						     uintptr_t frame,
						     enum rhp_function function,
						     uint64_t hash)
{
	struct rhp_seen seen = {0, MARKED};
	if (hash != 0)
		seen = recall(s, hash);
	if (seen.verdict == TRUSTED)
		return seen.node;
	const void *here = RHP_FRAME_HERE;
	if (!s->room || rhp_place_alive(&s->walking, here, &s->own.known))
		return capture_nested(s, out, frame, function);
	rhp_place_set(&s->walking, here);
	uint32_t node = seen.verdict == MARKED ? capture_by_rules(s, out, frame, function)
					       : capture_new(s, out, frame, function);
	rhp_place_clear(&s->walking);
	return node;
}

/* The stack of a chain that is not among the last ones, 0 if this thread does not know
 * it: then only its hash. */
READS_STACKS static NOINLINE uint32_t find_chain(struct rhp_stacks *s, uintptr_t frame,
						 enum rhp_function function,
						 uint64_t *hash)
{
	*hash = hash_chain(s, frame, function);
	struct rhp_chain *c = chain_of(s, *hash);
	if (UNLIKELY(verdict_of(c, *hash) != TRUSTED))
		return 0;
	uint32_t node = c->node;
	rhp_memo_keep(&s->memo, &s->memory, &s->own.known, frame, function, node);
	return node;
}

READS_STACKS uint32_t rhp_stack_capture(struct rhp_stacks *s, struct rhp_stream *out,
					const void *frame, enum rhp_function function)
{
	uintptr_t at = (uintptr_t)frame;
	uint64_t hash = 0;
	if (UNLIKELY(s->epoch != rhp_modules_epoch()))
		forget_chains(s);
	if (LIKELY(on_stack(s, at)) && RHP_HAS_CHAINS) {
		uint32_t node = rhp_memo_find(
			&s->memo, at, s->own.known.high - sizeof(struct rhp_frame_record),
			function);
		if (UNLIKELY(node == 0))
			node = find_chain(s, at, function, &hash);
		if (LIKELY(node != 0))
			return node;
	}
	return capture_slowly(s, out, at, function, hash);
}

static NOINLINE uint32_t record_caller(struct rhp_stacks *s, struct rhp_stream *out,
				       struct rhp_frame caller,
				       enum rhp_function function, uint64_t hash)
{
	_Alignas(struct rhp_walk) char room[WALK_BYTES(1)];
	struct rhp_walk *w = new_walk(room, 1);
	w->n = 1;
	w->flags = RHP_NODE_TRUNCATED;
	w->frames[0] = caller;
	return record_stack(s, out, w, NULL, function, hash, TRUSTED);
}

static NOINLINE uint32_t caller_slowly(struct rhp_stacks *s, struct rhp_stream *out,
				       uintptr_t ip, enum rhp_function function,
				       uint64_t hash)
{
	struct rhp_seen seen = recall(s, hash);
	if (seen.verdict == TRUSTED)
		return seen.node;
	struct rhp_frame caller = {.ip = ip};
	caller.module = rhp_unwind_rule(ip, false, out).module;
	return record_caller(s, out, caller, function, hash);
}

READS_STACKS uint32_t rhp_stack_caller(struct rhp_stacks *s, struct rhp_stream *out,
				       const void *frame, enum rhp_function function)
{
	uintptr_t ip = rhp_code_address(((const uintptr_t *)frame)[1]);
	if (UNLIKELY(s->epoch != rhp_modules_epoch()))
		forget_chains(s);
	uint64_t hash = mix(mix(UINT64_C(0x5ca11e12), function), ip);
	struct rhp_chain *c = chain_of(s, hash);
	if (LIKELY(verdict_of(c, hash) == TRUSTED))
		return c->node;
	return caller_slowly(s, out, ip, function, hash);
}

uint32_t rhp_stack_unsampled(struct rhp_stacks *s, struct rhp_stream *out,
			     enum rhp_function function)
{
	uint64_t hash = mix(UINT64_C(0x0ff), function);
	struct rhp_chain *c = chain_of(s, hash);
	if (LIKELY(verdict_of(c, hash) == TRUSTED))
		return c->node;
	struct rhp_walk none = {.flags = RHP_NODE_UNSAMPLED};
	return record_stack(s, out, &none, NULL, function, hash, TRUSTED);
}
