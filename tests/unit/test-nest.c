// SPDX-License-Identifier: MIT
/* Blocks that lie in others, by whole traces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/nest.h"
#include "analysis/tally.h"
#include "tests/unit/load-fixture.h"

#define MALLOC 10
#define FREE 20
#define POOL 30
#define POOL_FREE 40
/* Families */
#define OWN 1000
#define OTHER 2000
#define CHUNK 0x10000

static struct trace_writer writer;
static struct fixture fixture;
static size_t region;
static uint64_t now;

static int begin(void **state)
{
	(void)state;
	writer_init(&writer, 64);
	region = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	writer_blob(&writer, region, RHP_BLOB_THREAD, 1, 100, "main", 4);
	now = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	fixture_close(&fixture);
	writer_fini(&writer);
	return 0;
}

static void put(enum rhp_code code, uint64_t address, uint64_t size, uint32_t node,
		uint32_t family)
{
	struct writer_event e = {code, address, now += 10, size, node};

	if (family == RHP_FAMILY_NONE)
		writer_event(&writer, region, e);
	else
		writer_event_of(&writer, region, e, family, 0);
}

static void put_of(uint64_t pool, uint64_t address, uint64_t size)
{
	writer_event_of(&writer, region,
			(struct writer_event){RHP_ALLOC, address, now += 10, size, POOL},
			OWN, pool);
}

static void free_pool(uint64_t pool)
{
	put(RHP_FREE, pool, 0, POOL_FREE, OWN | RHP_FAMILY_POOL << RHP_FAMILY_BITS);
}

static const struct pair_totals *load(void)
{
	fixture_load(&fixture, &writer);
	return pair_totals(fixture.pair);
}

/* The row of the block of this size, which only one has. */
static const struct pair_row *row_of(uint64_t size)
{
	const struct pair_row *found = NULL;

	for (size_t i = 0; i < fixture.n_rows; i++) {
		if (fixture.rows[i].size != size)
			continue;
		assert_null(found);
		found = &fixture.rows[i];
	}
	assert_non_null(found);
	return found;
}

static void the_first_block_of_a_chunk_does_not_end_it(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 100, POOL, OWN);
	put(RHP_FREE, CHUNK, 0, POOL_FREE, OWN);
	t = load();
	assert_int_equal(row_of(100)->end, BLOCK_FREED);
	assert_int_equal(row_of(100)->inside, row_of(1000)->stack);
	assert_int_equal(row_of(1000)->end, BLOCK_LIVE);
	assert_int_equal(row_of(1000)->inside, PAIR_NOT_INSIDE);
	assert_int_equal(t->unseen_free + t->foreign_free, 0);
}

static void memory_is_counted_once(void **state)
{
	const struct nest *nest;

	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 100, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 112, 200, POOL, OWN);
	put(RHP_FREE, CHUNK, 0, POOL_FREE, OWN);
	load();
	assert_int_equal(pair_tally(fixture.pair)->peak_bytes, 1000);
	assert_int_equal(pair_tally(fixture.pair)->live_bytes, 1000);
	assert_int_equal(pair_tally(fixture.pair)->allocations, 1);
	nest = pair_nest(fixture.pair);
	assert_int_equal(nest->n_inner, 2);
	assert_int_equal(nest->inner_bytes, 300);
	assert_int_equal(nest->peak_bytes, 300);
	assert_int_equal(nest->live_bytes, 200);
}

static void a_chunk_ends_with_all_that_lies_in_it(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK + 1008, 500, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 101, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 112, 102, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 992, 8, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 1008, 103, POOL, OWN);
	put(RHP_FREE, CHUNK, 0, FREE, RHP_FAMILY_NONE);
	t = load();
	assert_int_equal(row_of(1000)->end, BLOCK_FREED);
	assert_int_equal(row_of(101)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(102)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(102)->lifetime_ns, 30);
	assert_int_equal(row_of(8)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(103)->end, BLOCK_LIVE);
	assert_int_equal(t->left_blocks, 1);
	assert_int_equal(t->unseen_free + t->foreign_free, 0);
}

/* Its blocks may be freed by free(), as those of malloc. */
static void a_free_is_of_the_chunk(void **state)
{
	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 100, POOL, RHP_FAMILY_LISTED);
	put(RHP_ALLOC, CHUNK + 112, 200, POOL, RHP_FAMILY_LISTED);
	put(RHP_FREE, CHUNK, 0, FREE, RHP_FAMILY_NONE);
	load();
	assert_int_equal(row_of(1000)->end, BLOCK_FREED);
	assert_int_equal(row_of(100)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(200)->end, BLOCK_RELEASED);
}

static void another_name_of_malloc_is_no_pool(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, CHUNK, 100, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 100, POOL, RHP_FAMILY_LISTED);
	put(RHP_FREE, CHUNK, 0, FREE, RHP_FAMILY_NONE);
	t = load();
	assert_int_equal(t->unseen_free, 1);
	assert_int_equal(fixture.rows[0].end, BLOCK_UNSEEN);
	assert_int_equal(fixture.rows[1].end, BLOCK_FREED);
	assert_int_equal(t->left_blocks, 0);
}

static void pools_lie_in_pools(void **state)
{
	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 500, POOL, OWN);
	put(RHP_ALLOC, CHUNK, 50, POOL, OTHER);
	put(RHP_ALLOC, CHUNK + 64, 51, POOL, OTHER);
	put(RHP_ALLOC, CHUNK + 512, 52, POOL, OTHER);
	put(RHP_FREE, CHUNK, 0, POOL_FREE, OWN);
	load();
	assert_int_equal(row_of(500)->end, BLOCK_FREED);
	assert_int_equal(row_of(50)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(51)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(52)->end, BLOCK_LIVE);
	assert_int_equal(row_of(1000)->end, BLOCK_LIVE);
}

static void what_a_pool_hands_out_again_had_ended(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 100, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 112, 101, POOL, OWN);
	put(RHP_ALLOC, CHUNK, 300, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 16, 30, POOL, OWN);
	t = load();
	assert_int_equal(row_of(100)->end, BLOCK_UNSEEN);
	assert_int_equal(row_of(101)->end, BLOCK_UNSEEN);
	assert_int_equal(row_of(300)->end, BLOCK_UNSEEN);
	assert_int_equal(row_of(30)->end, BLOCK_LIVE);
	/* What is not judged itself is no gap in a verdict. */
	assert_int_equal(t->unseen_free, 0);
}

static void malloc_hands_out_memory_of_a_pool_that_is_gone(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, CHUNK, 100, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 112, 101, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 32, 1000, MALLOC, RHP_FAMILY_NONE);
	t = load();
	assert_int_equal(row_of(101)->end, BLOCK_UNSEEN);
	assert_int_equal(row_of(100)->end, BLOCK_LIVE);
	assert_int_equal(t->unseen_free, 1);
	assert_int_equal(pair_tally(fixture.pair)->live_bytes, 1100);
}

static void a_chunk_that_grows_in_its_place_keeps_its_blocks(void **state)
{
	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 100, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 512, 101, POOL, OWN);
	put(RHP_REALLOC_BEGIN, CHUNK, 0, 0, RHP_FAMILY_NONE);
	put(RHP_REALLOC_FAIL, CHUNK, 1 << 30, MALLOC, RHP_FAMILY_NONE);
	put(RHP_REALLOC_BEGIN, CHUNK, 0, 0, RHP_FAMILY_NONE);
	put(RHP_REALLOC_END, CHUNK, 2000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_REALLOC_BEGIN, CHUNK, 0, 0, RHP_FAMILY_NONE);
	put(RHP_REALLOC_END, CHUNK, 520, MALLOC, RHP_FAMILY_NONE);
	put(RHP_FREE, CHUNK, 0, POOL_FREE, OWN);
	load();
	assert_int_equal(row_of(2000)->end, BLOCK_REALLOC);
	assert_int_equal(row_of(520)->end, BLOCK_LIVE);
	assert_int_equal(row_of(100)->end, BLOCK_FREED);
	assert_int_equal(row_of(101)->end, BLOCK_RELEASED);
}

static void a_chunk_that_moves_leaves_its_blocks_behind(void **state)
{
	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 100, POOL, OWN);
	put(RHP_REALLOC_BEGIN, CHUNK, 0, 0, RHP_FAMILY_NONE);
	put(RHP_REALLOC_END, 2 * CHUNK, 2000, MALLOC, RHP_FAMILY_NONE);
	load();
	assert_int_equal(row_of(100)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(2000)->end, BLOCK_LIVE);
}

static void an_inner_block_is_resized_in_its_chunk(void **state)
{
	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 100, POOL, OWN);
	put(RHP_REALLOC_BEGIN, CHUNK, 0, 0, OWN);
	put(RHP_REALLOC_FAIL, CHUNK, 5000, POOL, OWN);
	put(RHP_REALLOC_BEGIN, CHUNK, 0, 0, OWN);
	put(RHP_REALLOC_END, CHUNK + 256, 200, POOL, OWN);
	put(RHP_FREE, CHUNK, 0, FREE, RHP_FAMILY_NONE);
	load();
	assert_int_equal(row_of(100)->end, BLOCK_REALLOC);
	assert_int_equal(row_of(100)->inside, row_of(1000)->stack);
	assert_int_equal(row_of(200)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(1000)->end, BLOCK_FREED);
}

static void an_inner_block_is_judged_by_the_outermost(void **state)
{
	size_t scan = writer_region(&writer, RHP_SCAN_STREAM, RHP_REGION_CHUNK, 0);

	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 500, POOL, OWN);
	put(RHP_ALLOC, CHUNK + 16, 50, FREE, OTHER);
	put(RHP_ALLOC, 2 * CHUNK, 2000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, 2 * CHUNK, 60, POOL, OWN);
	writer_put(&writer, scan, CHUNK << 8 | RHP_LEAK, 0, RHP_LEAK_DEFINITE);
	writer_put(&writer, scan, 2 * CHUNK << 8 | RHP_LEAK, 0, RHP_LEAK_REACHABLE);
	writer_blob(&writer, scan, RHP_BLOB_SCAN, 0, now + 10, NULL, 0);
	assert_int_equal(load()->leak_blocks[RHP_LEAK_DEFINITE], 1);
	assert_int_equal(row_of(1000)->leak, RHP_LEAK_DEFINITE);
	assert_int_equal(row_of(500)->leak, RHP_LEAK_INDIRECT);
	assert_int_equal(row_of(50)->leak, RHP_LEAK_INDIRECT);
	assert_int_equal(row_of(50)->leak_owner, row_of(1000)->stack);
	assert_int_equal(row_of(60)->leak, RHP_LEAK_REACHABLE);
	assert_int_equal(row_of(60)->leak_owner, PAIR_NO_OWNER);
}

static void without_a_scan_the_chunk_owns_what_lies_in_it(void **state)
{
	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 500, POOL, OWN);
	assert_int_equal(load()->left_blocks, 1);
	assert_int_equal(row_of(500)->leak, RHP_LEAK_UNKNOWN);
	assert_int_equal(row_of(500)->leak_owner, row_of(1000)->stack);
}

/* Pools are addresses; some are blocks of pools. */
static void a_pool_is_freed_with_all_its_pools(void **state)
{
	const struct pair_totals *t;

	(void)state;
	put_of(0, 0x1000, 1);
	put_of(0x1000, 0x2000, 2);
	put_of(0x2000, 0x3000, 3);
	put_of(0x2000, 0x3100, 4);
	put_of(0x1000, 0x4000, 5);
	put_of(0x9000, 0x5000, 6);
	put(RHP_FREE, 0x3100, 0, POOL_FREE, OWN);
	free_pool(0x1000);
	free_pool(0x1000);
	t = load();
	for (uint64_t size = 2; size <= 5; size++)
		assert_int_equal(row_of(size)->end,
				 size == 4 ? BLOCK_FREED : BLOCK_RELEASED);
	assert_int_equal(row_of(1)->end, BLOCK_LIVE);
	assert_int_equal(row_of(6)->end, BLOCK_LIVE);
	assert_int_equal(t->left_blocks, 2);
	assert_int_equal(t->foreign_free + t->unseen_free, 0);
	assert_int_equal(pair_tally(fixture.pair)->live_bytes, 7);
}

static void a_pool_leaves_its_chunk(void **state)
{
	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put_of(CHUNK, CHUNK, 100);
	put_of(CHUNK, CHUNK + 128, 101);
	put_of(CHUNK + 8, CHUNK + 256, 102);
	free_pool(CHUNK);
	load();
	assert_int_equal(row_of(100)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(101)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(102)->end, BLOCK_LIVE);
	assert_int_equal(row_of(1000)->end, BLOCK_LIVE);
}

static void all_pools_of_a_family_go_at_once(void **state)
{
	(void)state;
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put_of(CHUNK, CHUNK, 100);
	put_of(0, 0x1000, 101);
	put(RHP_ALLOC, 0x2000, 102, POOL, OTHER);
	free_pool(0);
	load();
	assert_int_equal(row_of(100)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(101)->end, BLOCK_RELEASED);
	assert_int_equal(row_of(102)->end, BLOCK_LIVE);
	assert_int_equal(row_of(1000)->end, BLOCK_LIVE);
}

static void a_resized_block_stays_in_its_pool(void **state)
{
	(void)state;
	put_of(0x9000, 0x1000, 1);
	put(RHP_REALLOC_BEGIN, 0x1000, 0, 0, OWN);
	put(RHP_REALLOC_END, 0x2000, 2, POOL, OWN);
	free_pool(0x9000);
	load();
	assert_int_equal(row_of(2)->end, BLOCK_RELEASED);
}

static void a_collected_block_is_no_leak(void **state)
{
	const uint32_t gc = OWN | RHP_FAMILY_COLLECTED << RHP_FAMILY_BITS;
	const struct pair_totals *t;

	(void)state;
	put(RHP_ALLOC, 0x1000, 1, POOL, gc);
	put(RHP_ALLOC, 0x1000, 2, POOL, gc);
	put(RHP_ALLOC, 0x1000, 3, POOL, gc);
	put(RHP_ALLOC, 0x2000, 5, POOL, gc);
	put(RHP_FREE, 0x2000, 0, POOL_FREE, OWN);
	put(RHP_ALLOC, CHUNK, 1000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, CHUNK, 6, POOL, gc);
	put(RHP_ALLOC, 0x1000, 2000, MALLOC, RHP_FAMILY_NONE);
	put(RHP_ALLOC, 0x8000, 7, POOL, gc);
	t = load();
	for (uint64_t size = 1; size <= 7; size++)
		if (size != 4)
			assert_int_equal(row_of(size)->end,
					 size == 5 ? BLOCK_FREED : BLOCK_COLLECTED);
	assert_int_equal(row_of(1)->lifetime_ns, -1);
	assert_int_equal(t->left_blocks, 2);
	assert_int_equal(t->foreign_free + t->unseen_free, 0);
	assert_int_equal(pair_tally(fixture.pair)->live_bytes, 3000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_first_block_of_a_chunk_does_not_end_it),
		CASE(memory_is_counted_once),
		CASE(a_chunk_ends_with_all_that_lies_in_it),
		CASE(a_free_is_of_the_chunk),
		CASE(another_name_of_malloc_is_no_pool),
		CASE(pools_lie_in_pools),
		CASE(what_a_pool_hands_out_again_had_ended),
		CASE(malloc_hands_out_memory_of_a_pool_that_is_gone),
		CASE(a_chunk_that_grows_in_its_place_keeps_its_blocks),
		CASE(a_chunk_that_moves_leaves_its_blocks_behind),
		CASE(an_inner_block_is_resized_in_its_chunk),
		CASE(an_inner_block_is_judged_by_the_outermost),
		CASE(without_a_scan_the_chunk_owns_what_lies_in_it),
		CASE(a_pool_is_freed_with_all_its_pools),
		CASE(a_pool_leaves_its_chunk),
		CASE(all_pools_of_a_family_go_at_once),
		CASE(a_resized_block_stays_in_its_pool),
		CASE(a_collected_block_is_no_leak),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
