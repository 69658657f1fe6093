// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/pair.h"
#include "database/lots.h"

#define N_STACKS 1000

/* One block of each stack, in an order that is not theirs; sizes tell blocks apart. */
static void add_turn(struct lots *lots, uint64_t turn)
{
	struct pair_row *rows = calloc(N_STACKS, sizeof(*rows));

	assert_non_null(rows);
	for (uint32_t i = 0; i < N_STACKS; i++)
		rows[i] = (struct pair_row){
			.alloc_ns = (int64_t)turn,
			.lifetime_ns = 5,
			.size = 1 + turn,
			.address = i,
			.stack = i * 7 % N_STACKS,
			.leak_owner = PAIR_NO_OWNER,
		};
	assert_int_equal(lots_add(lots, rows, N_STACKS, false), 0);
	free(rows);
}

static void check(const struct lots *lots, uint64_t n_turns)
{
	size_t next = 0;

	assert_int_equal(lots->n_lots, N_STACKS);
	assert_int_equal(lots->n_rows, n_turns * N_STACKS);
	for (uint32_t stack = 0; stack < N_STACKS; stack++) {
		assert_int_equal(lots->lots[stack].stack, stack);
		assert_int_equal(lots->lots[stack].n_rows, n_turns);
		assert_int_equal(lots->lots[stack].bytes, n_turns * (n_turns + 1) / 2);
		for (uint64_t turn = 0; turn < n_turns; turn++) {
			const struct lot_row *row = &lots->rows[lots->order[next++]];

			assert_int_equal(row->alloc_ns, turn);
			assert_int_equal(row->address * 7 % N_STACKS, stack);
		}
	}
}

static void blocks_of_many_stacks_are_put_together(void **state)
{
	struct lots lots = {0};

	(void)state;
	for (int again = 0; again < 2; again++) {
		for (uint64_t turn = 0; turn < 32; turn++) {
			assert_true(lots.n_rows == 0 || !lots_are_full(&lots));
			add_turn(&lots, turn);
		}
		assert_true(lots_are_full(&lots));
		assert_int_equal(lots_sort(&lots), 0);
		check(&lots, 32);
		lots_clear(&lots);
	}
	lots_fini(&lots);
}

static void few_lots_do_not_wait(void **state)
{
	struct lots lots = {0};
	struct pair_row rows[64] = {{.leak_owner = PAIR_NO_OWNER}};

	(void)state;
	for (size_t i = 0; i < 64; i++)
		rows[i] = (struct pair_row){.leak_owner = PAIR_NO_OWNER, .stack = i % 2};
	assert_int_equal(lots_add(&lots, rows, 64, false), 0);
	assert_true(lots_are_full(&lots));
	lots_fini(&lots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_of_many_stacks_are_put_together),
		cmocka_unit_test(few_lots_do_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
