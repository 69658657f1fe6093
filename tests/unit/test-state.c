/* SPDX-License-Identifier: MIT */
/* The diagram of runtime/state.h: from each state where each transition leads, in the
 * first process and in a forked child. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/os-lock.h"
#include "runtime/state.h"

#define N_STATES (RHP_FOLLOWING + 1)

static void look(void)
{
	rhp_state_look();
}

static void begin(void)
{
	rhp_state_new_generation();
	rhp_state_begin();
}

static void end(void)
{
	rhp_state_end();
}

static void ask(void)
{
	rhp_state_ask();
}

static void take_back(void)
{
	rhp_state_take_back();
}

/* What is not named stays as it is. The state is set by force: it is the transition that
 * is asked, not how one came there. */
static const struct {
	void (*act)(void);
	enum rhp_state to[N_STATES]; /* 0: stays */
} transitions[] = {
	{look, {[RHP_FRESH] = RHP_STARTING}},
	{rhp_state_give_up, {[RHP_STARTING] = RHP_OFF, [RHP_WAITING] = RHP_OFF}},
	{rhp_state_follow, {[RHP_FRESH] = RHP_FOLLOWING}},
	{begin,
	 {[RHP_FRESH] = RHP_ON,
	  [RHP_STARTING] = RHP_ON,
	  [RHP_OFF] = RHP_ON,
	  [RHP_STOPPING] = RHP_ON,
	  [RHP_WAITING] = RHP_ON,
	  [RHP_FORKED] = RHP_ON,
	  [RHP_ADOPTING] = RHP_ON,
	  [RHP_FOLLOWING] = RHP_ON}},
	{end, {[RHP_ON] = RHP_STOPPING}},
	{rhp_state_retired, {[RHP_STOPPING] = RHP_OFF}},
	{ask, {[RHP_OFF] = RHP_WAITING, [RHP_STOPPING] = RHP_WAITING}},
	{take_back, {[RHP_WAITING] = RHP_STOPPING}},
	{rhp_state_stay_out, {[RHP_FRESH] = RHP_FORKED}},
	{rhp_state_adopted, {[RHP_ADOPTING] = RHP_OFF}},
};

static void set_state(enum rhp_state state)
{
	rhp_control.state = state;
	rhp_control.generation = state == RHP_ON ? rhp_control.generations : 0;
}

static void a_transition_leads_where_the_diagram_says(void **unused)
{
	(void)unused;
	rhp_state_new_generation();
	for (size_t i = 0; i < sizeof(transitions) / sizeof(*transitions); i++)
		for (unsigned from = 0; from < N_STATES; from++) {
			enum rhp_state to = transitions[i].to[from];
			set_state(from);
			transitions[i].act();
			assert_int_equal(rhp_state_now(), to ? to : from);
			assert_int_equal(rhp_state_generation() != 0,
					 rhp_state_now() == RHP_ON);
		}
	/* To the one state that the table cannot say */
	set_state(RHP_STARTING);
	rhp_state_too_early();
	assert_int_equal(rhp_state_now(), RHP_FRESH);
}

static void a_call_has_nothing_to_do_from_off_on(void **unused)
{
	(void)unused;
	assert_true(RHP_FRESH < RHP_ON && RHP_WAITING < RHP_ON);
	assert_true(RHP_ON < RHP_OFF && RHP_OFF < RHP_STOPPING && RHP_OFF < RHP_STARTING);
	assert_true(RHP_OFF < RHP_FORKED && RHP_OFF < RHP_ADOPTING &&
		    RHP_OFF < RHP_FOLLOWING);
}

static void one_thread_looks(void **unused)
{
	(void)unused;
	set_state(RHP_FRESH);
	assert_true(rhp_state_look());
	assert_false(rhp_state_look());
	rhp_state_too_early();
	assert_true(rhp_state_look());
	rhp_state_give_up();
	assert_false(rhp_state_look());
}

static void the_trace_of_the_first_call_began_with_the_process(void **unused)
{
	(void)unused;
	set_state(RHP_FRESH);
	assert_false(rhp_state_began_with_process());
	look();
	begin();
	assert_true(rhp_state_began_with_process());
	end();
	assert_false(rhp_state_began_with_process());
	begin();
	assert_false(rhp_state_began_with_process());
	end();
}

static void an_answer_says_what_was_found(void **unused)
{
	(void)unused;
	set_state(RHP_OFF);
	assert_int_equal(rhp_state_end(), 0);
	assert_int_equal(rhp_state_ask(), 0);
	assert_int_equal(rhp_state_ask(), 0); /* again */
	assert_true(rhp_state_take_back());
	assert_false(rhp_state_take_back());
	begin();
	assert_int_equal(rhp_state_ask(), -EALREADY);
	assert_int_equal(rhp_state_end(), rhp_state_latest());
}

/* In a child, and how it ended: 0 is as it should be. */
static int in_child(int (*body)(void))
{
	int status = -1;
	pid_t child = fork();
	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static int is_not_told(void)
{
	return rhp_state_is_forked();
}

static int stays_out(void)
{
	if (rhp_state_now() != RHP_FRESH || !rhp_state_is_forked() ||
	    rhp_state_generation() != 0 || rhp_state_ask() != -ECHILD)
		return 1;
	rhp_state_stay_out();
	if (rhp_state_now() != RHP_FORKED || !rhp_state_is_forked() ||
	    rhp_state_ask() != -ECHILD)
		return 2;
	return in_child(is_not_told) == 0 ? 3 : 0; /* a child of the child is one, too */
}

static uint32_t n_adopted;

static void *adopt(void *unused)
{
	if (rhp_state_adopt()) {
		__atomic_fetch_add(&n_adopted, 1, __ATOMIC_RELAXED);
		rhp_os_wait(RHP_OS_SHORT_WAITS);
		rhp_state_adopted();
	}
	return rhp_state_now() == RHP_OFF ? NULL : unused;
}

static int adopts_once(void)
{
	pthread_t threads[8];
	void *wrong = NULL;
	for (size_t i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, adopt, threads) != 0)
			return 1;
	for (size_t i = 0; i < 8; i++) {
		pthread_join(threads[i], &wrong);
		if (wrong)
			return 2;
	}
	return n_adopted != 1 || rhp_os_process != 2 || rhp_state_is_forked();
}

static int adopts_later(void)
{
	rhp_state_stay_out();
	return adopts_once();
}

static uint32_t parents_latest;

static int has_another_generation(void)
{
	adopt(NULL);
	begin();
	return rhp_state_latest() != parents_latest + 1 || rhp_state_began_with_process();
}

static void a_child_is_told_from_its_parent(void **unused)
{
	(void)unused;
	set_state(RHP_ON);
	assert_int_equal(in_child(is_not_told), 0);
	assert_int_equal(rhp_state_tell_children(), 0);
	assert_false(rhp_state_is_forked());
	assert_int_equal(in_child(stays_out), 0);
	assert_int_equal(in_child(adopts_once), 0);
	assert_int_equal(in_child(adopts_later), 0);
	parents_latest = rhp_state_latest();
	assert_int_equal(in_child(has_another_generation), 0);
	assert_int_equal(rhp_state_now(), RHP_ON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transition_leads_where_the_diagram_says),
		cmocka_unit_test(a_call_has_nothing_to_do_from_off_on),
		cmocka_unit_test(one_thread_looks),
		cmocka_unit_test(the_trace_of_the_first_call_began_with_the_process),
		cmocka_unit_test(an_answer_says_what_was_found),
		cmocka_unit_test(a_child_is_told_from_its_parent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
