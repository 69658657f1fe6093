/* SPDX-License-Identifier: MIT */
/* What is remembered of a chain makes no difference to its hash. The stacks are made
 * up: frames in an array, pushed, popped and changed at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/chain.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_the_same_with_and_without_memory),
		cmocka_unit_test(frames_may_return_elsewhere),
		cmocka_unit_test(the_window_counts),
		cmocka_unit_test(the_base_counts),
		cmocka_unit_test(different_chains_have_different_hashes),
		cmocka_unit_test(a_memory_in_use_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
