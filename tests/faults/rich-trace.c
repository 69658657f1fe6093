// SPDX-License-Identifier: MIT
#include <assert.h>
#include <stdbool.h>

#include "tests/faults/rich-trace.h"

#define N_RECORDS 168 /* of a region, which is 4096 bytes with them */
#define N_REGIONS 16
#define N_FRAMES 24

static_assert(sizeof(struct rhp_region) + N_RECORDS * sizeof(struct rhp_record) == 4096,
	      "16 regions are 64 KiB, and there is one more");

static void put_stacks(struct trace_writer *w, size_t r)
{
	writer_module(w, r, 1, 0x400000, "/nonexistent/program");
	writer_module(w, r, 2, 0x7f0000000000, "/nonexistent/libother.so");
	writer_blob(w, r, RHP_BLOB_FUNCTION, 1, 0, "malloc\0heap", 11);
	writer_blob(w, r, RHP_BLOB_FUNCTION, 2, 0, "operator new(unsigned long)\0new",
		    31);
	for (uint32_t i = 1; i <= N_FRAMES; i++) {
		writer_node(w, r, RHP_FRAME, i, i - 1, 0x401000 + i * 16, 1 + i % 2,
			    i % 2);
		writer_node(w, r, RHP_CALL, 100 + i, i, 1 + i % 2, 0, i % 16);
	}
}

static void put_texts(struct trace_writer *w, size_t r)
{
	writer_blob(w, r, RHP_BLOB_PROCESS, 1, 0, "host\0./program\0--flag", 21);
	writer_blob(w, r, RHP_BLOB_LABELS, 0, 0, "version=1.2\0commit=3f1c", 23);
	writer_blob(w, r, RHP_BLOB_MARK, 1, 900, "a mark", 6);
	writer_blob(w, r, RHP_BLOB_NAME, 2, 950, "worker", 6);
	writer_blob(w, r, RHP_BLOB_BEGIN, 1 | UINT64_C(7) << 32, 1000, "outer", 5);
	writer_blob(w, r, RHP_BLOB_BEGIN, 1 | UINT64_C(8) << 32, 1100, "inner", 5);
	writer_blob(w, r, RHP_BLOB_END, 1 | UINT64_C(8) << 32, 1200, "", 0);
	writer_blob(w, r, RHP_BLOB_END, 1 | UINT64_C(7) << 32, 1300, "", 0);
}

/* One life: an allocation, often reallocs, a free. */
static void put_life(struct trace_writer *w, size_t r, uint64_t i)
{
	uint64_t address = 0x10000 + i * 48, moved = address + 0x4000000, time = i * 40;
	uint32_t node = 101 + (uint32_t)i % N_FRAMES;
	struct writer_event begin = {RHP_REALLOC_BEGIN, address, time + 5, 0, 0};

	writer_event(w, r, (struct writer_event){RHP_ALLOC, address, time, i, node});
	if (i % 3 == 1) {
		writer_event(w, r, begin);
		writer_event(w, r,
			     (struct writer_event){RHP_REALLOC_FAIL, address, time + 9, 1,
						   node});
	} else if (i % 3 == 2) {
		writer_event(w, r, begin);
		address = moved;
		writer_event(w, r,
			     (struct writer_event){RHP_REALLOC_END, moved, time + 9,
						   i * 2, node});
	}
	writer_event(w, r, (struct writer_event){RHP_FREE, address, time + 20, 0, node});
}

static void put_rarities(struct trace_writer *w, size_t r)
{
	uint64_t a = 0x900000;

	writer_event(w, r,
		     (struct writer_event){RHP_ALLOC, a, 1, UINT64_C(1) << 40, 101});
	writer_put(w, r, RHP_TIME, 0, 0x9000000);
	writer_event(w, r, (struct writer_event){RHP_REALLOC_BEGIN, a, 0x9000001, 0, 0});
	writer_event(w, r, (struct writer_event){RHP_REALLOC_FREE, a, 0x9000002, 0, 102});
	writer_event(w, r, (struct writer_event){RHP_FREE, 0xa00000, 0x9000003, 8, 101});
	writer_event(w, r, (struct writer_event){RHP_ALLOC, 0xb00000, 0x9000004, 8, 101});
	writer_event(w, r,
		     (struct writer_event){RHP_REALLOC_BEGIN, 0xb00000, 0x9000005, 0, 0});
}

/* Blocks that stay, and what a scan said of them, and of one that nobody knows. */
static void put_scan(struct trace_writer *w, size_t r)
{
	size_t scan = writer_region(w, RHP_SCAN_STREAM, RHP_REGION_CHUNK, 0);
	uint64_t address = 0xc00000;

	for (uint64_t kind = RHP_LEAK_UNKNOWN; kind <= RHP_LEAK_REACHABLE; kind++) {
		uint64_t stamp = w->next_stamp[rhp_shard(address)];

		writer_event(
			w, r,
			(struct writer_event){RHP_ALLOC, address, 0x9000006, 100, 101});
		writer_put(w, scan, address << 8 | RHP_LEAK, stamp, kind);
		address += 64;
	}
	writer_put(w, scan, address << 8 | RHP_LEAK, 1, RHP_LEAK_DEFINITE);
	writer_put(w, scan, RHP_BLOB | RHP_BLOB_SCAN << 8, 2, 0x9000007);
}

void rich_trace(struct trace_writer *w)
{
	size_t r = 0;

	writer_init(w, N_RECORDS);
	for (size_t i = 0; i < N_REGIONS; i++) {
		bool is_last = i + 3 >= N_REGIONS;
		uint16_t stream = (uint16_t)(i % 3);

		r = writer_region(w, stream,
				  is_last ? RHP_REGION_WINDOW : RHP_REGION_CHUNK, i / 3);
		writer_region_header(w, r)->base_ticks = i * 1000;
		if (i < 3)
			writer_blob(w, r, RHP_BLOB_THREAD, i + 1, 100 + i, "thread", 6);
		if (i == 0)
			put_stacks(w, r);
		if (i == 1)
			put_texts(w, r);
		for (uint64_t life = 0; life < (i == 0 ? 12 : 35); life++)
			put_life(w, r, i * 35 + life);
	}
	put_rarities(w, r);
	put_scan(w, r);
}
