/* SPDX-License-Identifier: MIT */
/* Where a stack is: against what libc and the kernel say. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/own-stack.h"

#define SIZE (512u << 10)

/* What is found in a thread, and what pthread_getattr_np() says there. */
struct answer {
	struct rhp_own_stack found;
	uintptr_t low, high, here;
};

static void *ask(void *answer)
{
	struct answer *a = answer;
	pthread_attr_t attributes;
	void *low;
	size_t size;

	a->here = (uintptr_t)__builtin_frame_address(0);
	a->found = rhp_own_stack_find();
	if (pthread_getattr_np(pthread_self(), &attributes) != 0 ||
	    pthread_attr_getstack(&attributes, &low, &size) != 0)
		return NULL;
	a->low = (uintptr_t)low;
	a->high = a->low + size;
	pthread_attr_destroy(&attributes);
	return answer;
}

static struct answer answer_of(pthread_attr_t *attributes)
{
	struct answer a = {{{0, 0}, 0}, 0, 0, 0};
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, attributes, ask, &a), 0);
	pthread_join(thread, &result);
	assert_non_null(result);
	return a;
}

static void assert_is(const struct answer *a)
{
	assert_true(a->found.known.low >= a->low);
	assert_true(a->found.known.low <= a->here);
	assert_true(a->found.known.high > a->here);
	assert_true(a->found.known.high <= a->high);
	assert_int_equal(a->found.lowest, a->found.known.low);
}

static void stacks_of_libc_are_known(void **state)
{
	const size_t guards[] = {4096, 0, 65536};
	pthread_attr_t attributes;

	(void)state;
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		pthread_attr_init(&attributes);
		pthread_attr_setstacksize(&attributes, SIZE);
		pthread_attr_setguardsize(&attributes, guards[i]);
		struct answer a = answer_of(&attributes);
		assert_is(&a);
		assert_true(a.found.known.low - a.low <= guards[i]);
		pthread_attr_destroy(&attributes);
	}
}

static void stacks_of_the_program_are_known(void **state)
{
	pthread_attr_t attributes;
	char *area = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	for (size_t off = 0; off < 64; off += 16) {
		pthread_attr_init(&attributes);
		pthread_attr_setstack(&attributes, area + SIZE / 2 + off, SIZE);
		struct answer a = answer_of(&attributes);
		assert_is(&a);
		assert_int_equal(a.found.known.low, (uintptr_t)area + SIZE / 2 + off);
		pthread_attr_destroy(&attributes);
	}
	munmap(area, 2 * SIZE);
}

/* Where the kernel says that the first thread's stack begins. */
static uintptr_t lowest_now(void)
{
	char line[512];
	unsigned long low = 0;
	FILE *maps = fopen("/proc/self/maps", "r");

	while (low == 0 && fgets(line, sizeof(line), maps))
		if (strstr(line, "[stack]"))
			sscanf(line, "%lx", &low);
	fclose(maps);
	return low;
}

static void the_first_stack_is_known_as_far_as_it_has_grown(void **state)
{
	struct rhp_own_stack stack = rhp_own_stack_find();
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), low = lowest_now();

	(void)state;
	assert_true(rhp_own_stack_grow(&stack, here));
	assert_true(stack.known.low <= here && stack.known.high > here);
	assert_true(rhp_own_stack_grow(&stack, low));
	assert_int_equal(stack.known.low, low);
	assert_false(rhp_own_stack_grow(&stack, low - 1));
	assert_int_equal(stack.known.low, low);
}

static void what_lies_right_below_is_not_the_stack(void **state)
{
	struct rhp_own_stack stack = rhp_own_stack_find();
	uintptr_t low = lowest_now(), page = (uintptr_t)getpagesize();
	void *neighbour = mmap((void *)(low - page), page, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	(void)state;
	assert_int_equal((uintptr_t)neighbour, low - page);
	assert_false(rhp_own_stack_grow(&stack, low - 8));
	assert_true(rhp_own_stack_grow(&stack, low));
	assert_false(rhp_own_stack_grow(&stack, low - 8));
	munmap(neighbour, page);
	assert_false(rhp_own_stack_grow(&stack, low - 8));
}

static void other_memory_is_not_the_stack(void **state)
{
	struct rhp_own_stack stack = rhp_own_stack_find();
	void *block = malloc(100);

	(void)state;
	assert_false(rhp_own_stack_grow(&stack, (uintptr_t)block));
	assert_false(rhp_own_stack_grow(&stack, (uintptr_t)&lowest_now));
	assert_false(rhp_own_stack_grow(&stack, stack.known.high));
	assert_false(rhp_own_stack_grow(&stack, 0));
	assert_false(rhp_own_stack_grow(&stack, UINTPTR_MAX));
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_of_libc_are_known),
		cmocka_unit_test(stacks_of_the_program_are_known),
		cmocka_unit_test(the_first_stack_is_known_as_far_as_it_has_grown),
		cmocka_unit_test(what_lies_right_below_is_not_the_stack),
		cmocka_unit_test(other_memory_is_not_the_stack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
