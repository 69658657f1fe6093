/* SPDX-License-Identifier: MIT */
/* What others do to the trace between two instructions of ours: a handler that the
 * processor's trap flag calls after each of them in turn, up to the first system call. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#include "runtime/state.h"
#include "runtime/stream.h"
#include "runtime/trace-file.h"
#include "runtime/trace-write.h"
#include "runtime-fixture.h"

#if defined(__x86_64__)
#define TRAP_FLAG 0x100ul

typedef void action(void);

static action *meanwhile;
static volatile long step, chosen;
static volatile sig_atomic_t came;

static void handle(int number, siginfo_t *info, void *context)
{
	static const uint8_t system_call[] = {0x0f, 0x05};
	ucontext_t *c = context;
	const void *next = (const void *)(uintptr_t)c->uc_mcontext.gregs[REG_RIP];

	(void)number;
	(void)info;
	if (step++ == chosen) {
		came = 1;
		meanwhile();
	}
	if (came || memcmp(next, system_call, sizeof(system_call)) == 0)
		c->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

static void set_trap(unsigned long flag)
{
	__builtin_ia32_writeeflags_u64((__builtin_ia32_readeflags_u64() & ~TRAP_FLAG) |
				       flag);
}

/* Calls `first`, and `second` after so many of its instructions; whether it had so many.
 */
static bool interrupt(action *first, action *second, long instructions)
{
	struct sigaction steps = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	meanwhile = second;
	step = 0;
	chosen = instructions;
	came = 0;
	assert_int_equal(sigaction(SIGTRAP, &steps, NULL), 0);
	set_trap(TRAP_FLAG);
	first();
	set_trap(0);
	return came;
}

static void switch_off(void)
{
	rhp_trace_stop(RHP_STATE_STOPPED);
}

static void assert_one_answer(void)
{
	assert_int_equal(rhp_state_now() == RHP_ON, rhp_state_generation() != 0);
}

static void on_and_off_agree_whatever_comes_between(void **state)
{
	(void)state;
	long n_on = 0, n_off = 0;
	for (bool more = true; more; n_on += more) {
		switch_off();
		more = interrupt(rhp_state_begin, switch_off, n_on);
		assert_one_answer();
	}
	for (bool more = true; more; n_off += more) {
		rhp_state_begin();
		more = interrupt(switch_off, rhp_state_begin, n_off);
		assert_one_answer();
	}
	/* The last instruction came, too: on is off then, and off is on. */
	assert_true(n_on > 5 && n_off > 5);
	rhp_state_begin();
}

static void end(void)
{
	rhp_state_end();
}

static int answer;

static void ask(void)
{
	answer = rhp_state_ask();
}

static void what_is_asked_for_during_an_end_is_not_forgotten(void **state)
{
	(void)state;
	bool was_on = false, was_off = false;
	for (long n = 0;; n++) {
		rhp_state_begin();
		if (!interrupt(end, ask, n))
			break;
		assert_true(answer == 0 || answer == -EALREADY);
		assert_int_equal(rhp_state_now(),
				 answer == 0 ? RHP_WAITING : RHP_STOPPING);
		was_off |= answer == 0;
		was_on |= answer != 0;
	}
	assert_true(was_on && was_off);
	rhp_state_begin();
}

static void a_time_noted_within_another_is_whole(void **state)
{
	(void)state;
	const struct rhp_file_header *h = rhp_trace_header();
	for (long n = 0; interrupt(rhp_trace_note_time, rhp_trace_note_time, n); n++) {
		uint64_t before = h->last_ticks;
		rhp_trace_note_time();
		assert_true(h->last_ticks > before);
	}
}

static struct rhp_region *windows[2];
static uint64_t *units[2];

static void map_first(void)
{
	windows[0] = rhp_trace_map_window(7, &units[0]);
}

static void map_second(void)
{
	windows[1] = rhp_trace_map_window(8, &units[1]);
}

static void two_at_once_have_a_region_each(void **state)
{
	(void)state;
	const struct rhp_file_header *h = rhp_trace_header();
	for (long n = 0;; n++) {
		uint64_t end = h->file_end;
		bool more = interrupt(map_first, map_second, n);
		assert_non_null(windows[0]);
		assert_int_equal(windows[0]->stream, 7);
		rhp_trace_unmap_window(windows[0]);
		assert_int_equal(h->file_end, end + (1 + more) * h->region_size);
		if (!more)
			break;
		assert_non_null(windows[1]);
		assert_int_equal(windows[1]->stream, 8);
		rhp_trace_unmap_window(windows[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_and_off_agree_whatever_comes_between),
		cmocka_unit_test(what_is_asked_for_during_an_end_is_not_forgotten),
		cmocka_unit_test(a_time_noted_within_another_is_whole),
		cmocka_unit_test(two_at_once_have_a_region_each),
	};
	return cmocka_run_group_tests(tests, runtime_fixture_open, runtime_fixture_close);
}
#else
int main(void)
{
	print_message("1..0 # SKIP it takes the trap flag of x86-64\n");
	return 0;
}
#endif
