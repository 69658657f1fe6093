// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/heap.h"
#include "contract/packed.h"
#include "tests/unit/load-fixture.h"

/* Call nodes: any numbers do, stacks are numbered by first use. */
#define NODE_A 10
#define NODE_B 20
#define TICKS 100 /* of the scan */

static struct trace_writer writer;
static struct fixture fixture;
static size_t events, scan;

static int begin(void **state)
{
	(void)state;
	writer_init(&writer, 64);
	events = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	scan = writer_region(&writer, RHP_SCAN_STREAM, RHP_REGION_CHUNK, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	fixture_close(&fixture);
	writer_fini(&writer);
	return 0;
}

static void event(enum rhp_code code, uint64_t address, uint64_t time, uint64_t size,
		  uint32_t node)
{
	writer_event(&writer, events,
		     (struct writer_event){code, address, time, size, node});
}

static void leak(uint64_t address)
{
	writer_put(&writer, scan, address << 8 | RHP_LEAK, 0, RHP_LEAK_REACHABLE);
}

static void end_scan(uint64_t ticks)
{
	writer_blob(&writer, scan, RHP_BLOB_SCAN, 0, ticks, NULL, 0);
}

static void source(uint64_t block, uint64_t offset)
{
	writer_unit(&writer, scan, rhp_pack_edges(block, offset));
}

static void edge(uint64_t target, bool is_possible, uint64_t offset)
{
	writer_unit(&writer, scan, rhp_pack_edge(target, is_possible, offset));
}

static void root(uint64_t target, bool is_possible, enum rhp_root_kind kind,
		 uint64_t address, uint32_t tid, uint64_t code)
{
	uint64_t units[RHP_WIDE_UNITS];

	rhp_pack_root(units, target, is_possible, tid, address, kind, code);
	for (size_t i = 0; i < RHP_WIDE_UNITS; i++)
		writer_unit(&writer, scan, units[i]);
}

static void end_graph(uint64_t n_records, uint64_t error, uint64_t ticks,
		      const char *name)
{
	writer_blob(&writer, scan, RHP_BLOB_GRAPH, n_records | error << 48, ticks, name,
		    strlen(name));
}

static const struct heap *load(void)
{
	fixture_load(&fixture, &writer);
	return &fixture.catalog.heap;
}

static void pointers_belong_to_their_blocks(void **state)
{
	const struct heap_snapshot *s;

	(void)state;
	event(RHP_ALLOC, 0x1000, 10, 100, NODE_A);
	event(RHP_ALLOC, 0x2000, 20, 200, NODE_B);
	event(RHP_ALLOC, 0x3000, 30, 300, NODE_B);
	leak(0x1000);
	leak(0x2000);
	leak(0x3000);
	end_scan(TICKS);
	root(0, false, RHP_ROOT_STACK, UINT64_C(0x7ffffffffff8), 4194303, 0x401234);
	root(1, true, RHP_ROOT_TLS, 0x555500, 1, 0x555580);
	source(0, 0);
	edge(1, false, 8);
	edge(2, true, 16);
	source(2, 0);
	edge(2, false, 0);
	source(2, RHP_EDGES_UNIT * 3 + 40);
	edge(0, false, RHP_EDGES_UNIT * 3 + 40);
	end_graph(6, 0, TICKS, "first");

	s = &load()->snapshots[0];
	assert_int_equal(fixture.catalog.heap.n_snapshots, 1);
	assert_int_equal(fixture.catalog.n_damaged, 0);
	assert_string_equal(s->name, "first");
	assert_int_equal(s->error, 0);
	assert_int_equal(s->n_blocks, 3);
	assert_int_equal(s->n_edges, 4);
	assert_true(s->first[0] == 0 && s->first[1] == 2 && s->first[2] == 2 &&
		    s->first[3] == 4);
	assert_true(s->targets[0] == 1 && s->targets[1] == (2 | HEAP_POSSIBLE) &&
		    s->targets[2] == 2 && s->targets[3] == 0);
	assert_true(s->offsets[0] * RHP_EDGE_UNIT == 8 &&
		    s->offsets[1] * RHP_EDGE_UNIT == 16);
	assert_true(s->offsets[3] * (uint64_t)RHP_EDGE_UNIT == RHP_EDGES_UNIT * 3 + 40);
	assert_int_equal(s->n_roots, 2);
	assert_true(s->roots[0].kind == RHP_ROOT_STACK && s->roots[0].target == 0 &&
		    s->roots[0].address == UINT64_C(0x7ffffffffff8) &&
		    s->roots[0].tid == 4194303 && s->roots[0].code == 0x401234);
	assert_true(s->roots[1].kind == RHP_ROOT_TLS &&
		    s->roots[1].target == (1 | HEAP_POSSIBLE));
	assert_true(s->blocks[0].size == 100 && s->blocks[2].size == 300);
	assert_int_equal(s->blocks[1].stack, s->blocks[2].stack);
	assert_int_not_equal(s->blocks[0].stack, s->blocks[1].stack);
	assert_int_equal(s->blocks[0].leak, RHP_LEAK_REACHABLE);
}

static void a_block_is_the_one_that_was_there_then(void **state)
{
	const struct heap_snapshot *s;

	(void)state;
	event(RHP_ALLOC, 0x1000, 10, 1, NODE_A); /* before it, */
	event(RHP_FREE, 0x1000, 20, 0, NODE_A);
	event(RHP_ALLOC, 0x1000, 30, 2, NODE_A); /* there, */
	event(RHP_FREE, 0x1000, TICKS + 10, 0, NODE_A);
	event(RHP_ALLOC, 0x1000, TICKS + 20, 3, NODE_A); /* after it */
	event(RHP_ALLOC, 0x2000, TICKS + 30, 4, NODE_A); /* before the copy was made */
	event(RHP_FREE, 0x2000, TICKS + 40, 0, NODE_A);
	event(RHP_ALLOC, 0x2000, TICKS + 50, 5, NODE_A);
	leak(0x1000);
	leak(0x2000);
	leak(0x3000); /* its allocation is lost */
	end_scan(TICKS);
	end_graph(0, 0, TICKS, "");

	s = &load()->snapshots[0];
	assert_int_equal(s->blocks[0].size, 2);
	assert_int_equal(s->blocks[1].size, 4);
	assert_int_equal(s->blocks[2].size, 0);
	assert_int_equal(s->blocks[2].stack, HEAP_NO_STACK);
}

static void each_snapshot_has_its_own_graph(void **state)
{
	const struct heap *h;

	(void)state;
	leak(0x1000);
	end_scan(TICKS);
	source(0, 0);
	edge(0, false, 8);
	end_graph(1, 0, TICKS, "one");
	leak(0x1000);
	leak(0x2000);
	end_scan(TICKS + 1);
	source(1, 0);
	edge(0, false, 8);
	end_graph(1, 0, TICKS + 1, "two");
	leak(0x4000); /* a scan without a graph */
	end_scan(TICKS + 2);

	h = load();
	assert_int_equal(h->n_snapshots, 2);
	assert_int_equal(h->snapshots[0].n_blocks, 1);
	assert_string_equal(h->snapshots[1].name, "two");
	assert_true(h->snapshots[1].first[1] == 0 && h->snapshots[1].first[2] == 1);
	assert_int_equal(fixture.catalog.scan.whole.n_blocks, 1);
}

static void a_graph_that_was_cut_short_is_none(void **state)
{
	const struct heap *h;

	(void)state;
	leak(0x1000);
	end_scan(TICKS);
	source(0, 0);
	edge(0, false, 8);
	leak(0x1000); /* its child was killed */
	end_scan(TICKS + 1);
	source(0, 0);
	edge(0, false, 16);
	end_graph(1, 0, TICKS + 1, "whole");
	h = load();
	assert_int_equal(h->n_snapshots, 1);
	assert_int_equal(h->snapshots[0].n_edges, 1);
	assert_int_equal(h->snapshots[0].offsets[0] * RHP_EDGE_UNIT, 16);
	/* The verdict of the scan stands. */
	assert_int_equal(fixture.catalog.scan.ticks, TICKS + 1);
}

static void a_graph_whose_program_was_killed_is_told(void **state)
{
	struct heap *h = &fixture.catalog.heap;

	(void)state;
	leak(0x1000);
	end_scan(TICKS);
	source(0, 0);
	edge(0, false, 8);
	load();
	assert_int_equal(h->n_snapshots, 0);
	assert_int_equal(heap_finish(h), 0);
	assert_int_equal(h->n_snapshots, 1);
	assert_int_equal(h->snapshots[0].error, ENODATA);
	assert_int_equal(h->snapshots[0].ticks, TICKS);
	assert_int_equal(heap_finish(h), 0);
	assert_int_equal(h->n_snapshots, 1);
}

static void a_failure_that_the_program_told_is_told_once(void **state)
{
	struct heap *h = &fixture.catalog.heap;

	(void)state;
	writer_blob(&writer, events, RHP_BLOB_GRAPH, (uint64_t)EIO << 48, TICKS + 9, "x",
		    1);
	leak(0x1000);
	end_scan(TICKS);
	source(0, 0);
	edge(0, false, 8);
	load();
	assert_int_equal(heap_finish(h), 0);
	assert_int_equal(h->n_snapshots, 1);
	assert_int_equal(h->snapshots[0].error, EIO);
}

/* The error of the only snapshot. */
static int error_of_graph(void)
{
	const struct heap *h = load();

	assert_int_equal(h->n_snapshots, 1);
	assert_int_equal(h->snapshots[0].n_edges, 0);
	assert_null(h->snapshots[0].blocks);
	return h->snapshots[0].error;
}

static void begin_damaged(void)
{
	leak(0x1000);
	end_scan(TICKS);
	source(0, 0);
	edge(0, false, 8);
}

static void a_graph_that_lacks_records_is_none(void **state)
{
	(void)state;
	begin_damaged();
	end_graph(2, 0, TICKS, "x");
	assert_int_equal(error_of_graph(), EBADMSG);
}

static void a_graph_of_blocks_that_are_not_there_is_none(void **state)
{
	(void)state;
	begin_damaged();
	edge(1, false, 16);
	end_graph(2, 0, TICKS, "x");
	assert_int_equal(error_of_graph(), EBADMSG);
}

static void a_graph_of_sources_that_are_not_there_is_none(void **state)
{
	(void)state;
	begin_damaged();
	source(1, 0);
	end_graph(1, 0, TICKS, "x");
	assert_int_equal(error_of_graph(), EBADMSG);
}

static void a_graph_of_another_scan_is_none(void **state)
{
	(void)state;
	begin_damaged();
	end_graph(1, 0, TICKS + 1, "x");
	assert_int_equal(error_of_graph(), EBADMSG);
}

static void a_failure_is_kept_with_its_reason(void **state)
{
	(void)state;
	begin_damaged();
	end_graph(0, ENOSPC, TICKS, "full disk");
	assert_int_equal(error_of_graph(), ENOSPC);
	assert_string_equal(fixture.catalog.heap.snapshots[0].name, "full disk");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST(pointers_belong_to_their_blocks),
		TEST(a_block_is_the_one_that_was_there_then),
		TEST(each_snapshot_has_its_own_graph),
		TEST(a_graph_that_was_cut_short_is_none),
		TEST(a_graph_whose_program_was_killed_is_told),
		TEST(a_failure_that_the_program_told_is_told_once),
		TEST(a_graph_that_lacks_records_is_none),
		TEST(a_graph_of_blocks_that_are_not_there_is_none),
		TEST(a_graph_of_sources_that_are_not_there_is_none),
		TEST(a_graph_of_another_scan_is_none),
		TEST(a_failure_is_kept_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
