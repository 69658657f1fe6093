/* SPDX-License-Identifier: MIT */
/* What is remembered of a chain makes no difference to its hash, and whole stacks that
 * are remembered are taken for no others. The stacks are made up: frames in an array,
 * pushed, popped and changed at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/chain.h"
#include "runtime/memo.h"

#define WORDS 8192
#define WINDOW 9

static uintptr_t stack[WORDS];
static uint32_t depth, at[WORDS]; /* the frames, outermost first, as indices */

static uint32_t draw(uint32_t below)
{
	static uint32_t seed = 1;

	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

static uintptr_t address(uint32_t index)
{
	return (uintptr_t)&stack[index];
}

/* A call from one of a few places: the same frames come again. */
static void push(void)
{
	uint32_t outer = depth ? at[depth - 1] : WORDS - 2;
	uint32_t index = outer - 2 - draw(3);

	if (index < 8 || depth >= WORDS / 4)
		return;
	stack[index] = depth ? address(outer) : draw(2);
	stack[index + 1] = 0x1000 + draw(4);
	at[depth++] = index;
}

static void step(void)
{
	switch (draw(4)) {
	case 0:
		for (uint32_t n = draw(draw(8) ? 4 : 60); n > 0 && depth > 1; n--)
			depth--;
		break;
	case 1: /* the next call of a function in the middle */
		if (depth > 0) {
			uint32_t i = depth - 1 - draw(depth < 5 ? depth : 5);

			stack[at[i] + 1] = 0x1000 + draw(4);
		}
		break;
	default:
		for (uint32_t n = draw(draw(20) ? 3 : 100); n > 0; n--)
			push();
	}
	if (depth == 0)
		push();
}

static struct rhp_chain_memory *new_memory(uint32_t window)
{
	struct rhp_chain_memory *m = malloc(sizeof(*m));

	rhp_chain_init(m, malloc(rhp_chain_room(window)), window);
	return m;
}

static void free_memory(struct rhp_chain_memory *m)
{
	free(m->links);
	free(m);
}

static uint64_t hash_without(uint32_t window, uintptr_t frame, uintptr_t base)
{
	struct rhp_chain_memory none;

	rhp_chain_init(&none, NULL, window);
	return rhp_chain_hash(&none, frame, address(WORDS - 2), base);
}

static void hashes_are_the_same_with_and_without_memory(void **state)
{
	struct rhp_chain_memory *m = new_memory(WINDOW);

	(void)state;
	depth = 0;
	for (int i = 0; i < 200000; i++) {
		step();
		uintptr_t frame = address(at[depth - 1]);
		uint64_t hash =
			rhp_chain_hash(m, frame, address(WORDS - 2), address(at[0]));

		if (hash != hash_without(WINDOW, frame, address(at[0])))
			fail_msg("step %d, depth %u", i, depth);
	}
	free_memory(m);
}

/* As in a recursion, or a loop that calls: frames lie where others lay. */
static void frames_may_return_elsewhere(void **state)
{
	struct rhp_chain_memory *m = new_memory(WINDOW);

	(void)state;
	depth = 0;
	while (depth < 2 * WINDOW)
		push();
	for (int i = 0; i < 100000; i++) {
		uint32_t top = depth - 1 - draw(depth);
		uintptr_t frame = address(at[top]);

		for (uint32_t n = draw(4); n > 0; n--)
			stack[at[draw(depth)] + 1] ^= 64u << draw(3);
		if (rhp_chain_hash(m, frame, address(WORDS - 2), address(at[0])) !=
		    hash_without(WINDOW, frame, address(at[0])))
			fail_msg("step %d, frame %u", i, top);
	}
	free_memory(m);
}

/* Frames outside the window do not count, those inside do. */
static void the_window_counts(void **state)
{
	struct rhp_chain_memory *m = new_memory(WINDOW);

	(void)state;
	depth = 0;
	memset(stack, 0, sizeof(stack));
	while (depth < 3 * WINDOW)
		push();
	uintptr_t frame = address(at[depth - 1]), last = address(WORDS - 2);
	uint64_t before = rhp_chain_hash(m, frame, last, 0);

	stack[at[depth - 1 - WINDOW] + 1] ^= 64;
	assert_true(rhp_chain_hash(m, frame, last, 0) == before);
	stack[at[depth - WINDOW] + 1] ^= 64;
	assert_true(rhp_chain_hash(m, frame, last, 0) != before);
	stack[at[depth - WINDOW] + 1] ^= 64;
	assert_true(rhp_chain_hash(m, frame, last, 0) == before);
	free_memory(m);
}

static void the_base_counts(void **state)
{
	(void)state;
	depth = 0;
	push();
	push();
	uintptr_t frame = address(at[1]);
	assert_true(hash_without(WINDOW, frame, address(at[0])) !=
		    hash_without(WINDOW, frame, 0));
}

/* The order of frames counts, and so does one frame twice. */
static void different_chains_have_different_hashes(void **state)
{
	static uint64_t hashes[1 << 12];

	(void)state;
	for (uint32_t i = 0; i < 1 << 12; i++) {
		depth = 0;
		for (uint32_t j = 0; j < 6; j++) {
			push();
			stack[at[j] + 1] = 0x1000 + (i >> 2 * j & 3);
		}
		hashes[i] = hash_without(WINDOW, address(at[5]), 0);
		for (uint32_t j = 0; j < i; j++)
			assert_true(hashes[i] != hashes[j]);
	}
}

/* A handler on top of a capture does without the memory; one that never came back
 * is found out. */
static void a_memory_in_use_is_left_alone(void **state)
{
	struct rhp_chain_memory *m = new_memory(WINDOW);

	(void)state;
	depth = 0;
	while (depth < 4)
		push();
	uintptr_t frame = address(at[3]), last = address(WORDS - 2);
	uint64_t hash = rhp_chain_hash(m, frame, last, 0);

	rhp_place_set(&m->busy, (const void *)address(at[0]));
	stack[at[2] + 1] ^= 64;
	assert_true(rhp_chain_hash(m, frame, last, 0) == hash_without(WINDOW, frame, 0));
	assert_int_equal(m->n, 4);
	assert_true(m->links[2].ip != stack[at[2] + 1]);
	stack[at[0] + 1] ^= 64; /* the frame that used it is another's now */
	assert_true(rhp_chain_hash(m, frame, last, 0) == hash_without(WINDOW, frame, 0));
	assert_int_equal(m->busy.frame, 0);
	assert_true(rhp_chain_hash(m, frame, last, 0) != hash);
	free_memory(m);
}

/* Stands for the tree of stacks: a number for each hash and function. */
#define NODES (1u << 17)

static uint32_t node_of(uint64_t hash, enum rhp_function function)
{
	static uint64_t known[NODES];
	uint64_t key = (hash ^ function) * RHP_POLY_WEIGHT | 1;
	uint32_t i = (uint32_t)(key >> 40) % NODES;

	while (known[i] != 0 && known[i] != key)
		i = (i + 1) % NODES;
	known[i] = key;
	return i + 1;
}

static struct rhp_memo *new_memo(void)
{
	struct rhp_memo *m = malloc(sizeof(*m));

	rhp_memo_init(m, aligned_alloc(16, rhp_memo_room()));
	return m;
}

static void free_memo(struct rhp_memo *m)
{
	free(m->pairs);
	free(m);
}

static const struct rhp_bounds whole_stack = {(uintptr_t)stack,
					      (uintptr_t)(stack + WORDS)};

/* As a thread does: finds, or hashes and keeps. Whether it was found. */
static bool find_or_keep(struct rhp_memo *memo, struct rhp_chain_memory *m,
			 enum rhp_function function)
{
	uintptr_t frame = address(at[depth - 1]), last = address(WORDS - 2);
	uint32_t expected = node_of(hash_without(m->window, frame, 0), function);
	uint32_t node = rhp_memo_find(memo, frame, last, function);

	if (node != 0)
		assert_int_equal(node, expected);
	else if (node_of(rhp_chain_hash(m, frame, last, 0), function) == expected)
		rhp_memo_keep(memo, m, &whole_stack, frame, function, expected);
	else
		fail_msg("another hash");
	return node != 0;
}

/* Deep and shallow ones, more and longer ones than there is room for. */
static void what_is_found_is_the_stack(void **state)
{
	const uint32_t windows[] = {WINDOW, 65, 700};

	(void)state;
	for (unsigned w = 0; w < 3; w++) {
		struct rhp_chain_memory *m = new_memory(windows[w]);
		struct rhp_memo *memo = new_memo();
		uint32_t found = 0;

		depth = 0;
		memset(stack, 0, sizeof(stack));
		for (int i = 0; i < 60000; i++) {
			if (draw(3) == 0 || depth == 0)
				step();
			found += find_or_keep(memo, m, (enum rhp_function)draw(2));
			if (draw(4000) == 0)
				rhp_memo_forget(memo);
		}
		assert_true(found > 1000);
		free_memo(memo);
		free_memory(m);
	}
}

/* Sixty stacks in turn, as those of a loop. */
static void stacks_that_come_again_are_found(void **state)
{
	struct rhp_chain_memory *m = new_memory(65);
	struct rhp_memo *memo = new_memo();
	uint32_t found = 0;

	(void)state;
	depth = 0;
	memset(stack, 0, sizeof(stack));
	while (depth < 20)
		push();
	for (uint32_t i = 0; i < 6000; i++) {
		stack[at[depth - 2] + 1] = 0x2000 + i % 5;
		stack[at[depth - 4] + 1] = 0x3000 + i / 5 % 12;
		found += find_or_keep(memo, m, 0);
	}
	/* A few share a place. */
	assert_true(found > 4000);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < 900; i++) { /* nothing comes again */
		uint64_t end = memo->end;

		stack[at[depth - 3] + 1] = 0x4000 + i;
		assert_false(find_or_keep(memo, m, 0));
		kept += memo->end != end;
	}
	assert_true(kept >= 50 && kept < 60);
	free_memo(memo);
	free_memory(m);
}

/* A handler on top of one that finds or keeps finds and keeps nothing. */
static void a_memo_in_use_is_left_alone(void **state)
{
	struct rhp_chain_memory *m = new_memory(WINDOW);
	struct rhp_memo *memo = new_memo();

	(void)state;
	depth = 0;
	while (depth < 4)
		push();
	assert_false(find_or_keep(memo, m, 0));
	assert_true(find_or_keep(memo, m, 0));
	rhp_place_set(&memo->busy, (const void *)address(at[0]));
	uint64_t end = memo->end;
	assert_false(find_or_keep(memo, m, 0));
	assert_int_equal(memo->end, end);
	stack[at[0] + 1] ^= 64; /* the frame that used it is another's now */
	assert_false(find_or_keep(memo, m, 0));
	assert_int_equal(memo->busy.frame, 0);
	assert_true(memo->end != end);
	assert_true(find_or_keep(memo, m, 0));
	free_memo(memo);
	free_memory(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_the_same_with_and_without_memory),
		cmocka_unit_test(frames_may_return_elsewhere),
		cmocka_unit_test(the_window_counts),
		cmocka_unit_test(the_base_counts),
		cmocka_unit_test(different_chains_have_different_hashes),
		cmocka_unit_test(a_memory_in_use_is_left_alone),
		cmocka_unit_test(what_is_found_is_the_stack),
		cmocka_unit_test(stacks_that_come_again_are_found),
		cmocka_unit_test(a_memo_in_use_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
