/* SPDX-License-Identifier: MIT */
/*
 * Distances are drawn when the one before is used up; what a thread does for a block
 * that is not recorded is one subtraction. A handler may come in the middle and draw
 * too: then one of the two points is forgotten, or used for both.
 */
#include "runtime/os-clock.h"
#include "runtime/os-lock.h"
#include "runtime/probe.h"
#include "runtime/sample.h"
#include "runtime/trace-file.h"

#define FRACTION_BITS 26
#define WEIGHT_BITS 24
#define WEIGHT_TERMS UINT64_C(16)
#define MOST_MEANS 20
#define LN2 UINT64_C(0xb17217f7) /* of 2^32 */

struct rhp_sample rhp_sample;

void rhp_sample_start(const struct rhp_settings *settings)
{
	rhp_sample.mean = settings->sample_bytes;
	rhp_sample.unsampled = ((1000000 - settings->sample_ppm) << 32) / 1000000;
	rhp_sample.seed = settings->sample_seed;
	rhp_sample.probes = settings->usdt;
	rhp_sample.n_traces++;
}

void rhp_sample_forget(void)
{
	rhp_address_set_clear(&rhp_sample.blocks);
}

/* The output function of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t next_random(struct rhp_thread *thread)
{
	/* Children would all draw what their parent was about to draw. */
	if (thread->random == 0 || thread->random_process != rhp_os_process) {
		uint32_t n =
			__atomic_add_fetch(&rhp_sample.n_threads, 1, __ATOMIC_RELAXED);
		uint64_t seed = rhp_sample.seed ? rhp_sample.seed : rhp_os_ticks();
		thread->random = mix(mix(seed) + n) | 1;
		thread->random_process = rhp_os_process;
	}
	thread->random += UINT64_C(0x9e3779b97f4a7c15);
	return mix(thread->random);
}

/* log2(x) for x of 2^31 to 2^32 - 1, less 31: digit by digit, by squaring. */
static uint64_t fraction_of_log2(uint64_t x)
{
	uint64_t log = 0;
	for (int i = 0; i < FRACTION_BITS; i++) {
		x = x * x >> 31;
		log = log << 1 | x >> 32;
		x >>= x >> 32;
	}
	return log;
}

uint64_t rhp_sample_gap(uint64_t bits, uint64_t mean)
{
	bits |= 1;
	uint32_t zeros = (uint32_t)__builtin_clzll(bits);
	uint64_t log2 = ((uint64_t)(63 - zeros) << FRACTION_BITS) +
			fraction_of_log2(bits << zeros >> 32);
	uint64_t ln = ((UINT64_C(64) << FRACTION_BITS) - log2) * LN2 >> 32;
	return ln * mean >> FRACTION_BITS;
}

/*
 * With x = (size + 1) / mean, and z its half, 1 / (1 - exp(-x)) is (1 + coth z) / 2, so
 * the weight is size * mean / (size + 1) * (z + z coth z). z coth z is the continued
 * fraction 1 + z^2 / (3 + z^2 / (5 + ...)). From x = 20 on the share that is not recorded
 * is below a part of 2^28.
 */
uint64_t rhp_sample_weight(uint64_t size, uint64_t mean)
{
	if (size / MOST_MEANS >= mean)
		return size;
	uint64_t z = ((size + 1) << (WEIGHT_BITS - 1)) / mean;
	uint64_t square = z * z >> WEIGHT_BITS;
	uint64_t sum = (2 * WEIGHT_TERMS + 1) << WEIGHT_BITS;
	for (uint64_t k = WEIGHT_TERMS; k > 0; k--)
		sum = ((2 * k - 1) << WEIGHT_BITS) + (square << WEIGHT_BITS) / sum;
	uint64_t all = mean * (z + sum) >> 8; /* of WEIGHT_BITS - 8 */
	return (all - all / (size + 1)) >> (WEIGHT_BITS - 8);
}

bool rhp_sample_keep(const void *block)
{
	if (rhp_address_set_add(&rhp_sample.blocks, rhp_untagged((uintptr_t)block)))
		return true;
	rhp_trace_lose(RHP_LOST_SAMPLE, 1);
	return false;
}

bool rhp_sample_point(const void *block, size_t size)
{
	struct rhp_thread *thread = &rhp_thread;
	if (thread->sampled_trace != rhp_sample.n_traces) { /* its first block there */
		thread->sampled_trace = rhp_sample.n_traces;
		uint64_t gap = rhp_sample_gap(next_random(thread), rhp_sample.mean);
		if (size < gap) {
			thread->until_sample = gap - (size + 1);
			return false;
		}
	}
	thread->until_sample = rhp_sample_gap(next_random(thread), rhp_sample.mean);
	if (!rhp_sample_keep(block))
		return false;
	if (rhp_sample.probes)
		rhp_probe_alloc(block, size, rhp_sample_weight(size, rhp_sample.mean));
	return true;
}

bool rhp_sample_take_out(const void *block)
{
	uintptr_t address = rhp_untagged((uintptr_t)block);
	if (!rhp_address_set_has(&rhp_sample.blocks, address))
		return false;
	rhp_address_set_remove(&rhp_sample.blocks, address);
	if (rhp_sample.probes)
		rhp_probe_free(block);
	return true;
}

bool rhp_sample_draw_stack(void)
{
	return next_random(&rhp_thread) >> 32 >= rhp_sample.unsampled;
}
