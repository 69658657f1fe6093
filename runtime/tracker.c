/* SPDX-License-Identifier: MIT */
/*
 * The pool. A thread takes a tracker at its first event and gives it back in
 * the destructor of a thread-specific key. Other destructors may allocate after
 * ours, so ours re-arms itself until libc makes its last round; from then on
 * the thread uses the overflow tracker. A tracker that is handed on keeps its
 * window, half full as it is, and what it learned of stacks.
 *
 * A thread is busy with its tracker while it records an event; the tracker is of one
 * trace, its generation. Switching off sets the generation of the process to 0, puts a
 * barrier into every thread, and waits for those that were busy: any other sees the 0
 * before it touches the trace. Nothing of this is in the way of an event but two stores
 * and a comparison (asymmetric barriers, as in RCU for user space).
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/os-file.h"
#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/os-process.h"
#include "runtime/os-signal.h"
#include "runtime/process.h"
#include "runtime/thread.h"
#include "runtime/trace-file.h"
#include "runtime/tracker.h"

#define COMMAND_LINE_SIZE 2048    /* what is longer is cut */
#define SEARCH_EVERY 64           /* events of threads that have none, the same */
#define NOT_IN_A_TRACE UINT32_MAX /* not 0, which would be equal to that of no trace */
#define RECLAIM_EVERY 16          /* new trackers between searches for abandoned ones */

/* In a static program they are there if the program has them: some of the compilers'
 * libraries take their presence for that of threads, and call what is not there. */
extern __typeof__(pthread_key_create) pthread_key_create __attribute__((weak));
extern __typeof__(pthread_setspecific) pthread_setspecific __attribute__((weak));

static struct {
	struct rhp_lock lock;
	struct rhp_tracker *first_free;
	struct rhp_tracker *all; /* of the pool, free or not */
	uint32_t n_trackers, max_trackers;
	uint32_t n_refused; /* events of threads that could have none */
	uint16_t last_number;
	uint32_t stack_depth, free_stacks;
	struct rhp_tracker *overflow;
	pthread_key_t key;
	int have_key;
} pool;

static bool is_on(void)
{
	return rhp_state_generation() != 0;
}

/* Gives the tracker a window in the present trace. */
static bool join_trace(struct rhp_tracker *t)
{
	uint32_t generation = rhp_state_latest();
	if (t->generation == generation)
		return true;
	if (!rhp_stream_open(&t->stream, t->number))
		return false;
	t->generation = generation;
	return true;
}

static struct rhp_tracker *make_tracker(uint16_t number)
{
	struct rhp_tracker *t = rhp_os_alloc(sizeof(*t));
	if (!t)
		return NULL;
	t->number = number;
	if (!join_trace(t)) {
		rhp_os_release(t, sizeof(*t));
		return NULL;
	}
	return t;
}

/* Tells the trace what the build of the program said of itself. */
static COLD void describe_build(struct rhp_tracker *t)
{
	size_t size = 0;
	while (rhp_labels[size])
		size += strlen(rhp_labels + size) + 1;
	if (size > 0)
		rhp_stream_blob(&t->stream, RHP_BLOB_LABELS, 0, 0,
				&(struct rhp_stream_text){rhp_labels, size}, 1);
}

/* Tells the trace what process it is, once: where it runs and how it was called. */
static COLD void describe_process(struct rhp_tracker *t)
{
	char host[RHP_OS_HOST_SIZE];
	char *words = rhp_os_alloc(COMMAND_LINE_SIZE); /* too much for small stacks */
	ssize_t n =
		words ? rhp_os_read_file("/proc/self/cmdline", words, COMMAND_LINE_SIZE)
		      : 0;
	rhp_os_host(host);
	struct rhp_stream_text text[] = {{host, strlen(host) + 1},
					 {words, n > 0 ? (size_t)n : 0}};
	rhp_stream_blob(&t->stream, RHP_BLOB_PROCESS, (uint64_t)rhp_os_parent_pid(), 0,
			text, 2);
	if (words)
		rhp_os_release(words, COMMAND_LINE_SIZE);
	describe_build(t);
}

/* Tells the trace whose events follow in this stream. */
static void name_thread(struct rhp_tracker *t, int tid)
{
	char name[RHP_OS_NAME_SIZE];
	if (rhp_thread.generation != t->generation) {
		rhp_thread.number = rhp_trace_new_thread() & INT32_MAX;
		rhp_thread.generation = t->generation;
		if (rhp_thread.number == 1)
			describe_process(t);
	}
	rhp_os_thread_name(0, name);
	rhp_stream_thread(&t->stream, rhp_thread.number, (uint64_t)tid, name);
	__atomic_store_n(&t->tid, tid, __ATOMIC_RELEASE);
	t->free_stacks = pool.free_stacks;
	rhp_stacks_bind(&t->stacks, pool.stack_depth);
}

/* Of the process that is traced: a vfork child, which shares its memory, is another. */
static bool is_gone(int tid)
{
	return rhp_os_thread_is_gone(rhp_trace_pid(), tid);
}

static bool in_vfork_child(void)
{
	return rhp_os_pid() != rhp_trace_pid();
}

/* A thread whose first event comes while it ends, or that ends by a bare system
 * call, gives nothing back: its tracker is found once the thread is gone. */
static struct rhp_tracker *reclaim(void)
{
	for (struct rhp_tracker *t = pool.all; t; t = t->next)
		if (t->tid != 0 && !t->lost && is_gone(t->tid))
			return t;
	return NULL;
}

static struct rhp_tracker *add_to_pool(void)
{
	if (pool.n_trackers >= pool.max_trackers)
		return NULL;
	uint16_t number = (uint16_t)(pool.last_number + 1);
	bool is_free = number != 0 && number != RHP_LASTING_STREAM;
	struct rhp_tracker *t = is_free ? make_tracker(number) : NULL;
	if (t) {
		pool.last_number = number;
		pool.n_trackers++;
		t->next = pool.all;
		__atomic_store_n(&pool.all, t, __ATOMIC_RELEASE);
	}
	return t;
}

static struct rhp_tracker *find_free(void)
{
	struct rhp_tracker *t = pool.first_free;
	if (t)
		pool.first_free = t->next_free;
	else if (pool.n_trackers % RECLAIM_EVERY == RECLAIM_EVERY - 1 ||
		 pool.n_trackers >= pool.max_trackers)
		t = reclaim();
	return t;
}

/* Who holds the lock and sees that tracking is on may map windows: who switches off
 * takes the lock, and finds the tracker busy. */
static struct rhp_tracker *take_from_pool(void)
{
	struct rhp_tracker *t = NULL;
	rhp_lock_take(&pool.lock);
	if (is_on()) {
		t = find_free();
		if (t) {
			t->tid = 0; /* until it is named; nobody else reclaims it */
			if (!join_trace(t)) {
				t->next_free = pool.first_free;
				pool.first_free = t;
				t = NULL;
			}
		} else {
			t = add_to_pool();
		}
		if (t)
			__atomic_store_n(&t->busy, 1, __ATOMIC_RELAXED);
	}
	rhp_lock_drop(&pool.lock);
	return t;
}

static void give_back(struct rhp_tracker *t)
{
	rhp_lock_take(&pool.lock);
	if (!t->lost) {
		t->tid = 0;
		t->next_free = pool.first_free;
		pool.first_free = t;
	}
	rhp_lock_drop(&pool.lock);
}

/* A thread that has part in the present trace. */
static void name_once_more(void)
{
	struct rhp_tracker *t = rhp_thread.tracker;
	if (!t || t->generation != rhp_state_generation())
		return;
	t = rhp_tracker_get();
	if (!t)
		return;
	rhp_stream_name_again(&t->stream);
	rhp_tracker_done(t);
}

/* The key's destructor; its value counts the rounds. */
static void thread_ends(void *round)
{
	uintptr_t n = (uintptr_t)round;
	/* In a forked child the pool's lock may be held for ever. */
	if (rhp_state_is_forked())
		return;
	if (n < PTHREAD_DESTRUCTOR_ITERATIONS) {
		pthread_setspecific(pool.key, (void *)(n + 1));
		return;
	}
	name_once_more();
	struct rhp_tracker *t = rhp_thread.tracker;
	rhp_thread.ending = 1;
	rhp_thread.tracker = NULL;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (t)
		give_back(t);
}

/* Without the lock, for thousands of threads may want what there is not. A tracker that
 * was not given back is looked for now and then: that takes a system call for each. */
static bool none_to_take(void)
{
	return pool.n_trackers >= pool.max_trackers &&
	       !__atomic_load_n(&pool.first_free, __ATOMIC_RELAXED) &&
	       __atomic_fetch_add(&pool.n_refused, 1, __ATOMIC_RELAXED) % SEARCH_EVERY !=
		       0;
}

/* The first event of a thread. */
static COLD struct rhp_tracker *acquire(void)
{
	uint64_t signals;
	rhp_os_block_signals(&signals);
	/* The child of a vfork goes away, and its parent has the same thread. */
	bool passes_by = rhp_thread.tracker || rhp_thread.ending || in_vfork_child() ||
			 none_to_take();
	struct rhp_tracker *t = passes_by ? NULL : take_from_pool();
	if (t) {
		name_thread(t, rhp_os_tid());
		/* May allocate (libc's second-level table of keys): under the guard,
		 * so that block is not recorded. */
		struct rhp_place before = rhp_thread.guard;
		rhp_place_set(&rhp_thread.guard, RHP_FRAME_HERE);
		if (pool.have_key)
			pthread_setspecific(pool.key, (void *)(uintptr_t)1);
		rhp_thread.guard = before;
		rhp_thread.tracker = t;
	}
	rhp_os_restore_signals(signals);
	return t;
}

/* Locks the overflow tracker for an event of this thread. */
static COLD struct rhp_tracker *use_overflow(void)
{
	struct rhp_tracker *t = pool.overflow;
	if (!is_on())
		return NULL;
	if (!t) {
		rhp_trace_lose(RHP_LOST_TRACKER, 1);
		return NULL;
	}
	int tid = rhp_os_tid();
	rhp_lock_take(&t->lock);
	if (!is_on()) {
		rhp_lock_drop(&t->lock);
		return NULL;
	}
	if (t->tid != tid || rhp_thread.generation != t->generation)
		name_thread(t, tid);
	return t;
}

/* The tracker of this thread, in use, has no part in the present trace yet, or tracking
 * is off, or the thread has lost it. */
static COLD struct rhp_tracker *renew(struct rhp_tracker *t)
{
	uint64_t signals;
	rhp_os_block_signals(&signals); /* handlers find it as it was or as it will be */
	bool usable = !t->lost && is_on();
	if (usable && t->generation != rhp_state_latest()) {
		usable = join_trace(t);
		if (usable)
			/* Another one in a forked child, but not in that of a vfork. */
			name_thread(t, in_vfork_child() ? t->tid : rhp_os_tid());
	}
	if (!usable)
		rhp_tracker_done(t);
	if (t->lost)
		rhp_thread.tracker = NULL;
	rhp_os_restore_signals(signals);
	return usable ? t : NULL;
}

/* Handlers may come at any time, and have their first event before ours. */
struct rhp_tracker *rhp_tracker_get_slowly(struct rhp_tracker *in_use)
{
	struct rhp_tracker *t = in_use ? renew(in_use) : NULL;
	if (t || (in_use && !in_use->lost))
		return t;
	t = acquire();
	if (!t && rhp_thread.tracker)
		return rhp_tracker_get();
	return t ? t : use_overflow();
}

struct rhp_tracker *rhp_tracker_get_shared(void)
{
	return use_overflow();
}

struct rhp_tracker *rhp_tracker_again(void)
{
	return rhp_thread.tracker ? rhp_tracker_get() : use_overflow();
}

/* In the overflow tracker's stream: the calling thread may have none, and gets none for
 * this. That stream is nobody's then. */
void rhp_tracker_name_all(void)
{
	struct rhp_tracker *to = pool.overflow;
	if (!to || !is_on())
		return;
	rhp_lock_take(&to->lock);
	to->tid = 0;
	to->stream.thread = 0;
	struct rhp_tracker *t = __atomic_load_n(&pool.all, __ATOMIC_ACQUIRE);
	for (; t && is_on(); t = t->next) {
		int tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE);
		if (tid != 0 && !t->lost && t->generation == to->generation)
			rhp_stream_name_other(&t->stream, tid, &to->stream);
	}
	rhp_lock_drop(&to->lock);
}

int rhp_tracker_start(const struct rhp_settings *settings)
{
	pool.max_trackers = settings->max_trackers;
	pool.stack_depth = settings->stack_depth;
	pool.free_stacks = settings->free_stacks;
	if (!pool.have_key)
		pool.have_key = pthread_key_create && pthread_setspecific &&
				pthread_key_create(&pool.key, thread_ends) == 0;
	if (settings->ring && !rhp_stream_open_lasting())
		return -ENOMEM;
	if (!pool.overflow)
		pool.overflow = make_tracker(0);
	if (pool.overflow && join_trace(pool.overflow))
		return 0;
	rhp_stream_close_lasting();
	return -ENOMEM;
}

/* `round` counts those of all trackers together. */
static bool wait_until_done(const struct rhp_tracker *t, unsigned *round)
{
	for (; __atomic_load_n(&t->busy, __ATOMIC_ACQUIRE); ++*round) {
		if (t->tid && is_gone(t->tid))
			return true;
		if (*round >= 2 * RHP_OS_SHORT_WAITS)
			return false;
		rhp_os_wait(*round);
	}
	return true;
}

static void forget(struct rhp_tracker *t)
{
	rhp_stream_close(&t->stream);
	rhp_stacks_forget(&t->stacks);
	t->generation = NOT_IN_A_TRACE;
}

void rhp_tracker_adopt(void)
{
	struct rhp_tracker *mine = rhp_thread.tracker;
	pool.first_free = NULL;
	pool.n_trackers = 0;
	for (struct rhp_tracker *t = pool.all; t; t = t->next) {
		forget(t);
		t->lost = t != mine;
		t->busy = 0;
		t->tid = t == mine ? rhp_os_tid() : 0;
		pool.n_trackers += t == mine;
	}
	if (pool.overflow)
		forget(pool.overflow);
	rhp_stream_close_lasting();
}

void rhp_tracker_retire(void)
{
	unsigned round = 0;
	rhp_os_barrier();
	/* Who was about to take a tracker has it. */
	rhp_lock_take(&pool.lock);
	struct rhp_tracker *all = pool.all;
	rhp_lock_drop(&pool.lock);
	for (struct rhp_tracker *t = all; t; t = t->next) {
		if (t->lost)
			continue;
		if (wait_until_done(t, &round)) {
			forget(t);
		} else {
			t->lost = 1;
			pool.n_trackers--;
		}
	}
	rhp_lock_take(&pool.overflow->lock);
	forget(pool.overflow);
	rhp_lock_drop(&pool.overflow->lock);
	rhp_stream_close_lasting();
}

static int visit_memory(const struct rhp_tracker *t,
			int (*visit)(void *context, const void *start, size_t size),
			void *context)
{
	int r = visit(context, t, sizeof(*t));
	return r == 0 && t->stacks.room
		       ? visit(context, t->stacks.room, t->stacks.room_size)
		       : r;
}

int rhp_tracker_memory(int (*visit)(void *context, const void *start, size_t size),
		       void *context)
{
	int r = pool.overflow ? visit_memory(pool.overflow, visit, context) : 0;
	for (const struct rhp_tracker *t = pool.all; t && r == 0; t = t->next)
		r = visit_memory(t, visit, context);
	return r;
}
