/* SPDX-License-Identifier: MIT */
/* Gaps are exponential; the set of recorded blocks answers for threads that ask about
 * their own addresses while others change it. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/sample.h"

static uint64_t draw(void)
{
	static uint64_t seed = 1;

	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (seed ^ seed >> 32) * UINT64_C(0xd6e8feb86659fd93);
}

static void a_gap_is_the_logarithm(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t bits = draw() >> draw() % 60;
		double gap = (double)rhp_sample_gap(bits, 1u << 30);
		double wanted = -log(((double)bits + 0.5) / 0x1p64) * 0x1p30;

		/* bits is odd in there; and the logarithm has 26 bits */
		double even = 0x1p30 / ((double)bits + 1);

		assert_true(fabs(gap - wanted) <= even + 64);
	}
	assert_int_equal(rhp_sample_gap(UINT64_MAX, UINT32_MAX), 0);
	assert_true(rhp_sample_gap(0, UINT32_MAX) < 45ull * UINT32_MAX);
	assert_true(rhp_sample_gap(0, UINT32_MAX) > 44ull * UINT32_MAX);
}

static void a_weight_is_size_by_the_share_that_is_recorded(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t mean = (draw() >> 32 >> draw() % 32) | 1;
		uint64_t size = draw() >> 20 >> draw() % 44;
		double wanted = (double)size / -expm1(-((double)size + 1) / (double)mean);
		double weight = (double)rhp_sample_weight(size, mean);

		assert_true(fabs(weight - wanted) <= 1 + wanted * 1e-6);
	}
	assert_int_equal(rhp_sample_weight(0, 1), 0);
	assert_int_equal(rhp_sample_weight(UINT64_MAX, UINT32_MAX), UINT64_MAX);
	assert_int_equal(rhp_sample_weight(UINT64_MAX, 1), UINT64_MAX);
}

/* How many gaps are longer than a length: exp(-length / mean) of them. */
static void gaps_are_exponential(void **state)
{
	enum {
		N = 1000000,
		MEAN = 1000
	};
	uint32_t longer[7] = {0};

	(void)state;
	for (int i = 0; i < N; i++) {
		uint64_t gap = rhp_sample_gap(draw(), MEAN);

		for (unsigned k = 0; k < 7; k++)
			longer[k] += gap >= k * MEAN;
	}
	for (unsigned k = 0; k < 7; k++) {
		double share = exp(-(double)k), deviation = sqrt(share * (1 - share) / N);

		assert_true(fabs((double)longer[k] / N - share) <= 4 * deviation);
	}
}

#define ADDRESSES 3000

static void a_set_has_what_was_added(void **state)
{
	static bool in[ADDRESSES];
	static struct rhp_address_set set;

	(void)state;
	assert_false(rhp_address_set_has(&set, 16));
	for (int i = 0; i < 200000; i++) {
		uint64_t n = draw() % (i < 100000 ? ADDRESSES : 40);
		uintptr_t address = 16 + n * 16;

		assert_int_equal(rhp_address_set_has(&set, address), in[n]);
		assert_false(in[n] && rhp_address_set_lacks(&set, address));
		if (in[n])
			rhp_address_set_remove(&set, address);
		else
			assert_true(rhp_address_set_add(&set, address));
		in[n] = !in[n];
	}
	for (uintptr_t n = 0; n < ADDRESSES; n++)
		assert_int_equal(rhp_address_set_has(&set, 16 + n * 16), in[n]);
}

/* A trace may end, or a library free a block unseen, between a question and its change.
 */
static void a_set_counts_what_is_in_it(void **state)
{
	static struct rhp_address_set set;

	(void)state;
	assert_true(rhp_address_set_add(&set, 16));
	assert_true(rhp_address_set_add(&set, 16));
	assert_int_equal(set.n, 1);
	assert_false(rhp_address_set_lacks(&set, 16));
	rhp_address_set_remove(&set, 16);
	assert_true(rhp_address_set_lacks(&set, 16));
	assert_int_equal(set.pages[rhp_address_page(16)], 0);
	assert_true(rhp_address_set_add(&set, 16));
	rhp_address_set_clear(&set);
	assert_true(rhp_address_set_lacks(&set, 16));
	rhp_address_set_remove(&set, 16);
	assert_int_equal(set.n, 0);
}

static struct rhp_address_set shared;

/* A thread's own addresses: what it says of them is certain. */
static void *change(void *argument)
{
	uintptr_t first = (uintptr_t)argument, wrong = 0;
	bool in[64] = {false};

	for (uint32_t i = 1; i < 200000; i++) {
		uint32_t n = i * 2654435761u >> 26;
		uintptr_t address = first + n * 64;

		wrong += rhp_address_set_has(&shared, address) != in[n];
		wrong += in[n] && rhp_address_set_lacks(&shared, address);
		if (i % 3)
			continue;
		if (in[n])
			rhp_address_set_remove(&shared, address);
		else
			wrong += !rhp_address_set_add(&shared, address);
		in[n] = !in[n];
	}
	return (void *)wrong;
}

static void threads_know_their_own_addresses(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, change,
						(void *)(4096 + i * 16)),
				 0);
	for (int i = 0; i < 4; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_is_the_logarithm),
		cmocka_unit_test(a_weight_is_size_by_the_share_that_is_recorded),
		cmocka_unit_test(gaps_are_exponential),
		cmocka_unit_test(a_set_has_what_was_added),
		cmocka_unit_test(a_set_counts_what_is_in_it),
		cmocka_unit_test(threads_know_their_own_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
