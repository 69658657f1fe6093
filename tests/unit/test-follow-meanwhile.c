// SPDX-License-Identifier: MIT
/* What the program does to its trace between two reads of a look at it: every way in
 * which its next few steps may fall among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/tally.h"
#include "tests/unit/load-fixture.h"

#define N_RECORDS 8

static struct trace_writer writer;
static struct fixture f;
static size_t window;

/* The steps that are due, and before which read each of them is done. */
typedef void step(void);
static struct {
	step *const *steps;
	const int *at;
	int n_steps, n_done, n_reads;
} plan;

static const char *trace_path(void)
{
	static const char *path;

	if (!path)
		path = test_path("meanwhile.bin");
	return path;
}

static void do_next_step(void)
{
	plan.steps[plan.n_done++]();
	writer_save(&writer, trace_path());
}

/* That of the C library is not called: this comes first. */
ssize_t pread(int fd, void *to, size_t n, off_t offset)
{
	while (plan.n_done < plan.n_steps && plan.at[plan.n_done] == plan.n_reads)
		do_next_step();
	plan.n_reads++;
	return syscall(SYS_pread64, fd, to, n, offset);
}

static void put(enum rhp_code code, uint64_t address)
{
	writer_event(&writer, window, (struct writer_event){code, address, 10, 16, 0});
}

static void open_following(void)
{
	struct reader_sink sink;

	memset(&f, 0, sizeof(f));
	memset(&plan, 0, sizeof(plan));
	writer_init(&writer, N_RECORDS);
	writer_header(&writer)->state = RHP_STATE_RUNNING;
	window = writer_region(&writer, 7, RHP_REGION_WINDOW, 0);
	put(RHP_ALLOC, 0x100);
	put(RHP_ALLOC, 0x200);
	writer_save(&writer, trace_path());
	assert_int_equal(catalog_init(&f.catalog, &sink), 0);
	assert_int_equal(reader_follow(&f.reader, trace_path(), &sink), 0);
	assert_int_equal(merge_new(&f.merge, f.reader), 0);
	assert_int_equal(pair_new(&f.pair, f.merge, f.reader, &f.catalog), 0);
}

static void close_following(void)
{
	fixture_close(&f);
	writer_fini(&writer);
}

static int look(bool settled)
{
	int result = reader_refresh(f.reader, settled);

	if (!result)
		result = merge_go_on(f.merge, settled);
	while (!result && (result = pair_follow(f.pair, 2)) == 1)
		result = 0;
	return result;
}

/* How many reads two looks have taken at most. */
static int most_reads;

/* Looks twice while the steps are done at their reads, and once after the end. */
static void look_meanwhile(step *const *steps, const int *at, int n_steps)
{
	open_following();
	plan.steps = steps;
	plan.at = at;
	plan.n_steps = n_steps;
	assert_int_equal(look(false), 0);
	assert_int_equal(look(false), 0);
	most_reads = plan.n_reads > most_reads ? plan.n_reads : most_reads;
	while (plan.n_done < n_steps)
		do_next_step();
	assert_int_equal(look(true), 0);
}

static void copy(void)
{
	writer_copy_window(&writer, window);
}

static void clear(void)
{
	writer_clear_window(&writer, window);
}

static void go_on(void)
{
	put(RHP_FREE, 0x200);
	put(RHP_ALLOC, 0x300);
}

/* A window is handed over, cleared and written again. */
static void each_event_is_read_once_whenever_a_chunk_comes(void **state)
{
	static step *const steps[] = {copy, clear, go_on, copy, clear};

	(void)state;
	for (int a = 0; a <= most_reads; a++)
		for (int b = a; b <= most_reads; b++) {
			const int at[] = {a, a, a, b, b};
			const int apart[] = {a, b, b, b + 1, b + 1};

			for (int i = 0; i < 2; i++) {
				look_meanwhile(steps, i ? apart : at, 5);
				assert_int_equal(merge_counts(f.merge).events, 4);
				assert_int_equal(pair_tally(f.pair)->live_blocks, 2);
				assert_int_equal(pair_totals(f.pair)->foreign_free, 0);
				assert_int_equal(merge_lost(f.merge), 0);
				assert_int_equal(reader_counts(f.reader)->missing_buffers,
						 0);
				assert_int_equal(reader_counts(f.reader)->torn_records,
						 0);
				close_following();
			}
		}
	assert_true(most_reads > 10);
}

static void spoil_magic(void)
{
	writer_region_header(&writer, window)->magic = 0;
}

static void spoil_sequence(void)
{
	writer_region_header(&writer, window)->sequence = UINT64_MAX;
}

static void spoil_layout(void)
{
	writer_header(&writer)->first_region++;
}

static void cut_window(void)
{
	writer.size = writer_header(&writer)->first_region + 8;
}

static void cut_header(void)
{
	writer.size = RHP_HEADER_SIZE / 2;
}

/* A file that no runtime makes: what was read stays, and it comes to an end. */
static void what_is_spoiled_meanwhile_ends_the_reading_at_most(void **state)
{
	static step *const spoilt[] = {spoil_magic, spoil_sequence, spoil_layout,
				       cut_window, cut_header};
	int n_refused = 0, n_read = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(*spoilt); i++)
		for (int at = 0; at <= most_reads; at++) {
			int result;

			open_following();
			plan.steps = &spoilt[i];
			plan.at = &at;
			plan.n_steps = 1;
			result = look(false);
			if (!result)
				result = look(false);
			if (!result)
				result = look(true);
			assert_true(result == 0 || result == READER_SHRANK ||
				    result == READER_BAD_HEADER);
			assert_true(merge_counts(f.merge).events <= 2);
			n_refused += result != 0;
			n_read += result == 0;
			close_following();
		}
	assert_true(n_refused > 10 && n_read > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_is_read_once_whenever_a_chunk_comes),
		cmocka_unit_test(what_is_spoiled_meanwhile_ends_the_reading_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
