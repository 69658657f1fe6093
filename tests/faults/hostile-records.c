// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "tests/faults/hostile.h"

#define REGION(w) writer_region_header(w, USUAL_REGION)
#define R USUAL_REGION

void hostile_use_stack(struct trace_writer *w, uint32_t call)
{
	writer_event(w, R, (struct writer_event){RHP_ALLOC, 1 << 20, 400, 8, call});
	writer_event(w, R, (struct writer_event){RHP_FREE, 1 << 20, 500, 0, call});
}

static void event(struct trace_writer *w, enum rhp_code code, uint64_t address,
		  uint64_t time)
{
	writer_event(w, R, (struct writer_event){code, address, time, 8, USUAL_NODE});
}

static void put(struct trace_writer *w, uint64_t a, uint64_t b, uint64_t c)
{
	writer_put(w, R, a, b, c);
}

/* Regions */

static void zero_page(struct trace_writer *w)
{
	size_t first = writer_region(w, 0, RHP_REGION_WINDOW, 1);
	size_t second = writer_region(w, 0, RHP_REGION_WINDOW, 2);

	for (uint64_t i = 1; i <= 2; i++)
		writer_event(w, i == 1 ? first : second,
			     (struct writer_event){RHP_ALLOC, i << 20, 400, 8, 0});
	memset(writer_records(w, first), 0, w->region_size);
}

static void region_magic(struct trace_writer *w)
{
	REGION(w)->magic = 0x12345678;
}

static void region_kind_0(struct trace_writer *w)
{
	REGION(w)->kind = 0;
}

static void region_kind_max(struct trace_writer *w)
{
	REGION(w)->kind = 0xffff;
}

static void region_numbers_max(struct trace_writer *w)
{
	REGION(w)->used = REGION(w)->n_events = UINT64_MAX;
	REGION(w)->base_ns = UINT64_MAX;
	REGION(w)->base = UINT64_MAX;
}

static void region_time_max(struct trace_writer *w)
{
	REGION(w)->base_ticks = UINT64_MAX;
}

static void lasting_stream(struct trace_writer *w)
{
	REGION(w)->stream = RHP_LASTING_STREAM;
}

/* The buffer behind 2^64-1 is 0 again. */
static void sequence_wraps(struct trace_writer *w)
{
	size_t next = writer_region(w, 0, RHP_REGION_WINDOW, 0);

	REGION(w)->sequence = UINT64_MAX;
	writer_event(w, next, (struct writer_event){RHP_ALLOC, 1 << 20, 400, 8, 0});
	writer_event(w, next, (struct writer_event){RHP_FREE, 1 << 20, 500, 0, 0});
}

static void sequence_max(struct trace_writer *w)
{
	REGION(w)->sequence = UINT64_MAX;
}

/* Three buffers of the same number, with the same records. */
static void sequence_twice(struct trace_writer *w)
{
	for (int i = 0; i < 2; i++) {
		size_t copy = writer_region(w, 0, RHP_REGION_CHUNK, 0);

		memcpy(writer_records(w, copy), writer_records(w, USUAL_REGION),
		       w->region_size);
		writer_region_header(w, copy)->kind = RHP_REGION_CHUNK;
	}
}

static void many_streams(struct trace_writer *w)
{
	for (uint16_t i = 1; i < WRITER_MAX_REGIONS; i++)
		writer_region(w, (uint16_t)(i * 1000), RHP_REGION_WINDOW, 0);
}

/* Records */

static void unknown_codes(struct trace_writer *w)
{
	for (uint64_t code = 7; code < 256; code += 8)
		put(w, UINT64_MAX << 8 | code, UINT64_MAX, UINT64_MAX);
}

static void text_without_head(struct trace_writer *w)
{
	put(w, RHP_TEXT, 0, 0);
	put(w, RHP_TEXT, UINT64_MAX, UINT64_MAX);
}

static void text_of_4_gib(struct trace_writer *w)
{
	put(w, UINT64_C(0xffffffff) << 32 | RHP_BLOB_MARK << 8 | RHP_BLOB, 1, 1);
	put(w, RHP_TEXT, 0, 0);
}

static void text_without_end(struct trace_writer *w)
{
	put(w, UINT64_C(0x1000000) << 32 | RHP_BLOB_MARK << 8 | RHP_BLOB, 1, 1);
	put(w, RHP_TEXT, 0, 0);
}

static void texts_in_texts(struct trace_writer *w)
{
	for (uint64_t i = 0; i < 40; i++)
		put(w, UINT64_C(100) << 32 | RHP_BLOB_MARK << 8 | RHP_BLOB, 1, i);
	for (int i = 0; i < 20; i++)
		put(w, RHP_TEXT | UINT64_C(0x4141414141414100), 0, 0);
}

static void unknown_texts(struct trace_writer *w)
{
	writer_blob(w, R, (enum rhp_blob_type)0, 1, 1, "x", 1);
	writer_blob(w, R, (enum rhp_blob_type)255, 1, 1, "x", 1);
}

/* Modules */

static void put_module(struct trace_writer *w, uint64_t number, struct rhp_module head,
		       const char *path)
{
	char text[sizeof(head) + 64] = "";

	memcpy(text, &head, sizeof(head));
	strncpy(text + sizeof(head), path, 63);
	writer_blob(w, R, RHP_BLOB_MODULE, number, head.start, text,
		    sizeof(head) + strlen(path));
}

static void module_too_short(struct trace_writer *w)
{
	writer_blob(w, R, RHP_BLOB_MODULE, 2, 0, "short", 5);
}

static void count_max(struct trace_writer *w)
{
	put_module(w, 2, (struct rhp_module){0, 4096, UINT64_MAX}, "/bin/x");
}

static void build_id_65(struct trace_writer *w)
{
	put_module(w, 2, (struct rhp_module){0, 4096, 65}, "/bin/x");
}

static void overlapping_modules(struct trace_writer *w)
{
	for (uint64_t i = 2; i < 5; i++)
		put_module(w, i, (struct rhp_module){0x400000, 0x500000, 0}, "/bin/x");
	writer_node(w, R, RHP_FRAME, 3, 1, 0x401000, 3, 0);
	writer_node(w, R, RHP_CALL, 4, 3, 1, 0, 0);
}

static void modules_backwards(struct trace_writer *w)
{
	put_module(w, 2, (struct rhp_module){UINT64_MAX, 0, 0}, "/bin/x");
	put_module(w, 3, (struct rhp_module){0, UINT64_MAX, 0}, "");
}

static void module_numbers(struct trace_writer *w)
{
	put_module(w, 0, (struct rhp_module){0, 4096, 0}, "/bin/zero");
	put_module(w, 1, (struct rhp_module){0, 4096, 0}, "/bin/again");
	put_module(w, UINT64_MAX, (struct rhp_module){0, 4096, 0}, "/bin/max");
}

/* Files that must not be opened as debug information */
static void module_paths(struct trace_writer *w)
{
	static const char *const paths[] = {"/dev/zero",        "/proc/self/mem", "/",
					    "../../etc/passwd", "/dev/tty",       "-rf"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		uint32_t id = 10 + 2 * (uint32_t)i;

		put_module(w, 2 + i, (struct rhp_module){0, 1 << 30, 0}, paths[i]);
		writer_node(w, R, RHP_FRAME, id, 0, 0x1000, 2 + (uint32_t)i, 0);
		writer_node(w, R, RHP_CALL, id + 1, id, 1, 0, 0);
		writer_event(
			w, R,
			(struct writer_event){RHP_ALLOC, (i + 1) << 21, 500, 1, id + 1});
		event(w, RHP_FREE, (i + 1) << 21, 501);
	}
}

/* Stacks */

static void own_parent(struct trace_writer *w)
{
	writer_node(w, R, RHP_FRAME, 3, 3, 0x401010, 1, 0);
	writer_node(w, R, RHP_CALL, 4, 3, 1, 0, 0);
	hostile_use_stack(w, 4);
}

static void cyclic_parents(struct trace_writer *w)
{
	writer_header(w)->max_stack_depth = UINT32_MAX;
	writer_node(w, R, RHP_FRAME, 3, 5, 0x401010, 1, 0);
	writer_node(w, R, RHP_FRAME, 5, 6, 0x401020, 1, 0);
	writer_node(w, R, RHP_FRAME, 6, 3, 0x401030, 1, 0);
	writer_node(w, R, RHP_CALL, 4, 3, 1, 0, 0);
	hostile_use_stack(w, 4);
}

static void calls_as_parents(struct trace_writer *w)
{
	writer_node(w, R, RHP_CALL, 3, 4, 1, 0, 0);
	writer_node(w, R, RHP_CALL, 4, 3, 1, 0, 0);
	hostile_use_stack(w, 4);
}

static void a_frame_as_call(struct trace_writer *w)
{
	hostile_use_stack(w, 1);
}

static void absent_parent(struct trace_writer *w)
{
	writer_node(w, R, RHP_FRAME, 3, 77, 0x401010, 1, 0);
	writer_node(w, R, RHP_CALL, 4, 3, 1, 0, 0);
	hostile_use_stack(w, 4);
}

static void absent_node(struct trace_writer *w)
{
	hostile_use_stack(w, 50000);
}

static void node_max(struct trace_writer *w)
{
	writer_node(w, R, RHP_FRAME, UINT32_MAX, 0, 0x401010, 1, 0);
	writer_node(w, R, RHP_CALL, RHP_STACK_MAX, UINT32_MAX, 1, 0, UINT32_MAX);
	hostile_use_stack(w, RHP_STACK_MAX);
}

static void node_0_and_twice(struct trace_writer *w)
{
	writer_node(w, R, RHP_FRAME, 0, 1, 0x401010, 1, 0);
	writer_node(w, R, RHP_FRAME, 1, 2, 0x999999, 1, 0);
}

static void strangers_in_stacks(struct trace_writer *w)
{
	writer_node(w, R, RHP_FRAME, 3, 0, UINT64_MAX >> 8, UINT32_MAX, 0xff);
	writer_node(w, R, RHP_CALL, 4, 3, UINT64_MAX >> 8, UINT32_MAX, 0xff);
	hostile_use_stack(w, 4);
}

/* Functions */

static void function_numbers(struct trace_writer *w)
{
	writer_blob(w, R, RHP_BLOB_FUNCTION, 0, 0, "zero\0f", 6);
	writer_blob(w, R, RHP_BLOB_FUNCTION, 1, 0, "again\0f", 7);
	writer_blob(w, R, RHP_BLOB_FUNCTION, UINT64_MAX, 0, "max\0f", 5);
	writer_blob(w, R, RHP_BLOB_FUNCTION, 2, 0, "", 0);
	writer_blob(w, R, RHP_BLOB_FUNCTION, 3, 0, "\0", 1);
}

/* Events */

static void left_live(struct trace_writer *w)
{
	event(w, RHP_ALLOC, 1 << 20, 400);
}

static void address_0(struct trace_writer *w)
{
	event(w, RHP_ALLOC, 0, 400);
	event(w, RHP_FREE, 0, 500);
}

static void address_max(struct trace_writer *w)
{
	event(w, RHP_ALLOC, UINT64_MAX >> 8, 400);
	event(w, RHP_FREE, UINT64_MAX >> 8, 500);
}

static void twice_allocated(struct trace_writer *w)
{
	for (uint64_t i = 0; i < 3; i++)
		event(w, RHP_ALLOC, 1 << 20, 400 + i);
	event(w, RHP_FREE, 1 << 20, 500);
}

static void twice_freed(struct trace_writer *w)
{
	event(w, RHP_FREE, 0x10000, 400);
	event(w, RHP_FREE, 0x30000, 500);
}

static void ends_without_begin(struct trace_writer *w)
{
	event(w, RHP_REALLOC_FAIL, 1 << 20, 400);
	event(w, RHP_REALLOC_FREE, 1 << 20, 401);
	event(w, RHP_REALLOC_END, 1 << 20, 402);
	event(w, RHP_FREE, 1 << 20, 403);
}

static void unknown_resized(struct trace_writer *w)
{
	static const enum rhp_code ends[] = {RHP_REALLOC_FREE, RHP_REALLOC_FAIL,
					     RHP_REALLOC_END};

	for (uint64_t i = 0; i < 3; i++) {
		event(w, RHP_REALLOC_BEGIN, 1 << 20, 400 + i * 2);
		event(w, ends[i], 1 << 20, 401 + i * 2);
	}
	event(w, RHP_FREE, 1 << 20, 410);
}

static void thread_changes(struct trace_writer *w)
{
	event(w, RHP_ALLOC, 1 << 20, 400);
	writer_blob(w, R, RHP_BLOB_THREAD, 2, 99, "other", 5);
	event(w, RHP_FREE, 1 << 20, 410);
}

static void begins_without_end(struct trace_writer *w)
{
	for (uint64_t i = 0; i < 40; i++)
		event(w, RHP_REALLOC_BEGIN, 1 << 20, 400 + i);
}

static void unknown_thread(struct trace_writer *w)
{
	writer_blob(w, R, RHP_BLOB_THREAD, 0, 1, "zero", 4);
	writer_blob(w, R, RHP_BLOB_THREAD, UINT64_C(1) << 32, 1, "wide", 4);
	writer_blob(w, R, RHP_BLOB_THREAD, 1, 99, "again", 5);
	writer_blob(w, R, RHP_BLOB_THREAD, UINT32_MAX, UINT64_MAX, "max", 3);
	writer_blob(w, R, RHP_BLOB_NAME, 12345, 1, "nobody", 6);
	event(w, RHP_ALLOC, 1 << 20, 400);
	event(w, RHP_FREE, 1 << 20, 500);
}

static void stamp_twice(struct trace_writer *w)
{
	for (uint64_t i = 0; i < 2; i++)
		writer_stamped(w, R, (struct writer_event){RHP_FREE, 0x10000, 400, 0, 0},
			       0);
}

static void stamp_max(struct trace_writer *w)
{
	writer_stamped(w, R, (struct writer_event){RHP_ALLOC, 0x10000, 400, 8, 0},
		       (UINT64_C(1) << RHP_SEQ_BITS) - 1);
}

static void stamp_gap(struct trace_writer *w)
{
	for (int i = 0; i < 100; i++)
		writer_take_stamp(w, 0x10000);
	event(w, RHP_ALLOC, 0x10000, 400);
	event(w, RHP_FREE, 0x10000, 500);
}

/* The sum of their sizes is above 2^64 */
static void sizes_max(struct trace_writer *w)
{
	for (uint64_t i = 1; i <= 3; i++) {
		put(w, RHP_SIZE, 0, UINT64_MAX);
		writer_put(w, R, (i << 20) << 8 | RHP_ALLOC,
			   writer_take_stamp(w, i << 20), RHP_SIZE_MAX);
	}
}

static void sizes_of_nothing(struct trace_writer *w)
{
	for (int i = 0; i < 10; i++)
		put(w, RHP_SIZE, 0, UINT64_MAX);
}

static void times(struct trace_writer *w)
{
	put(w, RHP_TIME, 0, UINT64_MAX);
	event(w, RHP_ALLOC, 1 << 20, 1);
	put(w, RHP_TIME, 0, 0);
	event(w, RHP_FREE, 1 << 20, 1);
}

/* A chain of 20000 callers, deeper than any depth that is recorded */
static void deep_stack(struct trace_writer *w)
{
	const uint32_t n = 20000;

	writer_fini(w);
	writer_init(w, n + 200);
	hostile_usual(w);
	writer_header(w)->max_stack_depth = UINT32_MAX;
	for (uint32_t i = 0; i < n; i++)
		writer_node(w, R, RHP_FRAME, 10 + i, i ? 9 + i : 0, 0x401000 + i, 1, 0);
	writer_node(w, R, RHP_CALL, 3, 9 + n, 1, 0, 0);
	hostile_use_stack(w, 3);
}

const struct hostile hostile_records[] = {
	{"zero-page-in-the-middle",
	 PARTIAL("5 events, 3 allocations, 1 live at exit (8 bytes), 1 lost; 3 rows"),
	 .change = zero_page},
	{"region-magic", PARTIAL(NOTHING), .change = region_magic},
	{"region-kind-0", PARTIAL(NOTHING), .change = region_kind_0},
	{"region-kind-max", PARTIAL(NOTHING), .change = region_kind_max},
	{"region-numbers-max", AS_USUAL, .change = region_numbers_max},
	{"region-time-max", AS_USUAL, .change = region_time_max},
	{"lasting-stream", AS_USUAL, .change = lasting_stream},
	{"sequence-wraps", PARTIAL(ONE_MORE), .change = sequence_wraps},
	{"sequence-max", PARTIAL(USUAL_SAID), .change = sequence_max},
	{"sequence-twice", AS_USUAL, .change = sequence_twice},
	{"many-streams", AS_USUAL, .change = many_streams},
	{"unknown-codes", PARTIAL(USUAL_SAID), .change = unknown_codes},
	{"text-without-head", PARTIAL(USUAL_SAID), .change = text_without_head},
	{"text-of-4-gib", PARTIAL(USUAL_SAID), .change = text_of_4_gib},
	{"text-without-end", PARTIAL(USUAL_SAID), .change = text_without_end},
	{"texts-in-texts", PARTIAL(USUAL_SAID), .change = texts_in_texts},
	{"unknown-texts", PARTIAL(USUAL_SAID), .change = unknown_texts},
	{"module-too-short", PARTIAL(USUAL_SAID), .change = module_too_short},
	{"count-max", PARTIAL(USUAL_SAID), .change = count_max},
	{"build-id-65", PARTIAL(USUAL_SAID), .change = build_id_65},
	{"overlapping-modules", AS_USUAL, .change = overlapping_modules},
	{"modules-backwards", AS_USUAL, .change = modules_backwards},
	{"module-numbers", PARTIAL(USUAL_SAID), .change = module_numbers},
	{"module-paths",
	 WHOLE("16 events, 8 allocations, 0 live at exit (0 bytes), 0 lost; 8 rows"),
	 .change = module_paths},
	{"own-parent", PARTIAL(ONE_MORE), .change = own_parent},
	{"cyclic-parents", PARTIAL(ONE_MORE), .change = cyclic_parents},
	{"calls-as-parents", PARTIAL(ONE_MORE), .change = calls_as_parents},
	{"a-frame-as-call", PARTIAL(ONE_MORE), .change = a_frame_as_call},
	{"absent-parent", PARTIAL(ONE_MORE), .change = absent_parent},
	{"absent-node", PARTIAL(ONE_MORE), .change = absent_node},
	{"node-max", PARTIAL(ONE_MORE), .change = node_max},
	{"node-0-and-twice", PARTIAL(USUAL_SAID), .change = node_0_and_twice},
	{"strangers-in-stacks", WHOLE(ONE_MORE), .change = strangers_in_stacks},
	{"deep-stack", PARTIAL(ONE_MORE), .change = deep_stack},
	{"function-numbers", PARTIAL(USUAL_SAID), .change = function_numbers},
	{"left-live", .load = 0,
	 .said = "5 events, 3 allocations, 1 live at exit (8 bytes), 0 lost; 3 rows",
	 .check = 1, .change = left_live},
	{"address-0",
	 WHOLE("6 events, 2 allocations, 0 live at exit (0 bytes), 0 lost; 2 rows"),
	 .change = address_0},
	{"address-max", WHOLE(ONE_MORE), .change = address_max},
	{"twice-allocated",
	 WHOLE("8 events, 5 allocations, 0 live at exit (0 bytes), 0 lost; 5 rows"),
	 .change = twice_allocated},
	{"twice-freed",
	 WHOLE("6 events, 2 allocations, 0 live at exit (0 bytes), 0 lost; 2 rows"),
	 .change = twice_freed},
	{"ends-without-begin",
	 PARTIAL("8 events, 3 allocations, 0 live at exit (0 bytes), 0 lost; 3 rows"),
	 .change = ends_without_begin},
	{"unknown-resized",
	 WHOLE("11 events, 3 allocations, 0 live at exit (0 bytes), 0 lost; 3 rows"),
	 .change = unknown_resized},
	{"thread-changes", WHOLE(ONE_MORE), .change = thread_changes},
	{"begins-without-end",
	 WHOLE("44 events, 2 allocations, 0 live at exit (0 bytes), 0 lost; 2 rows"),
	 .change = begins_without_end},
	{"unknown-thread", PARTIAL(ONE_MORE), .change = unknown_thread},
	{"stamp-twice",
	 PARTIAL("6 events, 2 allocations, 0 live at exit (0 bytes), 0 lost; 2 rows"),
	 .change = stamp_twice},
	{"stamp-max",
	 PARTIAL("5 events, 3 allocations, 1 live at exit (8 bytes), 0 lost; 3 rows"),
	 .change = stamp_max},
	{"stamp-gap",
	 PARTIAL("6 events, 3 allocations, 0 live at exit (0 bytes), 100 lost; 3 rows"),
	 .change = stamp_gap},
	{"sizes-max",
	 PARTIAL("7 events, 5 allocations, 3 live at exit (206158430205 bytes), 0 lost; "
		 "5 rows"),
	 .change = sizes_max},
	{"sizes-of-nothing", AS_USUAL, .change = sizes_of_nothing},
	{"times", WHOLE(ONE_MORE), .change = times},
};
const size_t n_hostile_records = sizeof(hostile_records) / sizeof(*hostile_records);
