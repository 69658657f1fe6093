/* SPDX-License-Identifier: MIT */
/* Captured stacks against libunwind's, walked at the same place. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>
#include <libunwind.h>

#include "runtime/tracker.h"
#include "framed.h"
#include "runtime-fixture.h"

#define DEPTH 32
#define MOST 256

/* What one capture gave, and what libunwind says. */
static struct capture {
	uint32_t node, flags;
	unsigned n, n_judge;
	uintptr_t frames[MOST], judge[MOST];
} last;

/* Stands for a shim: its caller is frame 0. */
NOT_INLINED void shim(enum rhp_function function)
{
	const void *frame = __builtin_frame_address(0);
	struct rhp_tracker *t = rhp_tracker_get();
	void *walked[MOST];
	assert_non_null(t);
	last.node = rhp_stack_capture(&t->stacks, &t->stream, frame, function);
	assert_true(last.node != 0);
	last.n = runtime_fixture_frames(&t->stream, last.node, last.frames, MOST,
					&last.flags);
	int n = unw_backtrace(walked, MOST);
	uintptr_t caller = ((const uintptr_t *)frame)[1];
	int i = 0;
	while (i < n && (uintptr_t)walked[i] != caller)
		i++;
	last.n_judge = 0;
	for (; i < n; i++)
		last.judge[last.n_judge++] = (uintptr_t)walked[i];
	rhp_tracker_done(t);
}

static void assert_as_judged(void)
{
	assert_true(last.n_judge > 0);
	assert_int_equal(last.n, last.n_judge);
	for (unsigned i = 0; i < last.n; i++)
		assert_int_equal(last.frames[i], last.judge[i]);
}

NOT_INLINED static void plain(int depth)
{
	if (depth)
		plain(depth - 1);
	else
		shim(RHP_FN_malloc);
	AFTER_CALL;
}

NOT_INLINED void mixed_inner(int depth)
{
	if (depth > 0)
		mixed_outer(depth - 1);
	else
		shim(RHP_FN_malloc);
	AFTER_CALL;
}

static int compare_with_capture(const void *a, const void *b)
{
	shim(RHP_FN_calloc);
	return *(const int *)a - *(const int *)b;
}

static void frames_without_pointers_are_judged(void **state)
{
	(void)state;
	for (int depth = 0; depth < 10; depth++) {
		plain(depth);
		assert_as_judged();
	}
}

static void frames_with_pointers_equal_the_judge_each_time(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++)
		for (int depth = 0; depth < 10; depth++) {
			with_pointer(depth);
			assert_as_judged();
		}
}

static void mixed_frames_equal_the_judge_each_time(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++)
		for (int depth = 0; depth < 10; depth++) {
			mixed_outer(depth);
			assert_as_judged();
		}
}

static unsigned int draw(unsigned int below)
{
	static unsigned int seed = 1;

	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

static void wander_large(int depth);

/* Goes up and down a stack of frames of two sizes, with pointers and without, and
 * captures on the way: most of it was seen before, never all. */
NOT_INLINED static void wander_small(int depth)
{
	for (unsigned int i = draw(4); i > 0; i--) {
		if (draw(3) == 0)
			shim(RHP_FN_malloc);
		else if (draw(3) == 0)
			with_pointer((int)draw(4));
		else if (depth > 0) {
			if (draw(2))
				wander_small(depth - 1);
			else
				wander_large(depth - 1);
			continue;
		} else
			continue;
		assert_as_judged();
	}
	AFTER_CALL;
}

NOT_INLINED static void wander_large(int depth)
{
	char room[200];

	__asm__ volatile("" : : "r"(room) : "memory");
	wander_small(depth);
	if (depth > 0)
		wander_small(depth - 1);
	AFTER_CALL;
}

static void stacks_that_change_little_equal_the_judge(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++)
		wander_large((int)draw(8));
}

static void callbacks_through_libc_equal_the_judge(void **state)
{
	(void)state;
	int numbers[] = {3, 1, 2};
	qsort(numbers, 3, sizeof(numbers[0]), compare_with_capture);
	assert_as_judged();
}

static void the_same_stack_has_the_same_node(void **state)
{
	(void)state;
	uint32_t node[4];
	/* volatile: one call in a loop, not four calls */
	for (volatile int i = 0; i < 4; i++) {
		with_pointer(5);
		node[i] = last.node;
	}
	for (int i = 1; i < 4; i++)
		assert_int_equal(node[i], node[0]);
	mixed_outer(5);
	assert_int_not_equal(last.node, node[0]);
}

static void the_function_is_part_of_the_stack(void **state)
{
	(void)state;
	uint32_t node[2];
	for (volatile int i = 0; i < 2; i++) {
		shim(i ? RHP_FN_calloc : RHP_FN_malloc);
		node[i] = last.node;
	}
	assert_int_not_equal(node[0], node[1]);
}

static void deeper_than_the_limit_is_truncated_and_marked(void **state)
{
	(void)state;
	for (int round = 0; round < 2; round++) {
		with_pointer(100);
		assert_int_equal(last.n, DEPTH);
		assert_true(last.flags & RHP_NODE_TRUNCATED);
		for (unsigned i = 0; i < DEPTH; i++)
			assert_int_equal(last.frames[i], last.judge[i]);
		plain(100);
		assert_int_equal(last.n, DEPTH);
		assert_true(last.flags & RHP_NODE_TRUNCATED);
	}
	plain(1);
	assert_false(last.flags & RHP_NODE_TRUNCATED);
}

static void *capture_in_thread(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		with_pointer(3);
		assert_as_judged();
		plain(3);
		assert_as_judged();
	}
	return NULL;
}

static void stacks_of_threads_equal_the_judge(void **state)
{
	(void)state;
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, capture_in_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void capture_in_handler(int signal)
{
	(void)signal;
	plain(1);
}

static void stacks_of_signal_handlers_reach_the_interrupted_code(void **state)
{
	(void)state;
	assert_true(signal(SIGUSR1, capture_in_handler) != SIG_ERR);
	raise(SIGUSR1);
	assert_as_judged();
}

static void stacks_on_an_alternate_signal_stack_equal_the_judge(void **state)
{
	(void)state;
	stack_t alternate = {.ss_size = 65536, .ss_sp = malloc(65536)};
	struct sigaction action = {.sa_handler = capture_in_handler,
				   .sa_flags = SA_ONSTACK};
	assert_int_equal(sigaltstack(&alternate, NULL), 0);
	assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
	raise(SIGUSR2);
	assert_as_judged();
	alternate.ss_flags = SS_DISABLE;
	sigaltstack(&alternate, NULL);
	free(alternate.ss_sp);
}

static ucontext_t main_context, fiber_context;

static void fiber(void)
{
	with_pointer(2);
	swapcontext(&fiber_context, &main_context);
}

static void stacks_of_fibers_hold_the_fibers_frames(void **state)
{
	(void)state;
	size_t size = 65536;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	getcontext(&fiber_context);
	fiber_context.uc_stack.ss_sp = memory;
	fiber_context.uc_stack.ss_size = size;
	fiber_context.uc_link = &main_context;
	makecontext(&fiber_context, fiber, 0);
	swapcontext(&main_context, &fiber_context);
	/* with_pointer three times, fiber, and libc's start of the context. */
	assert_true(last.n >= 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(last.frames[i], last.judge[i]);
	munmap(memory, size);
	with_pointer(2);
	assert_as_judged();
}

static void garbage_frame_pointers_are_never_followed_off_the_stack(void **state)
{
	(void)state;
	struct rhp_tracker *t = rhp_tracker_get();
	uint64_t random = 88172645463325252u;
	for (int i = 0; i < 1000000; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		/* A frame on this stack whose saved pointer is anything: sometimes
		 * a near address, sometimes any number. */
		volatile uintptr_t frame[2];
		frame[0] = i % 2 ? (uintptr_t)random : (uintptr_t)frame + random % 100000;
		frame[1] = (uintptr_t)shim + 1;
		rhp_stack_capture(&t->stacks, &t->stream, (const void *)frame,
				  RHP_FN_malloc);
	}
	rhp_tracker_done(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_without_pointers_are_judged),
		cmocka_unit_test(frames_with_pointers_equal_the_judge_each_time),
		cmocka_unit_test(mixed_frames_equal_the_judge_each_time),
		cmocka_unit_test(stacks_that_change_little_equal_the_judge),
		cmocka_unit_test(callbacks_through_libc_equal_the_judge),
		cmocka_unit_test(the_same_stack_has_the_same_node),
		cmocka_unit_test(the_function_is_part_of_the_stack),
		cmocka_unit_test(deeper_than_the_limit_is_truncated_and_marked),
		cmocka_unit_test(stacks_of_threads_equal_the_judge),
		cmocka_unit_test(stacks_of_signal_handlers_reach_the_interrupted_code),
		cmocka_unit_test(stacks_on_an_alternate_signal_stack_equal_the_judge),
		cmocka_unit_test(stacks_of_fibers_hold_the_fibers_frames),
		cmocka_unit_test(garbage_frame_pointers_are_never_followed_off_the_stack),
	};
	return cmocka_run_group_tests(tests, runtime_fixture_open, runtime_fixture_close);
}
