/* SPDX-License-Identifier: MIT */
/* Stacks that were walked by rules are found again, and taken for no others. The stacks
 * are made up: the rule of a frame follows from its address, as the memo must not know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/memo.h"

#define WORDS 4096
#define WORD sizeof(uintptr_t)
#define DEPTH 24
#define WINDOW 16
#define NODES (1u << 18)

static uintptr_t stack[WORDS];
static const struct rhp_bounds whole = {(uintptr_t)stack, (uintptr_t)(stack + WORDS)};

/* What the code of an address does: three bits of it. */
struct rule {
	bool saves, uses; /* the frame pointer */
	uintptr_t size;   /* of the frame, where that is not found by it */
};

static struct rule rule_of(uintptr_t ip)
{
	bool uses = ip & 1;

	return (struct rule){uses || (ip & 2), uses, WORD * (ip & 4 ? 3 : 5)};
}

static uint32_t draw(uint32_t below)
{
	static uint32_t seed = 7;

	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

static struct rhp_regs regs[DEPTH]; /* of the frames, outermost first */
static uint32_t depth;

/* A call from the innermost frame: the caller's words go where its callee's rule says. */
static void call(uintptr_t ip)
{
	struct rhp_regs caller = regs[depth - 1];
	struct rule rule = rule_of(ip);
	uintptr_t cfa = caller.sp, *words = (uintptr_t *)cfa;
	struct rhp_regs callee = {.ip = ip, .sp = cfa - rule.size, .fp = caller.fp};

	words[-1] = caller.ip;
	if (rule.saves) {
		words[-2] = caller.fp;
		callee.fp = rule.uses ? cfa - 2 * WORD : draw(3);
	}
	regs[depth++] = callee;
}

/* The shim's frame, below the innermost one. */
static uintptr_t shim(void)
{
	uintptr_t *frame = (uintptr_t *)regs[depth - 1].sp - 2;

	frame[0] = regs[depth - 1].fp;
	frame[1] = regs[depth - 1].ip;
	return (uintptr_t)frame;
}

static void new_stack(void)
{
	uint32_t keep = depth ? draw(depth) : 0;

	if (keep == 0)
		regs[0] = (struct rhp_regs){.ip = 0x1000,
					    .sp = (uintptr_t)(stack + WORDS - 8),
					    .fp = draw(2)};
	depth = keep ? keep : 1;
	while (depth < DEPTH - draw(3))
		call(0x1000 + draw(6));
}

/* What trail.c makes of it. */
static void walk(struct rhp_trail *t)
{
	t->n = depth;
	for (uint32_t i = 0; i < depth; i++) {
		struct rule rule = rule_of(regs[i].ip);
		uintptr_t cfa = i ? regs[i - 1].sp : 0;
		struct rhp_step *s = &t->steps[i];

		*s = (struct rhp_step){
			.sp = regs[i].sp, .ip = regs[i].ip, .fp = regs[i].fp};
		if (i == 0)
			continue;
		s->ra_at = cfa - WORD;
		s->fp_at = rule.saves ? cfa - 2 * WORD : s->ra_at;
		s->ra = *(uintptr_t *)s->ra_at;
		s->fp_was = *(uintptr_t *)s->fp_at;
		s->uses_fp = rule.uses;
	}
}

static uint32_t expected_node(enum rhp_function function)
{
	static uint64_t known[NODES];
	uint64_t key = function + (depth > WINDOW);

	for (uint32_t i = depth; i > 0 && depth - i < WINDOW; i--)
		key = rhp_poly_append(key, regs[i - 1].ip);
	key |= 1;
	uint32_t at = (uint32_t)(key >> 32) % NODES;
	while (known[at] != 0 && known[at] != key)
		at = (at + 1) % NODES;
	known[at] = key;
	return at + 1;
}

static bool find_or_keep(struct rhp_memo *m, struct rhp_trail *t,
			 enum rhp_function function)
{
	uintptr_t frame = shim();
	uint32_t expected = expected_node(function);
	uint32_t node = rhp_memo_find(
		m, frame, whole.high - sizeof(struct rhp_frame_record), function);

	if (node != 0)
		assert_int_equal(node, expected);
	walk(t);
	if (node == 0)
		rhp_memo_keep_walk(m, t, &whole, frame, function, expected);
	return node != 0;
}

static void what_is_found_is_the_walk(void **state)
{
	static struct rhp_step steps[DEPTH];
	struct rhp_trail trail = {.steps = steps, .window = WINDOW};
	struct rhp_memo m;
	uint32_t found = 0;

	(void)state;
	rhp_memo_init(&m, aligned_alloc(16, rhp_memo_room()));
	for (int i = 0; i < 60000; i++) {
		if (draw(40) == 0 || depth == 0)
			new_stack();
		else if (draw(2)) /* a register that no rule uses, or one does */
			regs[depth - 1].fp = rule_of(regs[depth - 1].ip).uses
						     ? regs[depth - 1].fp
						     : draw(5);
		found += find_or_keep(&m, &trail, (enum rhp_function)draw(2));
	}
	assert_true(found > 10000);
	free(m.pairs);
}

/* Functions around malloc, without frame pointers: what tells is further out. */
static void walks_that_differ_further_out_are_found(void **state)
{
	static struct rhp_step steps[DEPTH];
	struct rhp_trail trail = {.steps = steps, .window = WINDOW};
	struct rhp_memo m;
	uint32_t found = 0;

	(void)state;
	rhp_memo_init(&m, aligned_alloc(16, rhp_memo_room()));
	depth = 0;
	for (int i = 0; i < 6000; i++) {
		depth = 0;
		regs[depth++] = (struct rhp_regs){.ip = 0x1000,
						  .sp = (uintptr_t)(stack + WORDS - 8)};
		while (depth < 5)
			call(0x1000);
		call(0x1000 + 8 * (uintptr_t)(i % 12));
		while (depth < 10)
			call(0x1000);
		found += find_or_keep(&m, &trail, 0);
	}
	assert_true(found > 3500);
	free(m.pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_found_is_the_walk),
		cmocka_unit_test(walks_that_differ_further_out_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
