/* SPDX-License-Identifier: MIT */
/*
 * A scan begins here, in the program: with what only the program itself can say of its
 * threads. Then it splits off a child and waits for that.
 */
#include <errno.h>
#include <string.h>

#include "contract/packed.h"
#include "runtime/capture.h"
#include "runtime/leak-parts.h"
#include "runtime/line.h"
#include "runtime/machine.h"
#include "runtime/os-process.h"
#include "runtime/os-file.h"
#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/os-signal.h"
#include "runtime/state.h"
#include "runtime/trace-file.h"
#include "runtime/trace-write.h"
#include "runtime/tracker.h"

#define MOST_WIPED ((size_t)64 << 20)
#define MOST_WAITS 100000 /* of the child for its parent: seconds */

static uint32_t at_it;  /* the process whose thread scans, as in a lock; 0: none */
static uint32_t ending; /* the process that ends: its last scan is next; 0: none */

/* The trace that was scanned last. */
static struct {
	uint32_t process, generation;
	uint64_t n_chunks;      /* of all its scans */
	struct leak_kept *kept; /* by the last, for the next */
} scanned;

/* A scan as it was asked for. */
struct question {
	const void *stack;    /* where it counts from; NULL: from what exit() calls */
	const char *snapshot; /* or NULL: no graph */
	bool is_outside;      /* by a handler, which may have interrupted anything */
};

static struct rhp_tracker *get_tracker(const struct question *q)
{
	return q->is_outside ? rhp_tracker_get_shared() : rhp_tracker_get();
}

static bool ask_thread(void *context, int tid)
{
	struct leak_shared *shared = context;
	uintptr_t buffers[RHP_OS_BUFFERS];
	shared->counts.other_threads++;
	if (shared->n_threads == LEAK_MAX_THREADS)
		return true;
	struct leak_thread *t = &shared->threads[shared->n_threads++];
	t->tid = tid;
	t->ran = rhp_os_ran(tid);
	t->sp = rhp_os_blocked_at(tid, buffers);
	for (int i = 0; i < RHP_OS_BUFFERS; i++)
		leak_add_word(shared, buffers[i]);
	return true;
}

static void read_stamps(uint64_t *stamps)
{
	for (uint32_t i = 0; i < RHP_N_SHARDS; i++)
		stamps[i] = __atomic_load_n(
			(rhp_u64 *)(void *)(rhp_trace_shards + i * RHP_SHARD_STRIDE),
			__ATOMIC_RELAXED);
}

/* In the program, after the child has its copy. */
static void ask_again(struct leak_shared *shared)
{
	read_stamps(shared->after);
	for (uint32_t i = 0; i < shared->n_threads; i++) {
		struct leak_thread *t = &shared->threads[i];
		t->is_steady = t->ran && t->ran == rhp_os_ran(t->tid);
	}
	__atomic_store_n(&shared->is_ready, 1, __ATOMIC_RELEASE);
}

/* Returns how many units it has. */
static uint32_t leak_record(const struct leak_scan *s, size_t i, uint64_t *to)
{
	const struct leak_block *b = &s->blocks[i], *owner = &s->blocks[s->owners[i]];
	uint64_t owned_by = owner == b ? 0 : owner->address;
	return rhp_pack(to, RHP_LEAK, b->address, b->stamp, owned_by << 8 | s->kinds[i]);
}

static uint32_t end_record(const struct leak_scan *s, uint64_t *to)
{
	return rhp_pack(to, RHP_BLOB, RHP_BLOB_SCAN,
			s->shared->counts.other_threads | (uint64_t)s->shared->flags
								  << 48,
			s->shared->ticks);
}

static int write_out(const struct leak_scan *s)
{
	const struct rhp_file_header *h = rhp_trace_header();
	size_t most = h->head_offset / sizeof(uint64_t), n = 0;
	uint64_t *out = rhp_os_alloc(h->head_offset);
	int r = out ? 0 : -ENOMEM;
	for (size_t i = 0; i <= s->n_blocks && r == 0; i++) {
		n += i < s->n_blocks ? leak_record(s, i, out + n)
				     : end_record(s, out + n);
		if (n + RHP_WIDE_UNITS <= most && i < s->n_blocks)
			continue;
		r = rhp_trace_append_scan(s->shared->sequence, out, n * sizeof(*out));
		s->shared->sequence += r == 0;
		memset(out, 0, n * sizeof(*out));
		n = 0;
	}
	return r;
}

static void scan(struct leak_shared *shared)
{
	struct leak_scan s = {.shared = shared};
	for (unsigned i = 0; i < MOST_WAITS; i++) {
		if (__atomic_load_n(&shared->is_ready, __ATOMIC_ACQUIRE))
			break;
		rhp_os_wait(i);
	}
	/* Without the second reading of the stamps no event would count */
	int r = __atomic_load_n(&shared->is_ready, __ATOMIC_ACQUIRE) ? 0 : -ETIMEDOUT;
	if (r == 0)
		r = rhp_leak_read_regions(&s);
	if (r == 0)
		r = rhp_leak_take_kept(&s);
	if (r == 0)
		r = rhp_leak_read_blocks(&s);
	bool is_unrecorded, is_bound = rhp_leak_all_is_bound(&is_unrecorded);
	shared->knows_all = shared->knows_all && is_bound;
	if (is_unrecorded || (r == 0 && rhp_leak_is_taken(&s)))
		shared->flags |= RHP_SCAN_UNRECORDED;
	if (r == 0)
		r = rhp_leak_find_roots(&s);
	if (r == 0)
		r = rhp_leak_mark(&s);
	if (r == 0)
		r = write_out(&s);
	if (r == 0)
		rhp_leak_keep(&s);
	shared->error = r;
	__atomic_store_n(&shared->has_verdict, r == 0, __ATOMIC_RELEASE);
	if (r == 0 && shared->wants_graph)
		shared->graph_error = rhp_leak_write_graph(&s);
}

/* Whether the trace, which is no sample, has every block that the allocator ever gave
 * out. */
static bool trace_has_all_blocks(void)
{
#ifdef RHP_PLUGIN
	return false; /* the program's own are not ours */
#else
	return rhp_state_began_with_process() && rhp_capture_now == RHP_CAPTURE_PROCESS;
#endif
}

/* What a child will know of this moment: 0, or -errno. */
static int prepare(struct leak_shared *shared)
{
	shared->error = shared->graph_error = -EIO;
	shared->ticks = rhp_stream_moment();
	shared->sequence = scanned.n_chunks;
	shared->calling_tid = rhp_os_tid();
	shared->calling_descriptor = rhp_thread_pointer();
	shared->calling_tid_address = rhp_os_tid_address();
	shared->knows_all = trace_has_all_blocks();
	/* Their stacks would be taken for those of threads that have ended. */
	if (!rhp_os_threads(ask_thread, shared))
		return -ESRCH;
	shared->parent_pages = rhp_os_open("/proc/self/pagemap");
	read_stamps(shared->before);
	return 0;
}

static int split_and_wait(struct leak_shared *shared)
{
	uint64_t signals;
	int error = prepare(shared);
	if (error)
		return error;
	rhp_os_block_signals(&signals);
	int pid = rhp_os_split();
	if (pid == 0) {
		scan(shared);
		rhp_os_leave();
	}
	rhp_os_restore_signals(signals);
	int r = pid;
	if (pid > 0) {
		ask_again(shared);
		r = rhp_os_wait_for(pid);
		if (shared->has_verdict)
			r = 0;
	}
	if (shared->parent_pages >= 0)
		rhp_os_close(shared->parent_pages);
	scanned.n_chunks = shared->sequence;
	return r ? r : shared->error;
}

/* Says in the trace that it failed, or that its graph did. */
static void note_failure(const struct question *q, int error)
{
	struct rhp_tracker *t = get_tracker(q);
	if (!t)
		return;
	rhp_stream_blob(&t->stream, RHP_BLOB_SCAN, (uint64_t)-error << 32,
			rhp_stream_moment(), NULL, 0);
	rhp_tracker_done(t);
}

static void note_no_graph(const struct question *q, int error)
{
	const struct rhp_stream_text text = {q->snapshot, strlen(q->snapshot)};
	struct rhp_tracker *t = get_tracker(q);
	if (!t)
		return;
	rhp_stream_blob(&t->stream, RHP_BLOB_GRAPH, (uint64_t)-error << 48,
			rhp_stream_moment(), &text, 1);
	rhp_tracker_done(t);
}

static bool can_be_scanned(void)
{
	const struct rhp_file_header *h = rhp_trace_header();
	return h->sample_bytes == 0 && !h->ring;
}

static void name_snapshot(struct leak_shared *shared, const char *name)
{
	struct rhp_line line = {shared->name, shared->name + sizeof(shared->name)};
	shared->wants_graph = true;
	rhp_line_add(&line, name);
}

static struct leak_shared *share(const struct question *q)
{
	struct leak_shared *shared = rhp_os_share(sizeof(*shared));
	if (!shared)
		return NULL;
	shared->stack = (uintptr_t)q->stack;
	shared->is_asked = q->stack != NULL;
	if (q->snapshot)
		name_snapshot(shared, q->snapshot);
	shared->n_words = (uint32_t)rhp_saved_registers(shared->words);
	struct rhp_tracker *t = get_tracker(q);
	if (t) {
		rhp_leak_begin_stack(shared, &t->stream);
		rhp_tracker_done(t);
	} else {
		shared->stack = (uintptr_t)RHP_FRAME_HERE;
	}
	return shared;
}

/* False while another thread is at it; one of the process that forked this one is not. */
static bool take_turn(void)
{
	uint32_t other = __atomic_load_n(&at_it, __ATOMIC_RELAXED);
	return other != rhp_os_process &&
	       __atomic_compare_exchange_n(&at_it, &other, rhp_os_process, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void end_turn(void)
{
	__atomic_store_n(&at_it, 0, __ATOMIC_RELEASE);
}

static bool was_scanned(uint32_t generation)
{
	return scanned.process == rhp_os_process && scanned.generation == generation;
}

static void forget_kept(void)
{
	if (scanned.kept)
		rhp_os_release(scanned.kept, LEAK_KEPT_SIZE);
	scanned.kept = NULL;
}

/* A forked child shares what is kept with its parent, which may still need it. */
static void begin_trace(uint32_t generation)
{
	forget_kept();
	scanned.process = rhp_os_process;
	scanned.generation = generation;
	scanned.n_chunks = 0;
}

/* Of a trace that goes on while this is done: switching off does not wait for us. */
static int check_present_trace(struct leak_shared *shared, struct rhp_leak_counts *counts)
{
	uint32_t now = rhp_state_generation();
	int r = !now ? -ENODATA : !shared ? -ENOMEM : !can_be_scanned() ? -ENOTSUP : 0;
	if (now && !was_scanned(now))
		begin_trace(now);
	if (r == 0) /* the program may have closed it, and the child reads it */
		r = rhp_trace_check();
	if (r == 0) {
		if (!scanned.kept && shared->is_asked)
			scanned.kept = rhp_os_share(LEAK_KEPT_SIZE);
		shared->kept = scanned.kept;
		r = split_and_wait(shared);
		if (r != 0)
			forget_kept();
	}
	if (r == 0)
		*counts = shared->counts;
	return r;
}

/* What the last child missed, for the next one. */
static void copy_wiped(struct leak_shared *shared, const struct leak_shared *last)
{
	size_t size = 0, done = 0;
	shared->is_restored = true;
	for (uint32_t i = 0; i < last->n_wiped && size < MOST_WIPED; i++) {
		shared->wiped[shared->n_wiped++] = last->wiped[i];
		size += last->wiped[i].end - last->wiped[i].start;
	}
	char *copy = rhp_os_share(size);
	if (!copy)
		return;
	shared->wiped_copy = copy;
	shared->wiped_size = size;
	for (uint32_t i = 0; i < shared->n_wiped; i++) {
		const struct leak_extent *e = &shared->wiped[i];
		rhp_os_copy(copy + done, e->start, e->end - e->start);
		done += e->end - e->start;
	}
}

static void release(struct leak_shared *shared)
{
	if (shared && shared->wiped_copy)
		rhp_os_release(shared->wiped_copy, shared->wiped_size);
	if (shared)
		rhp_os_release(shared, sizeof(*shared));
}

static int scan_once_or_twice(const struct question *q, struct rhp_leak_counts *counts)
{
	struct leak_shared *shared = share(q), *again = NULL;
	int r = check_present_trace(shared, counts);
	if (r == -EAGAIN && (again = share(q)) != NULL) {
		copy_wiped(again, shared);
		r = check_present_trace(again, counts);
	}
	const struct leak_shared *last = again ? again : shared;
	int graph_error = r ? r : last->graph_error;
	if (r != 0 && rhp_state_generation())
		note_failure(q, r);
	if (q->snapshot && graph_error != 0 && rhp_state_generation())
		note_no_graph(q, graph_error);
	release(again);
	release(shared);
	return r;
}

static int scan_in_turn(const struct question *q, struct rhp_leak_counts *counts)
{
	if (__atomic_load_n(&ending, __ATOMIC_RELAXED) == rhp_os_process || !take_turn())
		return -EBUSY;
	int r = scan_once_or_twice(q, counts);
	end_turn();
	return r;
}

int rhp_leak_check(const void *stack, const char *snapshot,
		   struct rhp_leak_counts *counts)
{
	return scan_in_turn(&(struct question){stack, snapshot, false}, counts);
}

int rhp_leak_check_from_outside(const char *snapshot)
{
	struct rhp_leak_counts counts;
	const struct question q = {__builtin_dwarf_cfa(), snapshot, true};
	return rhp_state_is_forked() ? -ECHILD : scan_in_turn(&q, &counts);
}

void rhp_leak_at_exit(enum rhp_leak_scan asked)
{
	const struct question q = {.snapshot =
					   asked == RHP_LEAK_SCAN_GRAPH ? "exit" : NULL};
	struct rhp_leak_counts counts;
	if (asked == RHP_LEAK_SCAN_NONE && !was_scanned(rhp_state_generation()))
		return;
	/* Of another thread's scan the kinds are those of that moment. A thread that
	 * scans all the time would hardly ever leave a turn. */
	unsigned waits = 0;
	__atomic_store_n(&ending, rhp_os_process, __ATOMIC_RELAXED);
	while (!take_turn())
		if (waits < MOST_WAITS)
			rhp_os_wait(waits++);
		else {
			note_failure(&q, -EBUSY);
			return;
		}
	scan_once_or_twice(&q, &counts);
	end_turn();
}
