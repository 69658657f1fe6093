/* SPDX-License-Identifier: MIT */
/*
 * Whether what a reader finds in the trace is what was written to it, to the bit: events
 * of all sizes, and events that are interrupted between any two instructions (by the
 * processor's trap flag), by handlers that write events of their own and return, or jump
 * away.
 *
 * usage: exact values|stay|pause|leave|inside [EVERY]
 *
 * values: no handlers. stay: handlers return. pause: the same after nothing happened for
 * long. leave: they jump out of the event. inside:
 * a handler's own event is left, by a handler on top of it, and the outer one goes on.
 * EVERY: interrupt one instruction of so many. Prints how many events there were, how
 * many of them are not as they were written, and how many records were cut short.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "runtime/stream-event.h"
#include "trace/reader.h"

#define TRAP_FLAG 0x100ul
#define HOME UINT64_C(0x2e5500000000) /* no mapping is put there by the kernel */
#define OTHER (HOME + 0x10)           /* of another shard */
#define PAUSE (UINT64_C(1) << (RHP_WIDE_TIME_BITS + RHP_TIME_SHIFT))
#define MOST 1000000
#define MOST_STAMPS (UINT64_C(1) << 24)

struct entry {
	uint64_t address, size, first, last; /* the clock before and after it */
	uint32_t node;
	uint8_t code;
	bool is_optional; /* its writer was left */
	bool is_found;
};

static struct entry ledger[MOST];
static uint32_t n_entries, of_stamp[MOST_STAMPS];
static struct rhp_stream stream;
static uint64_t pools[2]; /* the next stamps, of two high parts */
static uint32_t seed = 1;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void new_pools(void)
{
	static uint64_t next = 1;

	pools[0] = next++ << RHP_STAMP_LOW_BITS;
	pools[1] = next++ << RHP_STAMP_LOW_BITS;
	if (pools[1] + 256 > MOST_STAMPS)
		abort();
}

static void set_trap(unsigned long flag)
{
	__builtin_ia32_writeeflags_u64((__builtin_ia32_readeflags_u64() & ~TRAP_FLAG) |
				       flag);
}

/* The next event is interrupted. */
static unsigned long trap;

__attribute__((noinline)) static void emit(enum rhp_code code, uint64_t address,
					   uint32_t node, uint64_t size)
{
	uint64_t stamp = pools[dice(2)]++;
	unsigned long flag = trap;
	struct entry *e = &ledger[n_entries++];

	if (n_entries == MOST)
		abort();
	of_stamp[stamp] = n_entries;
	*e = (struct entry){address, size, rhp_os_ticks(), UINT64_MAX,
			    node,    code, true,           false};
	trap = 0;
	set_trap(flag);
	rhp_stream_event(&stream, __builtin_frame_address(0), code, (uintptr_t)address,
			 stamp, node, size);
	set_trap(0);
	e->is_optional = false;
	e->last = rhp_os_ticks();
}

/* The same in another frame. */
__attribute__((noinline)) static void emit_deeper(enum rhp_code code, uint64_t address)
{
	volatile char room[512];

	room[0] = 0;
	emit(code, address, 1, 0);
	room[1] = 0;
}

/* Events */

enum kind {
	SHORT,
	MID,
	WIDE,
	LARGE,
	N_KINDS
};

static void emit_kind(enum kind kind)
{
	static const uint64_t sizes[] = {0, 100, 200, UINT64_C(1) << 33};

	emit(kind == SHORT ? RHP_FREE : RHP_ALLOC, kind == WIDE ? HOME + 8 : HOME, 7,
	     sizes[kind]);
}

static uint64_t either(void)
{
	return dice(2) ? HOME : OTHER;
}

/* A program that goes on overwrites the frames of what was left: as long as it does not,
 * they look alive. */
__attribute__((noinline)) static void overwrite_frames(void)
{
	volatile char room[16384];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 0;
}

/* Room, and a shard whose stamps are known, or not. */
static void prepare(void)
{
	overwrite_frames();
	for (int i = 0; stream.cursor + 400 > stream.limit; i++) {
		if (i % 100 == 0)
			new_pools();
		emit(RHP_REALLOC_FREE, HOME + 8, 1, 1);
	}
	new_pools();
	for (uint32_t n = dice(4); n > 0; n--)
		emit(RHP_ALLOC, either(), 3, 5);
}

/* Of either shard first: what is forgotten then must be all of it. */
static void follow_up(void)
{
	emit(RHP_ALLOC, either(), 3, 5);
	for (int i = 0; i < 4; i++) {
		emit(RHP_FREE, HOME, 2, 0);
		emit(RHP_ALLOC, HOME, 3, 5);
	}
	emit_deeper(RHP_FREE, HOME);
	emit_deeper(RHP_ALLOC, HOME);
}

/* Handlers */

static enum {
	STAY,
	PAUSED,
	LEAVE,
	INSIDE
} mode;
static volatile long step, chosen, inner_step, inner_chosen;
static volatile sig_atomic_t level;
static sigjmp_buf outside, in_handler;

static void wait_for(uint64_t ticks)
{
	uint64_t until = rhp_os_ticks() + ticks;

	while (rhp_os_ticks() < until)
		;
}

static void wait_a_little(void)
{
	wait_for(dice(4) << 14);
}

/* A handler's event that a handler on top of it leaves. */
static void emit_and_leave(void)
{
	wait_for(dice(2) << (RHP_MID_TIME_BITS + RHP_TIME_SHIFT));
	level = 2;
	if (sigsetjmp(in_handler, 1) == 0) {
		trap = TRAP_FLAG;
		emit(RHP_ALLOC, either(), 9, 5);
	}
	level = 1;
}

static void come_between(void)
{
	if (mode == INSIDE) {
		emit_and_leave();
		return;
	}
	wait_a_little();
	for (uint32_t n = dice(3); n > 0; n--)
		emit(dice(2) ? RHP_ALLOC : RHP_FREE, either(), 9, 5);
	wait_a_little();
	if (mode == LEAVE)
		siglongjmp(outside, 1);
}

static void handle(int number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)number;
	(void)info;
	if (level == 2) {
		if (inner_step++ == inner_chosen)
			siglongjmp(in_handler, 1);
		return;
	}
	if (step++ != chosen)
		return;
	c->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
	come_between();
}

/* Interrupts the event after so many of its instructions; false if it has fewer. */
static bool interrupt(enum kind kind, long after)
{
	prepare();
	if (mode == PAUSED)
		wait_for(PAUSE);
	step = 0;
	chosen = after;
	if (sigsetjmp(outside, 1) == 0) {
		trap = TRAP_FLAG;
		emit_kind(kind);
	}
	follow_up();
	return step > after;
}

static void interrupt_each(long every)
{
	for (int kind = mode == PAUSED ? MID : 0;
	     kind < (mode == PAUSED ? MID + 1 : N_KINDS); kind++)
		for (long n = 0; interrupt((enum kind)kind, n); n += every)
			;
}

/* The outer event at one instruction of so many, the handler's at each. */
static void interrupt_inside(long every)
{
	for (bool more = true; more; inner_chosen++) {
		enum kind kind = (enum kind)(inner_chosen % N_KINDS);

		more = false;
		for (long n = inner_chosen % every;; n += every) {
			inner_step = 0;
			if (!interrupt(kind, n))
				break;
			more |= inner_step > inner_chosen;
		}
	}
}

static void emit_any(void)
{
	static const uint64_t sizes[] = {0,
					 1,
					 (1 << 28) - 1,
					 1 << 28,
					 UINT32_MAX - 1,
					 UINT32_MAX,
					 UINT64_C(1) << 40};
	static const uint32_t nodes[] = {0,        5,         0xffff,   0x10000,
					 0xffffff, 0x1000000, 0xfffffff};
	static const uint64_t places[] = {0,
					  16,
					  8,
					  0xfffffff0,
					  UINT64_C(1) << 32,
					  UINT64_C(1) << 36,
					  UINT64_C(1) << 50};
	enum rhp_code code = dice(2) ? RHP_FREE : 1 + dice(6);

	emit(code, HOME + places[dice(3) ? 0 : dice(7)] + 16 * dice(50),
	     nodes[dice(3) ? 1 : dice(7)], sizes[dice(3) ? 0 : dice(7)]);
}

static void emit_values(void)
{
	for (int i = 0; i < 100000; i++) {
		/* Not all of a high part's 256: that would take it from another. */
		if (i % 100 == 0)
			new_pools();
		emit_any();
		if (dice(16) == 0)
			wait_a_little();
		if (dice(4000) == 0)
			wait_for(UINT64_C(1) << (20 + dice(8)));
	}
}

/* What is in the trace */

static int no_node(void *context, const struct rhp_record *record)
{
	(void)context, (void)record;
	return 0;
}

static int no_blob(void *context, const struct reader_blob *blob)
{
	(void)context, (void)blob;
	return 0;
}

static bool is_right(const struct reader_event *e)
{
	struct entry *l;

	if (e->stamp >= MOST_STAMPS || of_stamp[e->stamp] == 0)
		return false;
	l = &ledger[of_stamp[e->stamp] - 1];
	if (l->is_found)
		return false;
	l->is_found = true;
	return l->code == e->code && l->address == e->address && l->size == e->size &&
	       l->node == e->node &&
	       e->ticks >> RHP_TIME_SHIFT >= l->first >> RHP_TIME_SHIFT &&
	       e->ticks <= l->last;
}

static void compare(void)
{
	const struct reader_sink sink = {.node = no_node, .blob = no_blob};
	struct reader *reader;
	struct reader_event event;
	uint64_t n_wrong = 0;

	if (reader_open(&reader, getenv("RHEAPER_TRACE"), &sink) != 0)
		abort();
	for (size_t s = 0; s < reader_n_streams(reader); s++)
		while (reader_next(reader, s, &event) == 1)
			if (event.address >> 40 == HOME >> 40 || event.address >> 50)
				n_wrong += !is_right(&event);
	for (uint32_t i = 0; i < n_entries; i++)
		n_wrong += !ledger[i].is_found && !ledger[i].is_optional;
	printf("%u %lu %lu\n", n_entries,
	       (unsigned long)(n_wrong + reader_counts(reader)->damaged_records),
	       (unsigned long)reader_counts(reader)->torn_records);
	reader_close(reader);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	long every = argc > 2 ? atol(argv[2]) : 1;
	struct sigaction action = {.sa_sigaction = handle,
				   .sa_flags = SA_SIGINFO | SA_NODEFER};

	free(malloc(1)); /* the trace is there */
	if (!rhp_stream_open(&stream, 7000))
		return 2;
	if (strcmp(how, "values") == 0) {
		emit_values();
	} else {
		mode = strcmp(how, "stay") == 0    ? STAY
		       : strcmp(how, "pause") == 0 ? PAUSED
		       : strcmp(how, "leave") == 0 ? LEAVE
						   : INSIDE;
		sigaction(SIGTRAP, &action, NULL);
		level = 1;
		if (mode == INSIDE)
			interrupt_inside(every);
		else
			interrupt_each(every);
	}
	compare();
	return 0;
}
