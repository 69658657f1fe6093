/* SPDX-License-Identifier: MIT */
/*
 * The head of the file (header and stamp counters) is one shared mapping that
 * lives as long as the process, so the counters and the losses are exact even
 * after SIGKILL.
 *
 * The descriptor is compared with the file it was opened for before each use:
 * programs close descriptors they did not open, and get the number again for
 * a file of theirs. The file is opened once more then, by its name, if that still leads
 * to it. At the number that it had, if that is free: a child of vfork that closed it has
 * descriptors of its own, and our memory.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>

#include "config.h"
#include "runtime/line.h"
#include "runtime/os-clock.h"
#include "runtime/os-file.h"
#include "runtime/os-memory.h"
#include "runtime/os-process.h"
#include "runtime/settings.h"
#include "runtime/state.h"
#include "runtime/trace-file.h"
#include "runtime/trace-name.h"
#include "runtime/trace-parts.h"

struct rhp_trace rhp_trace = {.fd = -1};
char *rhp_trace_shards;

static bool still_ours(void)
{
	uint64_t id[2];
	return rhp_os_file_id(rhp_trace.fd, id) == 0 && id[0] == rhp_trace.file_id[0] &&
	       id[1] == rhp_trace.file_id[1];
}

static COLD int open_again(void)
{
	int r = 0;
	rhp_lock_take(&rhp_trace.opening);
	if (!still_ours()) {
		r = rhp_trace.fd >= 0 && rhp_trace.path[0]
			    ? rhp_os_open_again(rhp_trace.path, rhp_trace.file_id,
						rhp_trace.fd)
			    : -EBADF;
		if (r >= 0)
			__atomic_store_n(&rhp_trace.fd, r, __ATOMIC_RELEASE);
	}
	rhp_lock_drop(&rhp_trace.opening);
	return r >= 0 ? 0 : -EBADF;
}

int rhp_trace_check(void)
{
	int mended = (int)__atomic_load_n(&rhp_trace.mended, __ATOMIC_RELAXED);
	return mended ? -mended : still_ours() ? 0 : open_again();
}

/* Where the file is, whatever becomes of the directories that its name began at. */
static void note_path(void)
{
	char link[48];
	struct rhp_line line = {link, link + sizeof(link)};
	rhp_line_add(&line, "/proc/self/fd/");
	rhp_line_add_number(&line, (uint64_t)rhp_trace.fd);
	rhp_os_read_link(link, rhp_trace.path, sizeof(rhp_trace.path));
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

/* Records, and the header in the last bytes of a page: one write has both. */
static uint32_t head_offset(uint32_t event_buffer)
{
	size_t size =
		sizeof(struct rhp_region) + event_buffer * sizeof(struct rhp_record);
	size = (size + RHP_PAGE_LEAST - 1) & ~(size_t)(RHP_PAGE_LEAST - 1);
	return (uint32_t)(size - sizeof(struct rhp_region));
}

static uint32_t region_size(uint32_t event_buffer)
{
	return (uint32_t)whole_pages(head_offset(event_buffer) +
				     sizeof(struct rhp_region));
}

/* Without /proc: as it was called. */
static void find_executable(char *path, size_t size)
{
	if (rhp_os_executable(path, size) > 0)
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
	h->record_size = sizeof(uint64_t);
	h->head_offset = head_offset(settings->event_buffer);
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
	h->is_child = rhp_trace.is_child;
	h->counted_in = rhp_trace.counted_in;
	h->began_late = rhp_state_now() != RHP_STARTING;
	memcpy(h->runtime_version, RHEAPER_VERSION, sizeof(RHEAPER_VERSION));
	find_executable(h->executable, sizeof(h->executable));
}

static int remove_file(char *path, int error)
{
	rhp_os_close(rhp_trace.fd);
	rhp_trace.fd = -1;
	rhp_trace_name_remove(path);
	return error;
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
	int fd = rhp_trace_name_create(settings->path);
	if (fd < 0)
		return fd;
	rhp_trace.fd = fd;
	note_path();
	int r = rhp_os_file_id(rhp_trace.fd, rhp_trace.file_id);
	if (r == 0)
		r = rhp_os_reserve(rhp_trace.fd, 0, head);
	if (r == 0) {
		/* Stragglers may hold the address. */
		void *header = rhp_os_map_file(rhp_trace.header, rhp_trace.fd, 0, head);
		rhp_trace.header = header ? header : rhp_trace.header;
		r = header ? 0 : -ENOMEM;
	}
	if (r < 0)
		return remove_file(settings->path, r);
	rhp_trace.stop_reason = 0;
	rhp_trace.ahead = 0;
	rhp_trace.mended = 0;
	rhp_trace.oldest = head;
	rhp_state_new_generation();
	fill_header(rhp_trace.header, settings, &begun);
	rhp_trace.counted_in = 0;
	rhp_trace_note_time(); /* a second point, if no later one comes */
	rhp_trace.header->lost[RHP_LOST_EARLY] = n_lost_early;
	memcpy(&rhp_trace.first, rhp_trace.header, sizeof(rhp_trace.first));
	rhp_trace_shards = (char *)rhp_trace.header + RHP_HEADER_SIZE;
	return 0;
}

void rhp_trace_keep(void)
{
	rhp_trace_name_keep();
}

int rhp_trace_abandon(char *path, int error)
{
	uint32_t reason = rhp_trace.header->stop_errno;
	return remove_file(path, reason ? -(int)reason : error);
}

void rhp_trace_note_time(void)
{
	if (__atomic_exchange_n(&rhp_trace.noting_time, 1, __ATOMIC_ACQUIRE))
		return;
	struct rhp_instant now = rhp_os_instant();
	rhp_trace.header->last_ns = now.ns;
	rhp_trace.header->last_ticks = now.ticks;
	__atomic_store_n(&rhp_trace.noting_time, 0, __ATOMIC_RELEASE);
}

static bool change_state(uint32_t from, uint32_t to)
{
	struct rhp_file_header *h = rhp_trace.header;
	return h && __atomic_compare_exchange_n(&h->state, &from, to, false,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

bool rhp_trace_set_state(enum rhp_trace_state state)
{
	if (rhp_trace.header)
		rhp_trace_note_time();
	return change_state(RHP_STATE_RUNNING, state);
}

bool rhp_trace_set_ended(enum rhp_trace_state state, uint32_t n_threads)
{
	if (rhp_trace.header)
		rhp_trace.header->exit_threads = n_threads;
	return rhp_trace_set_state(state);
}

void rhp_trace_go_on(void)
{
	rhp_trace.header->exit_threads = 0;
	change_state(RHP_STATE_EXECUTED, RHP_STATE_RUNNING);
}

static void add_to_children(enum rhp_child kind, uint32_t n)
{
	struct rhp_file_header *h = rhp_trace.header;
	if (rhp_trace.fd >= 0)
		__atomic_fetch_add(kind < RHP_CHILD_QUIET
					   ? &h->children[kind]
					   : &h->more_children[kind - RHP_CHILD_QUIET],
				   n, __ATOMIC_RELAXED);
}

void rhp_trace_count_child(enum rhp_child kind)
{
	add_to_children(kind, 1);
}

void rhp_trace_take_back_child(enum rhp_child kind)
{
	add_to_children(kind, (uint32_t)-1);
}

bool rhp_trace_stop(enum rhp_trace_state why)
{
	uint32_t was = rhp_state_end();
	if (was != 0 && was == rhp_state_latest())
		rhp_trace_set_state(why);
	return was != 0;
}

void rhp_trace_fail(int error, enum rhp_loss reason)
{
	struct rhp_file_header *h = rhp_trace.header;
	uint32_t none = 0;
	__atomic_store_n(&rhp_trace.stop_reason, reason, __ATOMIC_RELAXED);
	if (reason != RHP_LOST_LIMIT)
		__atomic_compare_exchange_n(&h->stop_errno, &none, (uint32_t)-error,
					    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	rhp_trace_stop(reason == RHP_LOST_LIMIT ? RHP_STATE_FULL : RHP_STATE_FAILED);
}

bool rhp_trace_is_open(void)
{
	return rhp_trace.fd >= 0;
}

int rhp_trace_fd(void)
{
	return rhp_trace.fd;
}

static void close_file(void)
{
	if (still_ours())
		rhp_os_close(rhp_trace.fd);
	rhp_trace.fd = -1;
}

void rhp_trace_close(void)
{
	rhp_trace_note_time();
	close_file();
}

void rhp_trace_leave(void)
{
	close_file();
	rhp_trace.noting_time = 0;
	rhp_trace.is_child = 1;
	rhp_trace.counted_in = rhp_trace.header->start_realtime_ns;
}

const struct rhp_file_header *rhp_trace_header(void)
{
	return rhp_trace.header;
}

void rhp_trace_lose(enum rhp_loss reason, uint64_t n)
{
	__atomic_fetch_add(&rhp_trace.header->lost[reason], n, __ATOMIC_RELAXED);
}

uint32_t rhp_trace_new_thread(void)
{
	return (uint32_t)__atomic_add_fetch(&rhp_trace.header->n_threads, 1,
					    __ATOMIC_RELAXED);
}

int rhp_trace_pid(void)
{
	return (int)rhp_trace.header->pid;
}

const char *rhp_trace_executable(void)
{
	return rhp_trace.header->executable;
}
