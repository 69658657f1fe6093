// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/tally.h"
#include "tests/unit/load-fixture.h"

/* Call nodes: any numbers do, stacks are numbered by first use. */
#define NODE_A 10
#define NODE_B 20

static struct trace_writer writer;
static struct fixture fixture;
static size_t region;

static int begin(void **state)
{
	(void)state;
	writer_init(&writer, 64);
	region = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	writer_blob(&writer, region, RHP_BLOB_THREAD, 1, 100, "main", 4);
	return 0;
}

static int end(void **state)
{
	(void)state;
	fixture_close(&fixture);
	writer_fini(&writer);
	return 0;
}

static void put(enum rhp_code code, uint64_t address, uint64_t time, uint64_t size,
		uint32_t node)
{
	writer_event(&writer, region,
		     (struct writer_event){code, address, time, size, node});
}

static const struct pair_totals *load(void)
{
	fixture_load(&fixture, &writer);
	return pair_totals(fixture.pair);
}

static void a_block_knows_where_it_was_freed(void **state)
{
	const struct pair_row *row = &fixture.rows[0];

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_FREE, 0x1000, 35, 0, NODE_B);
	load();
	assert_int_equal(fixture.n_rows, 1);
	assert_int_equal(row->alloc_ns, 10);
	assert_int_equal(row->lifetime_ns, 25);
	assert_int_equal(row->size, 100);
	assert_int_equal(row->stack, 1);
	assert_int_equal(row->free_stack, 2);
	assert_int_equal(row->alloc_thread, 1);
	assert_int_equal(row->free_thread, 1);
	assert_int_equal(row->end, BLOCK_FREED);
}

static void free_of_unknown_address_is_counted(void **state)
{
	(void)state;
	put(RHP_FREE, 0x1000, 10, 0, NODE_A);
	assert_int_equal(load()->foreign_free, 1);
	assert_int_equal(fixture.n_rows, 0);
}

static void allocation_of_a_live_address_ends_the_old_block(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_ALLOC, 0x1000, 20, 50, NODE_B);
	t = load();
	assert_int_equal(t->unseen_free, 1);
	assert_int_equal(fixture.n_rows, 2);
	assert_int_equal(fixture.rows[0].end, BLOCK_UNSEEN);
	assert_int_equal(fixture.rows[0].lifetime_ns, -1);
	assert_int_equal(fixture.rows[1].end, BLOCK_LIVE);
	assert_int_equal(pair_tally(fixture.pair)->live_bytes, 50);
}

static void realloc_ends_one_block_at_its_begin_and_begins_another(void **state)
{
	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	put(RHP_REALLOC_END, 0x2000, 30, 200, NODE_B);
	put(RHP_FREE, 0x2000, 40, 0, NODE_A);
	load();
	assert_int_equal(fixture.n_rows, 2);
	assert_int_equal(fixture.rows[0].end, BLOCK_REALLOC);
	assert_int_equal(fixture.rows[0].lifetime_ns, 10);
	assert_int_equal(fixture.rows[0].free_stack, 2);
	assert_int_equal(fixture.rows[1].alloc_ns, 30);
	assert_int_equal(fixture.rows[1].stack, 2);
	assert_int_equal(fixture.rows[1].end, BLOCK_FREED);
}

static void realloc_that_fails_changes_nothing(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	put(RHP_REALLOC_FAIL, 0x1000, 30, UINT64_C(1) << 30, NODE_B);
	t = load();
	assert_int_equal(t->failed_reallocs, 1);
	assert_int_equal(t->allocations, 1);
	assert_int_equal(fixture.n_rows, 1);
	assert_int_equal(fixture.rows[0].alloc_ns, 10);
	assert_int_equal(fixture.rows[0].size, 100);
	assert_int_equal(fixture.rows[0].stack, 1);
	assert_int_equal(fixture.rows[0].end, BLOCK_LIVE);
}

static void realloc_to_nothing_is_a_free(void **state)
{
	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	put(RHP_REALLOC_FREE, 0x1000, 30, 0, NODE_B);
	assert_int_equal(load()->frees, 1);
	assert_int_equal(fixture.n_rows, 1);
	assert_int_equal(fixture.rows[0].end, BLOCK_FREED);
	assert_int_equal(fixture.rows[0].lifetime_ns, 10);
}

static void old_address_may_be_reused_before_the_realloc_returns(void **state)
{
	size_t other = writer_region(&writer, 1, RHP_REGION_WINDOW, 0);
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	writer_event(&writer, other,
		     (struct writer_event){RHP_ALLOC, 0x1000, 25, 7, NODE_B});
	put(RHP_REALLOC_END, 0x2000, 30, 200, NODE_A);
	t = load();
	assert_int_equal(t->unseen_free, 0);
	assert_int_equal(t->left_blocks, 2);
	assert_int_equal(pair_tally(fixture.pair)->live_bytes, 207);
}

static void nested_reallocs_end_in_reverse_order(void **state)
{
	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_ALLOC, 0x2000, 11, 200, NODE_A);
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	put(RHP_REALLOC_BEGIN, 0x2000, 21, 0, 0); /* in a signal handler */
	put(RHP_REALLOC_END, 0x3000, 22, 300, NODE_B);
	put(RHP_REALLOC_END, 0x4000, 23, 400, NODE_B);
	load();
	assert_int_equal(fixture.n_rows, 4);
	assert_int_equal(fixture.rows[0].size, 200);
	assert_int_equal(fixture.rows[1].size, 100);
}

static void realloc_belongs_to_its_thread_in_a_shared_stream(void **state)
{
	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_ALLOC, 0x2000, 11, 200, NODE_A);
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	writer_blob(&writer, region, RHP_BLOB_THREAD, 2, 101, "other", 5);
	put(RHP_REALLOC_BEGIN, 0x2000, 21, 0, 0);
	writer_blob(&writer, region, RHP_BLOB_THREAD, 1, 100, "main", 4);
	put(RHP_REALLOC_END, 0x3000, 22, 300, NODE_B);
	load();
	assert_int_equal(fixture.rows[0].size, 100);
	assert_int_equal(fixture.rows[0].end, BLOCK_REALLOC);
	assert_int_equal(fixture.rows[1].size, 200);
	assert_int_equal(fixture.rows[1].end, BLOCK_IN_REALLOC);
	assert_int_equal(fixture.catalog.n_threads, 2);
}

static void block_in_realloc_at_death_is_no_leak(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	t = load();
	assert_int_equal(t->left_blocks, 0);
	assert_int_equal(t->in_realloc_blocks, 1);
	assert_int_equal(fixture.rows[0].end, BLOCK_IN_REALLOC);
}

static void realloc_of_an_unknown_block_begins_one(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	put(RHP_REALLOC_END, 0x2000, 30, 200, NODE_A);
	t = load();
	assert_int_equal(t->foreign_realloc, 1);
	assert_int_equal(pair_tally(fixture.pair)->live_bytes, 200);
}

static void realloc_by_a_library_only_moves_what_is_known(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	put(RHP_REALLOC_END, 0x2000, 30, 200, 0);
	put(RHP_REALLOC_BEGIN, 0x5000, 40, 0, 0);
	put(RHP_REALLOC_END, 0x6000, 50, 600, 0);
	t = load();
	assert_int_equal(t->foreign_realloc, 0);
	assert_int_equal(pair_tally(fixture.pair)->live_bytes, 200);
	assert_int_equal(fixture.rows[1].stack, 1);
}

static void peak_is_the_most_that_was_live_at_once(void **state)
{
	const struct catalog_stack *stacks;
	const struct tally *t;

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_ALLOC, 0x2000, 20, 200, NODE_A);
	put(RHP_FREE, 0x1000, 30, 0, NODE_A);
	put(RHP_ALLOC, 0x3000, 40, 50, NODE_B);
	load();
	t = pair_tally(fixture.pair);
	stacks = fixture.catalog.stacks;
	assert_int_equal(t->peak_bytes, 300);
	assert_int_equal(t->peak_ns, 20);
	assert_int_equal(t->peak_blocks, 2);
	assert_int_equal(t->bytes, 350);
	assert_int_equal(stacks[1].allocations, 2);
	assert_int_equal(stacks[1].live_bytes, 200);
	assert_int_equal(stacks[1].peak_bytes, 300);
	assert_int_equal(stacks[2].live_blocks, 1);
	assert_int_equal(stacks[2].peak_blocks, 0);
	assert_int_equal(stacks[2].own_peak_bytes, 50);
	assert_int_equal(stacks[2].own_peak_ns, 40);
}

static void an_interval_has_the_most_and_the_least_that_was_live(void **state)
{
	const struct tally_point *points;

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_ALLOC, 0x2000, 20, 200, NODE_A);
	/* The first interval is 1024 ns long */
	put(RHP_FREE, 0x1000, 1030, 0, NODE_A);
	put(RHP_ALLOC, 0x3000, 1040, 500, NODE_B);
	put(RHP_FREE, 0x3000, 1050, 0, NODE_B);
	load();
	points = pair_tally(fixture.pair)->points;
	assert_int_equal(pair_tally(fixture.pair)->n_points, 2);
	assert_int_equal(points[0].low_bytes, 0);
	assert_int_equal(points[0].peak_bytes, 300);
	assert_int_equal(points[1].low_bytes, 200);
	assert_int_equal(points[1].peak_bytes, 700);
	assert_int_equal(points[1].live_bytes, 200);
}

static void check_last_event_at(uint64_t ns)
{
	const struct tally *t;

	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_ALLOC, 0x2000, ns - 1, 300, NODE_A);
	put(RHP_FREE, 0x2000, ns, 0, NODE_A);
	load();
	t = pair_tally(fixture.pair);
	assert_int_equal(t->points[t->n_points - 1].end_ns, ns);
	assert_int_equal(t->points[t->n_points - 1].live_bytes, 100);
	assert_int_equal(t->points[t->n_points - 1].peak_bytes, 400);
	if (t->n_points > 1)
		assert_true(t->points[t->n_points - 2].end_ns < (int64_t)ns);
}

static void no_interval_begins_at_the_end(void **state)
{
	(void)state;
	check_last_event_at(1024);
}

static void no_interval_begins_at_the_end_of_a_long_run(void **state)
{
	(void)state;
	check_last_event_at(UINT64_C(2048) * 1024);
}

static void a_stack_that_did_not_change_since_was_live_at_the_peak(void **state)
{
	const struct catalog_stack *stacks;

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_ALLOC, 0x2000, 20, 200, NODE_B);
	put(RHP_FREE, 0x2000, 30, 0, NODE_A);
	put(RHP_ALLOC, 0x3000, 40, 50, NODE_B);
	load();
	stacks = fixture.catalog.stacks;
	assert_int_equal(stacks[1].peak_bytes, 100);
	assert_int_equal(stacks[2].peak_bytes, 200);
	assert_int_equal(stacks[2].live_bytes, 50);
}

static void a_block_freed_by_the_next_event_is_temporary(void **state)
{
	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_FREE, 0x1000, 20, 0, NODE_A);
	put(RHP_ALLOC, 0x1000, 30, 100, NODE_A);
	put(RHP_ALLOC, 0x2000, 40, 100, NODE_A);
	put(RHP_FREE, 0x1000, 50, 0, NODE_A);
	put(RHP_FREE, 0x2000, 60, 0, NODE_A);
	load();
	assert_true(fixture.rows[0].temporary);
	assert_false(fixture.rows[1].temporary);
	assert_false(fixture.rows[2].temporary);
	assert_int_equal(fixture.catalog.stacks[1].temporary, 1);
}

static void reallocs_of_a_block_are_a_chain(void **state)
{
	const struct chain *chain = &fixture.chains[0];

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_REALLOC_BEGIN, 0x1000, 20, 0, 0);
	put(RHP_REALLOC_END, 0x1000, 30, 150, NODE_B);
	put(RHP_REALLOC_BEGIN, 0x1000, 40, 0, 0);
	put(RHP_REALLOC_END, 0x2000, 50, 1000, NODE_B);
	put(RHP_REALLOC_BEGIN, 0x2000, 60, 0, 0);
	put(RHP_REALLOC_END, 0x3000, 70, 30, NODE_A);
	put(RHP_FREE, 0x3000, 80, 0, NODE_A);
	load();
	assert_int_equal(fixture.n_chains, 1);
	assert_int_equal(chain->steps, 3);
	assert_int_equal(chain->moves, 2);
	assert_int_equal(chain->copied, 150 + 30);
	assert_int_equal(chain->first_size, 100);
	assert_int_equal(chain->final_size, 30);
	assert_int_equal(chain->first_stack, 1);
	assert_int_equal(chain->last_stack, 1);
}

static void impossible_nodes_are_the_unknown_stack(void **state)
{
	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, RHP_STACK_MAX);
	load();
	assert_int_equal(fixture.rows[0].stack, 0);
	assert_int_equal(fixture.catalog.n_damaged, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* Of four blocks that are live at the end, scanned at 50; the third is younger. */
static void a_lost_block_has_the_stack_of_its_owner(void **state)
{
	size_t scan = writer_region(&writer, RHP_SCAN_STREAM, RHP_REGION_CHUNK, 0);

	(void)state;
	put(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	put(RHP_ALLOC, 0x2000, 20, 200, NODE_B);
	put(RHP_ALLOC, 0x4000, 30, 400, NODE_B);
	put(RHP_ALLOC, 0x3000, 60, 300, NODE_A);
	writer_put(&writer, scan, 0x1000 << 8 | RHP_LEAK, 0, RHP_LEAK_DEFINITE);
	writer_put(&writer, scan, 0x2000 << 8 | RHP_LEAK, 0,
		   0x1000 << 8 | RHP_LEAK_INDIRECT);
	writer_put(&writer, scan, 0x3000 << 8 | RHP_LEAK, 0, RHP_LEAK_DEFINITE);
	writer_put(&writer, scan, 0x4000 << 8 | RHP_LEAK, 0,
		   0x3000 << 8 | RHP_LEAK_INDIRECT);
	writer_blob(&writer, scan, RHP_BLOB_SCAN, 0, 50, NULL, 0);
	load();
	assert_int_equal(fixture.n_rows, 4);
	assert_int_equal(fixture.rows[0].leak, RHP_LEAK_DEFINITE);
	assert_int_equal(fixture.rows[0].leak_owner, PAIR_NO_OWNER);
	assert_int_equal(fixture.rows[1].leak, RHP_LEAK_INDIRECT);
	assert_int_equal(fixture.rows[1].leak_owner, fixture.rows[0].stack);
	assert_int_equal(fixture.rows[2].leak, RHP_LEAK_INDIRECT);
	assert_int_equal(fixture.rows[2].leak_owner, PAIR_NO_OWNER);
	assert_int_equal(fixture.rows[3].leak, RHP_LEAK_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_block_knows_where_it_was_freed),
		CASE(free_of_unknown_address_is_counted),
		CASE(allocation_of_a_live_address_ends_the_old_block),
		CASE(realloc_ends_one_block_at_its_begin_and_begins_another),
		CASE(realloc_that_fails_changes_nothing),
		CASE(realloc_to_nothing_is_a_free),
		CASE(old_address_may_be_reused_before_the_realloc_returns),
		CASE(nested_reallocs_end_in_reverse_order),
		CASE(realloc_belongs_to_its_thread_in_a_shared_stream),
		CASE(block_in_realloc_at_death_is_no_leak),
		CASE(realloc_of_an_unknown_block_begins_one),
		CASE(realloc_by_a_library_only_moves_what_is_known),
		CASE(peak_is_the_most_that_was_live_at_once),
		CASE(an_interval_has_the_most_and_the_least_that_was_live),
		CASE(no_interval_begins_at_the_end),
		CASE(no_interval_begins_at_the_end_of_a_long_run),
		CASE(a_stack_that_did_not_change_since_was_live_at_the_peak),
		CASE(a_block_freed_by_the_next_event_is_temporary),
		CASE(reallocs_of_a_block_are_a_chain),
		CASE(impossible_nodes_are_the_unknown_stack),
		CASE(a_lost_block_has_the_stack_of_its_owner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
