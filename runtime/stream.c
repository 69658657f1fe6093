/* SPDX-License-Identifier: MIT */
/*
 * Reserve, fill, commit. Units are reserved by one instruction on a private
 * cursor, so a signal handler that comes in between takes the next ones. Each unit is
 * stored once and says what it is, the first one of a record last: what a kill leaves of
 * a record is not taken for one.
 *
 * Short records say less than all: the rest is what the records before them said. Only
 * the outermost writer builds on that, and on its own records alone. It looks at the
 * cursor before it looks at anything else; if what it reserves begins elsewhere, a
 * handler has written in between, and it begins again. Nested writers say everything,
 * and leave nothing to build on. docs/reference/trace-format.md has the whole argument.
 *
 * The window is handed over (written to the file, cleared, begun anew) only by
 * a writer that is not nested in another, for the outer one has units in it.
 * Nested writers may use the last RESERVE units; what exceeds them is counted
 * as lost. A writer that was left for good (a handler that interrupted it jumped
 * away) is found out when the window is full, or by the next one in the same frame, and
 * no longer counts.
 */
#include <stddef.h>
#include <string.h>

#include "runtime/machine.h"
#include "runtime/os-clock.h"
#include "runtime/os-lock.h"
#include "runtime/os-process.h"
#include "runtime/os-resident.h"
#include "runtime/os-signal.h"
#include "runtime/state.h"
#include "runtime/stream-event.h"
#include "runtime/stream.h"
#include "runtime/trace-file.h"
#include "runtime/trace-write.h"

#define MOST_UNITS 9 /* of a wide event, with a SIZE, a TIME and a FAMILY */
#define RESERVE (64 * MOST_UNITS)
/* Never used: a handler may come between check and reserve. */
#define SLACK (16 * MOST_UNITS)
#define MAX_READINGS 100000         /* of the clock, should it stand still */
#define NO_TIME (UINT64_C(1) << 63) /* no later one is near to it */
/* The base moves if more than one unit in so many was far from it. */
#define FAR_SHARE 8

#define RESIDENT_NS 10000000
#define RESIDENT_SHARE 256

/* Of a ring; closed while there is no window. */
static struct {
	struct rhp_lock lock;
	struct rhp_stream stream;
} lasting;

/* What a new buffer says about what follows: its header. */
static void begin_buffer(struct rhp_stream *s, const struct rhp_instant *now)
{
	memset(s->high, 0, sizeof(s->high));
	if (s->n_far > (s->base ? s->capacity / FAR_SHARE : 0))
		s->base = (s->far & ~(uint64_t)(RHP_GRANULE - 1)) -
			  (UINT64_C(1) << (RHP_SHORT_ADDRESS_BITS - 1));
	s->n_far = 0;
	s->window->base = s->base;
	s->window->base_ticks = now->ticks;
	s->window->base_ns = now->ns;
	s->last_unit = now->ticks >> RHP_TIME_SHIFT;
}

bool rhp_stream_open(struct rhp_stream *s, uint16_t number)
{
	s->window = rhp_trace_map_window(number, &s->units);
	if (!s->window)
		return false;
	memset(s->high, 0, sizeof(s->high));
	s->capacity = (uint32_t)((uint64_t *)s->window - s->units);
	s->limit = s->capacity - RESERVE;
	s->generation = rhp_state_latest();
	s->last_unit = s->window->base_ticks >> RHP_TIME_SHIFT;
	return true;
}

void rhp_stream_close(struct rhp_stream *s)
{
	struct rhp_region *window = s->window;
	memset(s, 0, offsetof(struct rhp_stream, high));
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* a fork finds it, or has lost it */
	if (window)
		rhp_trace_unmap_window(window);
}

static ALWAYS_INLINE uint32_t put(uint64_t *to, enum rhp_code code, uint64_t address,
				  uint64_t b, uint64_t c)
{
	uint64_t units[RHP_WIDE_UNITS];
	uint32_t n = rhp_pack(units, code, address, b, c);
	rhp_stream_commit(to, units, n);
	return n;
}

/* Of a chunk that may be overwritten: to be counted then. */
static uint64_t count_events(const struct rhp_stream *s)
{
	uint64_t n = 0;
	for (uint32_t i = 0, size; i < s->cursor; i += size ? size : 1) {
		size = rhp_units_of_whole(&s->units[i], s->cursor - i);
		n += size && rhp_is_packed_event(s->units[i]);
	}
	return n;
}

static COLD bool write_blob(struct rhp_stream *s, enum rhp_blob_type type, uint64_t b,
			    uint64_t c, const struct rhp_stream_text *parts, int n_parts);

static bool write_thread(struct rhp_stream *s)
{
	struct rhp_stream_text text = {s->name, strnlen(s->name, sizeof(s->name))};
	return write_blob(s, RHP_BLOB_THREAD, s->thread, s->tid, &text, 1);
}

/* Hands the window over. The clearing comes before the new sequence number: a
 * window with the number of a finished chunk is known to be a copy. */
static COLD bool hand_over(struct rhp_stream *s)
{
	uint64_t signals;
	rhp_os_block_signals(&signals);
	bool in_ring = lasting.stream.window && s != &lasting.stream;
	size_t size = s->cursor * sizeof(*s->units);
	if (in_ring)
		s->window->n_events = count_events(s);
	bool ok = rhp_trace_write_chunk(s->window, s->units, size);
	if (ok) {
		memset(s->units, 0, size);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		struct rhp_instant now = rhp_os_instant();
		begin_buffer(s, &now);
		__atomic_store_n(&s->window->sequence, s->window->sequence + 1,
				 __ATOMIC_RELEASE);
		s->cursor = 0;
		if (in_ring)
			ok = write_thread(s);
	}
	rhp_os_restore_signals(signals);
	return ok;
}

/* A writer was left, perhaps with something said that is not in its record. Until the
 * last store handlers are nested in it. */
static COLD void forget_writer(struct rhp_stream *s)
{
	s->last_unit = NO_TIME;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*(volatile uint32_t *)&s->depth = 0;
}

/* Whether it is time to say again how much of the process is in memory: every 10 ms, and
 * later on every 256th of the time since tracing began, so that a day has some thousands
 * of these. */
static bool is_resident_due(uint64_t now_ns)
{
	static rhp_u64 next_ns, start_of;
	uint64_t start = rhp_trace_header()->start_ns, passed = now_ns - start;
	uint64_t next = __atomic_load_n(&next_ns, __ATOMIC_RELAXED);
	if (now_ns < next && __atomic_load_n(&start_of, __ATOMIC_RELAXED) == start)
		return false;
	__atomic_store_n(&start_of, start, __ATOMIC_RELAXED);
	uint64_t pause = passed / RESIDENT_SHARE;
	return __atomic_compare_exchange_n(
		&next_ns, &next, now_ns + (pause < RESIDENT_NS ? RESIDENT_NS : pause),
		false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Makes sure of n units in the window before the caller reserves them. */
static COLD bool make_room_slowly(struct rhp_stream *s, uint32_t n)
{
	bool nested = s->depth != 0;
	if (nested && s->cursor + n <= s->capacity - SLACK)
		return true;
	if (nested && rhp_place_alive(&s->outermost, RHP_FRAME_HERE, NULL)) {
		rhp_trace_lose(RHP_LOST_NESTED, 1);
		return false;
	}
	if (nested)
		forget_writer(s);
	/* A thread that was given up may come back when the next trace is written. */
	if (s->generation != rhp_state_latest())
		return false;
	if (!hand_over(s)) {
		rhp_trace_lose_write();
		return false;
	}
	/* The lock of that one is held; streams of threads say it. */
	if (s == &lasting.stream)
		return true;
	/* A few units, of the room that is kept for handlers. */
	rhp_stream_name_again(s);
	if (is_resident_due(s->window->base_ns))
		rhp_stream_resident(s);
	return true;
}

static ALWAYS_INLINE bool make_room(struct rhp_stream *s, uint32_t n)
{
	return LIKELY(s->cursor + n <= s->limit) || make_room_slowly(s, n);
}

/* Two writers cannot have the same frame at the same time: who finds itself in the
 * outermost one's is not on top of it, a handler has jumped out of that. */
static void forget_left_writer(struct rhp_stream *s, const void *frame)
{
	if (UNLIKELY(s->depth != 0) && s->outermost.frame == (uintptr_t)frame)
		forget_writer(s);
}

void rhp_stream_skip(struct rhp_stream *s, uint32_t at, uint32_t n)
{
	s->last_unit = NO_TIME;
	while (n-- > 0)
		__atomic_store_n(&s->units[at + n], RHP_SKIP, __ATOMIC_RELEASE);
}

/* What later records may build on, before the units are reserved: who comes in between
 * has the last word then, and makes us begin again. A nested writer leaves nothing, and
 * takes away what there was: it may be left before its record is there, and readers take
 * nothing across such a gap. */
static void say(struct rhp_stream *s, bool nested, uint64_t address, uint64_t stamp,
		uint64_t unit)
{
	if (nested) {
		s->last_unit = NO_TIME;
		return;
	}
	if (s->last_unit == NO_TIME)
		memset(s->high, 0, sizeof(s->high));
	s->last_unit = unit;
	s->high[rhp_shard(address)] = (uint32_t)(stamp >> RHP_STAMP_LOW_BITS) + 1;
}

/* Where an event that says all goes, and at which time. */
struct wide {
	uint64_t *to;
	uint64_t unit;
};

/* Reserves its units, and stores what comes before it; false if a handler came in
 * between. */
static bool begin_wide(struct rhp_stream *s, bool nested, uint64_t address,
		       uint64_t stamp, uint64_t size, const struct rhp_stream_family *f,
		       struct wide *wide)
{
	uint32_t at = rhp_stream_look(s);
	uint64_t now = rhp_os_ticks(), unit = now >> RHP_TIME_SHIFT;
	bool big = size >= RHP_WIDE_SIZE_MAX;
	bool far_on = (unit - s->last_unit) >> RHP_WIDE_TIME_BITS != 0;
	bool anchor = nested || far_on;
	uint32_t n = RHP_WIDE_UNITS + 2 * ((uint32_t)big + anchor + (f != NULL));
	say(s, nested, address, stamp, unit);
	uint32_t got = rhp_stream_add(&s->cursor, n);
	if (UNLIKELY(got != at)) {
		rhp_stream_skip(s, got, n);
		return false;
	}
	*wide = (struct wide){&s->units[at], unit};
	if (anchor)
		wide->to += put(wide->to, RHP_TIME, 0, 0, now);
	if (far_on && !nested)
		rhp_trace_note_time();
	if (big)
		wide->to += put(wide->to, RHP_SIZE, 0, 0, size);
	if (f)
		wide->to += put(wide->to, RHP_FAMILY, 0, f->family, f->pool);
	return true;
}

static bool write_in_full(struct rhp_stream *s, const void *frame, enum rhp_code code,
			  uint64_t address, uint64_t stamp, uint32_t node, uint64_t size,
			  const struct rhp_stream_family *f)
{
	bool done = false;
	forget_left_writer(s, frame);
	while (!done) {
		/* The clock is read after the hand-over, which may take long. */
		if (!make_room(s, MOST_UNITS))
			return false;
		uint32_t depth = rhp_stream_begin(s, frame);
		struct wide wide;
		done = begin_wide(s, depth != 0, address, stamp, size, f, &wide);
		if (done) {
			uint64_t units[RHP_WIDE_UNITS];
			rhp_pack_wide(units, code, address, stamp,
				      rhp_bits(wide.unit, 0, RHP_WIDE_TIME_BITS), node,
				      size);
			rhp_stream_commit(wide.to, units, RHP_WIDE_UNITS);
		}
		rhp_stream_end(s, depth);
	}
	return true;
}

bool rhp_stream_event_in_full(struct rhp_stream *s, const void *frame, enum rhp_code code,
			      uint64_t address, uint64_t stamp, uint32_t node,
			      uint64_t size)
{
	return write_in_full(s, frame, code, address, stamp, node, size, NULL);
}

bool rhp_stream_event_of(struct rhp_stream *s, const void *frame, enum rhp_code code,
			 uintptr_t pointer, uint64_t stamp, uint32_t node, uint64_t size,
			 const struct rhp_stream_family *f)
{
	return write_in_full(s, frame, code, rhp_untagged(pointer), stamp, node, size, f);
}

static bool write_node(struct rhp_stream *s, uint64_t first, uint64_t second,
		       uint64_t third)
{
	if (!make_room(s, RHP_WIDE_UNITS))
		return false;
	uint32_t depth = rhp_stream_begin(s, RHP_FRAME_HERE);
	if (UNLIKELY(depth != 0))
		say(s, true, 0, 0, 0);
	const uint64_t units[RHP_WIDE_UNITS] = {first, second, third};
	uint64_t *to = &s->units[rhp_stream_add(&s->cursor, RHP_WIDE_UNITS)];
	rhp_stream_commit(to, units, RHP_WIDE_UNITS);
	rhp_stream_end(s, depth);
	return true;
}

uint64_t rhp_stream_moment(void)
{
	uint64_t moment = ((rhp_os_ticks() >> RHP_TIME_SHIFT) + 1) << RHP_TIME_SHIFT;
	for (int i = 0; i < MAX_READINGS && rhp_os_ticks() < moment; i++)
		;
	return moment;
}

bool rhp_stream_node(struct rhp_stream *s, uint64_t first, uint64_t second,
		     uint64_t third)
{
	if (LIKELY(!lasting.stream.window))
		return write_node(s, first, second, third);
	rhp_lock_take(&lasting.lock);
	/* It is closed under a straggler that was given up. */
	bool ok = lasting.stream.window &&
		  write_node(&lasting.stream, first, second, third);
	rhp_lock_drop(&lasting.lock);
	return ok;
}

/* Copies the parts, one after the other, into TEXT records. */
static void write_text(uint64_t *to, const struct rhp_stream_text *parts, int n_parts,
		       size_t total)
{
	size_t in_part = 0;
	for (int part = 0; total > 0; to++) {
		uint64_t unit = RHP_TEXT;
		size_t n = 0;
		while (n < RHP_PACKED_TEXT_BYTES && n < total && part < n_parts) {
			if (in_part == parts[part].size) {
				in_part = 0;
				part++;
				continue;
			}
			uint64_t byte = ((const uint8_t *)parts[part].bytes)[in_part++];
			unit |= byte << (8 + 8 * n++);
		}
		total -= n;
		*to = unit;
	}
}

static COLD bool write_blob(struct rhp_stream *s, enum rhp_blob_type type, uint64_t b,
			    uint64_t c, const struct rhp_stream_text *parts, int n_parts)
{
	size_t total = 0,
	       most = (size_t)(s->limit - RHP_WIDE_UNITS) * RHP_PACKED_TEXT_BYTES;
	for (int i = 0; i < n_parts; i++)
		total += parts[i].size;
	total = total < most ? total : most;
	uint32_t n = RHP_WIDE_UNITS + (uint32_t)((total + RHP_PACKED_TEXT_BYTES - 1) /
						 RHP_PACKED_TEXT_BYTES);

	uint64_t signals;
	rhp_os_block_signals(&signals);
	bool ok = make_room(s, n);
	if (ok) {
		uint64_t *to = &s->units[rhp_stream_add(&s->cursor, n)];
		write_text(to + RHP_WIDE_UNITS, parts, n_parts, total);
		/* The head last: a blob is whole or not there. */
		put(to, RHP_BLOB, type | (uint64_t)total << 24, b, c);
	}
	rhp_os_restore_signals(signals);
	return ok;
}

bool rhp_stream_blob(struct rhp_stream *s, enum rhp_blob_type type, uint64_t b,
		     uint64_t c, const struct rhp_stream_text *parts, int n_parts)
{
	if (!lasting.stream.window)
		return write_blob(s, type, b, c, parts, n_parts);
	rhp_lock_take(&lasting.lock);
	bool ok = lasting.stream.window &&
		  write_blob(&lasting.stream, type, b, c, parts, n_parts);
	rhp_lock_drop(&lasting.lock);
	return ok;
}

bool rhp_stream_thread(struct rhp_stream *s, uint64_t thread, uint64_t tid,
		       const char *name)
{
	if (s->depth != 0) /* what its last thread may have left behind */
		forget_writer(s);
	s->thread = thread;
	s->tid = tid;
	memcpy(s->name, name, strnlen(name, sizeof(s->name) - 1) + 1);
	return write_thread(s);
}

void rhp_stream_resident(struct rhp_stream *s)
{
	uint64_t bytes = rhp_os_resident();
	if (bytes)
		rhp_stream_blob(s, RHP_BLOB_RESIDENT, bytes, rhp_os_ticks(), NULL, 0);
}

/* Tells `to` that the thread whose stream `s` is has this name now. */
static void tell_name(const struct rhp_stream *s, const char name[RHP_OS_NAME_SIZE],
		      struct rhp_stream *to)
{
	if (s->thread == 0 || name[0] == '\0' ||
	    memcmp(name, s->name, sizeof(s->name)) == 0)
		return;
	struct rhp_stream_text text = {name, strnlen(name, RHP_OS_NAME_SIZE)};
	rhp_stream_blob(to, RHP_BLOB_NAME, s->thread, rhp_os_ticks(), &text, 1);
}

void rhp_stream_name_again(struct rhp_stream *s)
{
	char name[RHP_OS_NAME_SIZE];
	rhp_os_thread_name(0, name);
	tell_name(s, name, s);
	memcpy(s->name, name, sizeof(s->name));
}

void rhp_stream_name_other(const struct rhp_stream *s, int tid, struct rhp_stream *to)
{
	char name[RHP_OS_NAME_SIZE];
	rhp_os_thread_name(tid, name);
	tell_name(s, name, to);
}

bool rhp_stream_open_lasting(void)
{
	return rhp_stream_open(&lasting.stream, RHP_LASTING_STREAM);
}

void rhp_stream_close_lasting(void)
{
	rhp_lock_take(&lasting.lock);
	rhp_stream_close(&lasting.stream);
	rhp_lock_drop(&lasting.lock);
}
