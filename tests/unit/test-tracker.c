/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/runtime.h"
#include "runtime/trace-file.h"
#include "runtime/tracker.h"
#include "runtime-fixture.h"

/* Stands for a wrapped malloc. */
__attribute__((noinline)) static void record_one(uintptr_t address)
{
	rhp_on_alloc(RHP_FN_malloc, RHP_FRAME_HERE, (const void *)address, 1);
}

static void *record_and_tell(void *arg)
{
	(void)arg;
	record_one(0x10000);
	return rhp_thread.tracker;
}

static void *run(void *(*function)(void *))
{
	pthread_t thread;
	void *result;
	assert_int_equal(pthread_create(&thread, NULL, function, NULL), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	return result;
}

static void a_thread_that_ended_hands_its_tracker_on(void **state)
{
	(void)state;
	struct rhp_tracker *t = run(record_and_tell);
	uint32_t written = t->stream.cursor;
	assert_non_null(t);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(run(record_and_tell), t);
	/* The half-full window was used on: no region for each thread. */
	assert_true(t->stream.cursor > written);
	assert_true(t->stream.window->sequence < 3);
}

static void every_thread_has_a_number_of_its_own(void **state)
{
	(void)state;
	record_one(0x10000);
	uint32_t mine = rhp_thread.number;
	assert_true(mine > 0);
	record_one(0x10000);
	assert_int_equal(rhp_thread.number, mine);
}

#define LIVE_THREADS 300 /* more than max_trackers */

static pthread_barrier_t all_there;

static void *record_together(void *arg)
{
	uintptr_t address = (uintptr_t)arg << 12;
	record_one(address);
	void *tracker = rhp_thread.tracker;
	pthread_barrier_wait(&all_there);
	for (int i = 0; i < 50; i++)
		record_one(address);
	return tracker;
}

static void threads_beyond_the_limit_share_and_lose_nothing(void **state)
{
	(void)state;
	static pthread_t threads[LIVE_THREADS];
	pthread_attr_t small;
	uint64_t before = 0, after = 0;
	unsigned without = 0;
	for (uint32_t i = 0; i < RHP_N_SHARDS; i++)
		before += *(uint64_t *)(void *)(rhp_trace_shards + i * RHP_SHARD_STRIDE);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_barrier_init(&all_there, NULL, LIVE_THREADS);
	for (uintptr_t i = 0; i < LIVE_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], &small, record_together,
						(void *)(i + 1)),
				 0);
	for (int i = 0; i < LIVE_THREADS; i++) {
		void *tracker;
		pthread_join(threads[i], &tracker);
		without += tracker == NULL;
	}
	for (uint32_t i = 0; i < RHP_N_SHARDS; i++)
		after += *(uint64_t *)(void *)(rhp_trace_shards + i * RHP_SHARD_STRIDE);
	assert_true(without >= LIVE_THREADS - 200);
	assert_int_equal(after - before, LIVE_THREADS * 51);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_ended_hands_its_tracker_on),
		cmocka_unit_test(every_thread_has_a_number_of_its_own),
		cmocka_unit_test(threads_beyond_the_limit_share_and_lose_nothing),
	};
	return cmocka_run_group_tests(tests, runtime_fixture_open, runtime_fixture_close);
}
