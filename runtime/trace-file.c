/* SPDX-License-Identifier: MIT */
/*
 * Head of the file (header and stamp counters) is one shared mapping that
 * lives as long as the process, so the counters and the losses are exact even
 * after SIGKILL. Everything else is handed out in regions by one atomic
 * addition to header.file_end. A region is either mapped (a window, reserved
 * on the disk first, so that no store can raise SIGBUS) or written once (a
 * chunk).
 *
 * Where a store to a mapping fails all the same (bus-error.h), its page becomes one of
 * memory, and nothing more is written to the file.
 *
 * The descriptor is compared with the file it was opened for before each use:
 * programs close descriptors they did not open, and get the number again for
 * a file of theirs.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>

#include "config.h"
#include "runtime/os-clock.h"
#include "runtime/os-file.h"
#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/os-process.h"
#include "runtime/os-signal.h"
#include "runtime/state.h"
#include "runtime/trace-file.h"

#define MAX_SUFFIX 9999
#define MAX_AHEAD (UINT64_C(16) << 20) /* bytes that are reserved ahead, at most */
#define AHEAD_SHARE 8                  /* ... and of the trace's size: one in so many */

char *rhp_trace_shards;

static struct {
	struct rhp_file_header *header;
	int fd;
	uint64_t file_id[2];
	uint32_t stop_reason; /* enum rhp_loss: why nothing more is written */
	uint32_t noting_time; /* somebody is at it */
	uint64_t ahead;       /* the file is reserved up to here; all bits: no more */
	struct rhp_lock ring; /* of who overwrites a chunk */
	uint64_t oldest;      /* offset of the region to be looked at first then */
	uint32_t mended;      /* errno: pages of memory are mapped in the file's place */
	int directory;        /* of the file, until that is sure to stay */
} trace = {.fd = -1};

/* By stream: where the handler of a fault finds them. */
static struct rhp_region *windows[UINT16_MAX + 1];

/* As it was first: for a page that takes its place. */
static struct rhp_file_header first_header;

static bool still_ours(void)
{
	uint64_t id[2];
	return rhp_os_file_id(trace.fd, id) == 0 && id[0] == trace.file_id[0] &&
	       id[1] == trace.file_id[1];
}

/* Whether it may be written to: 0 or -errno. */
static int check_file(void)
{
	int mended = (int)__atomic_load_n(&trace.mended, __ATOMIC_RELAXED);
	return mended ? -mended : still_ours() ? 0 : -EBADF;
}

/* The comparison and the write are two calls: the less is between them the better. */
static int write_ours(uint64_t offset, const void *bytes, size_t size)
{
	int r = check_file();
	return r ? r : rhp_os_write(trace.fd, offset, bytes, size, NULL, 0);
}

static int remove_file(char *path, int error)
{
	rhp_os_close(trace.fd);
	rhp_os_remove(trace.directory, rhp_os_last_name(path));
	trace.fd = -1;
	rhp_trace_keep();
	return error;
}

/* Opens path, or path.1, path.2, ...: never a file that exists. */
static int create_unused(char *path)
{
	size_t length = strlen(path);
	const char *name = rhp_os_last_name(path);
	int fd = rhp_os_create(trace.directory, name);
	if (fd == -EEXIST && !rhp_os_is_file(trace.directory, name))
		return -ENOTSUP;
	for (unsigned i = 1; fd == -EEXIST && i <= MAX_SUFFIX; i++) {
		rhp_settings_append_suffix(path, length, i);
		fd = rhp_os_create(trace.directory, name);
	}
	return fd;
}

/* In the directory that has its name now. */
static int create_file(char *path)
{
	trace.directory = rhp_os_open_directory(path);
	if (trace.directory < 0)
		return trace.directory;
	int fd = create_unused(path);
	if (fd < 0)
		rhp_trace_keep();
	return fd;
}

/* What is mapped begins and ends with a page. */
static size_t whole_pages(size_t size)
{
	return (size + RHP_PAGE_MAX - 1) & ~(size_t)(RHP_PAGE_MAX - 1);
}

static size_t head_size(void)
{
	return whole_pages(RHP_HEADER_SIZE + RHP_N_SHARDS * RHP_SHARD_STRIDE);
}

static uint32_t region_size(uint32_t event_buffer)
{
	size_t size =
		sizeof(struct rhp_region) + event_buffer * sizeof(struct rhp_record);
	return (uint32_t)whole_pages(size);
}

/* Without /proc: as it was called. */
static void find_executable(char *path, size_t size)
{
	if (rhp_os_read_link("/proc/self/exe", path, size) > 0)
		return;
	const char *called = (const char *)getauxval(AT_EXECFN);
	if (called)
		memcpy(path, called, strnlen(called, size - 1) + 1);
	path[size - 1] = '\0';
}

static void fill_header(struct rhp_file_header *h, const struct rhp_settings *settings,
			const struct rhp_instant *begun)
{
	memcpy(h->magic, RHP_TRACE_MAGIC, sizeof(h->magic));
	h->byte_order = RHP_BYTE_ORDER_MARK;
	h->version = RHP_TRACE_VERSION;
	h->pointer_size = sizeof(void *);
	h->header_size = RHP_HEADER_SIZE;
	h->record_size = sizeof(struct rhp_record);
	h->region_size = region_size(settings->event_buffer);
	h->n_shards = RHP_N_SHARDS;
	h->shard_offset = RHP_HEADER_SIZE;
	h->first_region = head_size();
	h->file_end = h->first_region;
	h->state = RHP_STATE_RUNNING;
	h->pid = (uint32_t)rhp_os_pid();
	h->time_shift = RHP_TIME_SHIFT;
	h->start_realtime_ns = rhp_os_realtime_ns();
	h->start_ticks = h->last_ticks = begun->ticks;
	h->start_ns = h->last_ns = begun->ns;
	h->max_stack_depth = settings->stack_depth;
	h->max_trackers = settings->max_trackers;
	h->event_buffer = settings->event_buffer;
	h->capture = settings->capture;
	h->sample_bytes = settings->sample_bytes;
	h->sample_rate_ppm = settings->sample_ppm;
	h->max_bytes = settings->max_bytes;
	h->ring = settings->ring;
	h->free_stacks = settings->free_stacks;
	memcpy(h->runtime_version, RHEAPER_VERSION, sizeof(RHEAPER_VERSION));
	find_executable(h->executable, sizeof(h->executable));
}

int rhp_trace_create(struct rhp_settings *settings, uint64_t n_lost_early)
{
	size_t head = head_size();
	uint64_t least = head + (settings->ring ? 4 : 2) *
					(uint64_t)region_size(settings->event_buffer);
	if (settings->max_bytes && settings->max_bytes < least)
		return -EFBIG;
	rhp_os_choose_clock();
	struct rhp_instant begun = rhp_os_instant();
	trace.fd = create_file(settings->path);
	if (trace.fd < 0)
		return trace.fd;
	int r = rhp_os_file_id(trace.fd, trace.file_id);
	if (r == 0)
		r = rhp_os_reserve(trace.fd, 0, head);
	if (r == 0) {
		/* Stragglers may hold the address. */
		void *header = rhp_os_map_file(trace.header, trace.fd, 0, head);
		trace.header = header ? header : trace.header;
		r = header ? 0 : -ENOMEM;
	}
	if (r < 0)
		return remove_file(settings->path, r);
	trace.stop_reason = 0;
	trace.ahead = 0;
	trace.mended = 0;
	trace.oldest = head;
	rhp_state_new_generation();
	fill_header(trace.header, settings, &begun);
	rhp_trace_note_time(); /* a second point, if no later one comes */
	trace.header->lost[RHP_LOST_EARLY] = n_lost_early;
	memcpy(&first_header, trace.header, sizeof(first_header));
	rhp_trace_shards = (char *)trace.header + RHP_HEADER_SIZE;
	return 0;
}

void rhp_trace_keep(void)
{
	rhp_os_close(trace.directory);
}

int rhp_trace_abandon(char *path, int error)
{
	uint32_t reason = trace.header->stop_errno;
	return remove_file(path, reason ? -(int)reason : error);
}

void rhp_trace_note_time(void)
{
	if (__atomic_exchange_n(&trace.noting_time, 1, __ATOMIC_ACQUIRE))
		return;
	struct rhp_instant now = rhp_os_instant();
	trace.header->last_ns = now.ns;
	trace.header->last_ticks = now.ticks;
	__atomic_store_n(&trace.noting_time, 0, __ATOMIC_RELEASE);
}

void rhp_trace_set_state(enum rhp_trace_state state)
{
	struct rhp_file_header *h = trace.header;
	if (!h)
		return;
	rhp_trace_note_time();
	uint32_t running = RHP_STATE_RUNNING;
	__atomic_compare_exchange_n(&h->state, &running, state, false, __ATOMIC_RELEASE,
				    __ATOMIC_RELAXED);
}

bool rhp_trace_stop(enum rhp_trace_state why)
{
	uint32_t was = rhp_state_end();
	if (was != 0 && was == rhp_state_latest())
		rhp_trace_set_state(why);
	return was != 0;
}

bool rhp_trace_is_open(void)
{
	return trace.fd >= 0;
}

int rhp_trace_fd(void)
{
	return trace.fd;
}

static void close_file(void)
{
	if (still_ours())
		rhp_os_close(trace.fd);
	trace.fd = -1;
}

void rhp_trace_close(void)
{
	rhp_trace_note_time();
	close_file();
}

void rhp_trace_leave(void)
{
	close_file();
	trace.noting_time = 0;
}

/* Stops tracking; the first reason stands. */
static void fail(int error, enum rhp_loss reason)
{
	struct rhp_file_header *h = trace.header;
	uint32_t none = 0;
	__atomic_store_n(&trace.stop_reason, reason, __ATOMIC_RELAXED);
	if (reason != RHP_LOST_LIMIT)
		__atomic_compare_exchange_n(&h->stop_errno, &none, (uint32_t)-error,
					    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	rhp_trace_stop(reason == RHP_LOST_LIMIT ? RHP_STATE_FULL : RHP_STATE_FAILED);
}

static uint64_t add_region(void)
{
	struct rhp_file_header *h = trace.header;
	uint64_t end = __atomic_load_n(&h->file_end, __ATOMIC_RELAXED);
	do
		if (h->max_bytes && end + h->region_size > h->max_bytes)
			return 0;
	while (!__atomic_compare_exchange_n(&h->file_end, &end, end + h->region_size,
					    true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return end;
}

/* The chunk that was written longest ago: it is one no more. 0: there is none, for all
 * are windows, or must stay. */
static uint64_t take_oldest(void)
{
	static const struct rhp_region nothing;
	const struct rhp_file_header *h = trace.header;
	uint64_t end = h->file_end;
	for (uint64_t n = (end - h->first_region) / h->region_size; n > 0; n--) {
		struct rhp_region r;
		uint64_t at = trace.oldest < end ? trace.oldest : h->first_region;
		trace.oldest = at + h->region_size;
		if (rhp_os_read(trace.fd, at, &r, sizeof(r)) != 0 ||
		    r.magic != RHP_REGION_MAGIC || r.kind != RHP_REGION_CHUNK ||
		    r.stream == RHP_LASTING_STREAM)
			continue;
		if (write_ours(at, &nothing, sizeof(nothing)) != 0)
			continue;
		rhp_trace_lose(RHP_LOST_RING, r.n_events);
		return at;
	}
	return 0;
}

/* In a ring: under the lock. Whoever gets a region there fills it before another one
 * looks for the oldest. */
static uint64_t new_region(void)
{
	uint64_t offset = add_region();
	if (offset == 0 && trace.header->ring && check_file() == 0)
		offset = take_oldest();
	if (offset == 0)
		fail(0, RHP_LOST_LIMIT);
	return offset;
}

/* Whether there was something to lock: it is asked once. */
static bool lock_ring(void)
{
	bool is_ring = trace.header->ring;
	if (is_ring)
		rhp_lock_take(&trace.ring);
	return is_ring;
}

static void unlock_ring(bool is_locked)
{
	if (is_locked)
		rhp_lock_drop(&trace.ring);
}

/* The larger the trace, the more of what follows is reserved in one go: file systems
 * then write it in half the time. What is not used stays as zeros at the end. */
static void reserve_ahead(uint64_t offset)
{
	const struct rhp_file_header *h = trace.header;
	uint64_t end = offset + h->region_size, size = offset / AHEAD_SHARE;
	uint64_t reserved = __atomic_load_n(&trace.ahead, __ATOMIC_RELAXED);
	size = size < MAX_AHEAD ? size : MAX_AHEAD;
	if (h->max_bytes && end + size > h->max_bytes)
		size = end < h->max_bytes ? h->max_bytes - end : 0;
	if (LIKELY(end <= reserved) || size < 2 * (uint64_t)h->region_size)
		return;
	if (!__atomic_compare_exchange_n(&trace.ahead, &reserved, end + size, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	/* If the disk has no room for it there may still be some for the chunk. */
	if (rhp_os_reserve_ahead(trace.fd, offset, end + size - offset) < 0)
		__atomic_store_n(&trace.ahead, UINT64_MAX, __ATOMIC_RELAXED);
}

static bool write_chunk(const struct rhp_region *window, const void *records, size_t size)
{
	struct rhp_region head = *window;
	head.kind = RHP_REGION_CHUNK;
	head.used = size;
	uint32_t generation = rhp_state_latest();
	uint64_t offset = new_region();
	if (offset == 0)
		return false;
	int r = check_file();
	if (r == 0)
		reserve_ahead(offset);
	/* The region's header last: a chunk that a kill cut short is no chunk,
	 * and its records are still in the window. */
	if (r == 0)
		r = write_ours(offset + sizeof(head), records, size);
	/* Whom that kept too long was given up: the file is another one's. */
	if (rhp_state_latest() != generation)
		return false;
	if (r == 0)
		r = write_ours(offset, &head, sizeof(head));
	if (r == -EFAULT) /* for the kernel a window is not there that the file lacks */
		r = -EIO;
	if (r < 0)
		fail(r, RHP_LOST_IO);
	return r == 0;
}

bool rhp_trace_write_chunk(const struct rhp_region *window, const void *records,
			   size_t size)
{
	bool is_locked = lock_ring();
	bool ok = write_chunk(window, records, size);
	unlock_ring(is_locked);
	return ok;
}

int rhp_trace_append_scan(uint64_t sequence, const void *records, size_t size)
{
	struct rhp_region head = {
		.magic = RHP_REGION_MAGIC,
		.kind = RHP_REGION_CHUNK,
		.stream = RHP_SCAN_STREAM,
		.sequence = sequence,
		.used = size,
	};
	uint64_t offset = check_file() == 0 ? add_region() : 0;
	if (offset == 0)
		return trace.header->max_bytes ? -EFBIG : -EBADF;
	int r = write_ours(offset + sizeof(head), records, size);
	if (r == 0)
		r = write_ours(offset, &head, sizeof(head));
	return r;
}

const struct rhp_file_header *rhp_trace_header(void)
{
	return trace.header;
}

static struct rhp_region *map_region(uint64_t offset)
{
	size_t size = trace.header->region_size;
	int r = check_file();
	if (r == 0)
		r = rhp_os_reserve(trace.fd, offset, size);
	struct rhp_region *w =
		r == 0 ? rhp_os_map_file(NULL, trace.fd, offset, size) : NULL;
	/* A descriptor that is ours now was so when it was mapped. */
	if (w && (r = check_file()) < 0) {
		rhp_os_release(w, size);
		w = NULL;
	}
	if (!w)
		fail(r < 0 ? r : -ENOMEM, RHP_LOST_IO);
	return w;
}

static struct rhp_region *map_window(uint16_t stream)
{
	uint64_t offset = new_region();
	struct rhp_region *w = offset ? map_region(offset) : NULL;
	if (!w)
		return NULL;
	windows[stream] = w;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (trace.header->ring)
		memset(w, 0, trace.header->region_size);
	w->kind = RHP_REGION_WINDOW;
	w->stream = stream;
	struct rhp_instant now = rhp_os_instant();
	w->base_ticks = now.ticks;
	w->base_ns = now.ns;
	__atomic_store_n(&w->magic, RHP_REGION_MAGIC, __ATOMIC_RELEASE);
	return w;
}

struct rhp_region *rhp_trace_map_window(uint16_t stream)
{
	bool is_locked = lock_ring();
	struct rhp_region *w = map_window(stream);
	unlock_ring(is_locked);
	return w;
}

void rhp_trace_unmap_window(struct rhp_region *window)
{
	uint32_t stream = window->stream;
	if (windows[stream] != window) /* its first page was replaced */
		for (stream = 0; stream < UINT16_MAX && windows[stream] != window;)
			stream++;
	windows[stream] = NULL;
	rhp_os_release(window, first_header.region_size);
}

static bool is_within(uintptr_t address, const void *start, size_t size)
{
	return start && address - (uintptr_t)start < size;
}

static bool is_mapped(uintptr_t address)
{
	if (is_within(address, trace.header, head_size()))
		return true;
	for (uint32_t i = 0; i <= UINT16_MAX; i++)
		if (is_within(address, windows[i], first_header.region_size))
			return true;
	return false;
}

/* The kernel does not say why, unless it is asked to write. */
static int why_it_failed(void)
{
	int r = check_file();
	if (r == 0)
		r = rhp_os_write(trace.fd, 0, first_header.magic,
				 sizeof(first_header.magic), NULL, 0);
	return r < 0 ? r : -EIO;
}

bool rhp_trace_mend(uintptr_t address)
{
	if (!is_mapped(address))
		return false;
	int why = why_it_failed();
	/* Before a copy of the header is there that says less than the file has. */
	__atomic_store_n(&trace.mended, (uint32_t)-why, __ATOMIC_SEQ_CST);
	void *page = rhp_os_replace_page(address);
	if (page == trace.header)
		memcpy(page, &first_header, sizeof(first_header));
	/* The header may be the next page that is not there. */
	rhp_os_unblock(SIGBUS);
	if (page)
		fail(why, RHP_LOST_IO);
	return page != NULL;
}

void rhp_trace_lose(enum rhp_loss reason, uint64_t n)
{
	__atomic_fetch_add(&trace.header->lost[reason], n, __ATOMIC_RELAXED);
}

void rhp_trace_lose_write(void)
{
	rhp_trace_lose(__atomic_load_n(&trace.stop_reason, __ATOMIC_RELAXED), 1);
}

uint32_t rhp_trace_new_thread(void)
{
	return (uint32_t)__atomic_add_fetch(&trace.header->n_threads, 1,
					    __ATOMIC_RELAXED);
}

int rhp_trace_pid(void)
{
	return (int)trace.header->pid;
}

const char *rhp_trace_executable(void)
{
	return trace.header->executable;
}
