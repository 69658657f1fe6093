/* SPDX-License-Identifier: MIT */
/*
 * What a program may say to the rheaper that was linked into it. A program needs nothing
 * of this to be profiled: build it with rheaper-cc and run it with RHEAPER_TRACE=PATH.
 *
 * A program that calls these functions still links with a plain compiler. They are
 * inline, and refer to the runtime by weak symbols. Where no runtime is linked in, they
 * do nothing and say so.
 *
 * All functions may be called from any thread, allocate nothing, and keep errno. They may
 * be called in a signal handler and after fork(), except where it is said otherwise.
 *
 * Binary interface. A program, or a plug-in, keeps the header that it was compiled with;
 * the runtime that it meets may be older or newer. So fields are only ever appended, no
 * structure has padding, and no structure crosses the border without its size. A caller
 * puts the size of its struct rheaper_config into the first field. Results are returned
 * by value only by the inline functions here: the runtime fills as many bytes of them as
 * the caller's header and the runtime both know, and what it does not know stays 0.
 */
#ifndef RHEAPER_H
#define RHEAPER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A result of functions that return an int: no runtime is linked in. */
#define RHEAPER_NOT_LINKED (-1)

/*
 * What a trace records, and how. A field of 0 means the default. Initialise a variable
 * with RHEAPER_CONFIG_INIT, and then set fields:
 *
 *	struct rheaper_config config = RHEAPER_CONFIG_INIT;
 *	config.max_bytes = 100000000;
 */
struct rheaper_config {
	/* sizeof(struct rheaper_config). The runtime takes fields that are beyond a
	 * smaller size for 0. It accepts a larger size if all that it does not know is
	 * 0. No other size is accepted, 0 least of all. */
	uint32_t size;
	/* Frames of a stack that are recorded, the innermost ones: 1 to 1024. Default 64:
	 * outer frames tell in flame graphs who is behind an allocation, and cost little.
	 */
	uint32_t max_stack_depth;
	/* Threads that record each for itself: 1 to 10000. Further threads share one
	 * buffer, which is slower. Default 200. */
	uint32_t max_trackers;
	/* Room in the buffer of a thread, in records of 24 bytes, the longest: 500 to
	 * 1000000. Default 5000. */
	uint32_t tracker_event_buffer_size;
	/* Share of the allocations whose stack is taken: above 0, to 1. All of them are
	 * recorded, the others without a stack. Default 1. */
	double sample_rate;
	/* The directory of the trace: see rheaper_enable_tracking(). Default NULL. */
	const char *profile_dir;
	/* Mean number of allocated bytes between two blocks that are recorded: up to
	 * 4294967295. Default 0: every block is recorded. */
	uint64_t sample_bytes;
	/* Size in bytes that the trace does not exceed: it ends there. Default 0: no
	 * limit. */
	uint64_t max_bytes;
	/* 1: at max_bytes the trace goes on, and overwrites its oldest events. Needs
	 * max_bytes. Default 0. */
	uint32_t ring;
	/* Whose allocations are recorded: enum rheaper_capture. */
	uint32_t capture;
	/* 1: frees are recorded with their whole stack. Default 0: with their call
	 * site. */
	uint32_t free_stacks;
	/* Must be 0. */
	uint32_t reserved;
};

/* All defaults. For an initialisation, in C and C++. */
#define RHEAPER_CONFIG_INIT                                                              \
	{                                                                                \
		sizeof(struct rheaper_config), 0, 0, 0, 0.0, 0, 0, 0, 0, 0, 0, 0         \
	}

enum rheaper_capture {
	RHEAPER_CAPTURE_AS_LINKED = 0, /* all that the program was linked to record */
	RHEAPER_CAPTURE_OWN = 1 /* not what shared libraries allocate by themselves */
};

enum rheaper_error {
	RHEAPER_OK = 0,
	RHEAPER_ALREADY_ENABLED = 1, /* tracking is on, with another trace */
	RHEAPER_NOT_ENABLED = 2,     /* tracking is off */
	RHEAPER_BAD_VALUE = 3,       /* a field of the config is out of its range */
	RHEAPER_CANNOT_WRITE = 4,    /* the trace cannot be written: see system_error */
	RHEAPER_ABSENT = 5,          /* no runtime is linked in */
	RHEAPER_CANNOT_SCAN = 6      /* the memory cannot be scanned: see system_error */
};

/* What came of switching tracking on. */
struct rheaper_enabled {
	enum rheaper_error error;
	int system_error; /* an errno where `error` says so, else 0 */
	const char *path; /* of the trace, NULL on error; valid until tracking is enabled
			   * again */
};

/* The blocks that are live, and their bytes, by the pointers that lead to them. */
struct rheaper_leaks {
	enum rheaper_error error; /* all numbers are 0 on error */
	int system_error;         /* an errno where `error` says so, else 0 */
	/* No pointer leads to them. */
	uint64_t definitely_lost_blocks, definitely_lost_bytes;
	/* Only pointers in lost blocks do. */
	uint64_t indirectly_lost_blocks, indirectly_lost_bytes;
	/* Only pointers into their middle do. */
	uint64_t possibly_lost_blocks, possibly_lost_bytes;
	uint64_t still_reachable_blocks, still_reachable_bytes;
	/* Threads besides the calling one. A block to which only a register of such a
	 * thread points counts as lost. */
	uint32_t other_threads;
	uint32_t reserved; /* 0 */
};

/* The functions behind the inline ones below; NULL without the runtime. Call the inline
 * ones. `size` is that of *result in the caller's header. */
extern int rheaper_runtime_is_tracking(void) __attribute__((weak));
extern int rheaper_runtime_mark(const char *text) __attribute__((weak));
extern uint32_t rheaper_runtime_begin(const char *name) __attribute__((weak));
extern void rheaper_runtime_end(uint32_t scope) __attribute__((weak));
extern const char *rheaper_runtime_trace_path(void) __attribute__((weak));
extern const char *rheaper_runtime_version(void) __attribute__((weak));
extern void rheaper_runtime_enable(const struct rheaper_config *config,
				   struct rheaper_enabled *result, size_t size)
	__attribute__((weak));
extern enum rheaper_error rheaper_runtime_disable(void) __attribute__((weak));
extern void rheaper_runtime_leak_check(struct rheaper_leaks *result, size_t size)
	__attribute__((weak));
extern void rheaper_runtime_heap_snapshot(const char *name, struct rheaper_leaks *result,
					  size_t size) __attribute__((weak));

/*
 * Switches tracking on, with a new trace. `config` says what to record; NULL means all
 * defaults.
 *
 * The trace is config->profile_dir/PROGRAM.PID.trace. Without a profile_dir its path is
 * the one that RHEAPER_TRACE asks for, or, without that, PROGRAM.PID.trace in the current
 * directory. Existing files are never overwritten; the new trace gets a .1, .2, ...
 * suffix.
 *
 * Returns RHEAPER_OK and the path of the trace; RHEAPER_ALREADY_ENABLED,
 * RHEAPER_BAD_VALUE, RHEAPER_ABSENT; or RHEAPER_CANNOT_WRITE, with the errno. Blocks that
 * were allocated before and are freed now are counted as foreign. A forked child may call
 * this, and then has a trace of its own. Not in a signal handler.
 */
static inline struct rheaper_enabled
rheaper_enable_tracking(const struct rheaper_config *config)
{
	struct rheaper_enabled result = {RHEAPER_ABSENT, 0, 0};
	if (rheaper_runtime_enable)
		rheaper_runtime_enable(config, &result, sizeof(result));
	return result;
}

/*
 * Switches tracking off, whoever switched it on, and completes the trace. Blocks still
 * live then are not leaks. Returns RHEAPER_OK, RHEAPER_NOT_ENABLED or RHEAPER_ABSENT.
 * Waits for other threads that are recording an event, for a second at most. Not in a
 * signal handler.
 */
static inline enum rheaper_error rheaper_disable_tracking(void)
{
	return rheaper_runtime_disable ? rheaper_runtime_disable() : RHEAPER_ABSENT;
}

/*
 * Looks for leaks now, as RHEAPER_LEAK_SCAN=1 does when the program ends. A forked child
 * scans its copy of the memory; other threads run on meanwhile. Waits for the child,
 * which also writes what it found to the trace. The runtime then scans the end of the
 * program, too.
 *
 * Returns RHEAPER_OK and the numbers; RHEAPER_NOT_ENABLED, RHEAPER_ABSENT; or
 * RHEAPER_CANNOT_SCAN, with the errno: ENOTSUP if the trace is a sample or a ring, EBUSY
 * if another thread is scanning or the program is ending. Not in a signal handler.
 */
static inline struct rheaper_leaks rheaper_leak_check(void)
{
	struct rheaper_leaks result = {RHEAPER_ABSENT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	if (rheaper_runtime_leak_check)
		rheaper_runtime_leak_check(&result, sizeof(result));
	return result;
}

/*
 * Does what rheaper_leak_check() does, and writes to the trace, besides, which live block
 * points to which, and what else points to blocks: the graph of the heap under this
 * `name` (its first 255 bytes; NULL: "snapshot"). RHEAPER_LEAK_SCAN=graph does this when
 * the program ends, under the name "exit". rheaper-report --retained and --why say what
 * keeps memory alive. A trace may have any number of snapshots.
 *
 * Returns what rheaper_leak_check() returns. If only the graph could not be written, the
 * trace says so, and the result is that of the scan. Not in a signal handler.
 */
static inline struct rheaper_leaks rheaper_heap_snapshot(const char *name)
{
	struct rheaper_leaks result = {RHEAPER_ABSENT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	if (rheaper_runtime_heap_snapshot)
		rheaper_runtime_heap_snapshot(name, &result, sizeof(result));
	return result;
}

/* Returns 1 while allocations are being recorded, 0 while they are not, or
 * RHEAPER_NOT_LINKED. */
static inline int rheaper_is_tracking(void)
{
	return rheaper_runtime_is_tracking ? rheaper_runtime_is_tracking()
					   : RHEAPER_NOT_LINKED;
}

/*
 * Writes a mark to the trace: `text` (its first 4096 bytes) with the present time and
 * thread, which becomes a row of the table `markers`. Returns 1 if the mark was recorded,
 * 0 if nothing is being recorded, or RHEAPER_NOT_LINKED.
 */
static inline int rheaper_mark(const char *text)
{
	return rheaper_runtime_mark ? rheaper_runtime_mark(text) : RHEAPER_NOT_LINKED;
}

/*
 * Begins a scope: the time in which this thread does what `name` (its first 256 bytes)
 * says, until rheaper_end(). A scope becomes a row of the table `scopes`. Scopes nest.
 * Returns the number of the scope, or 0 if nothing is being recorded.
 */
static inline uint32_t rheaper_begin(const char *name)
{
	return rheaper_runtime_begin ? rheaper_runtime_begin(name) : 0;
}

/*
 * Ends a scope; 0 is ignored. Also ends the scopes that were begun inside this one and
 * have not ended: longjmp may have left them. Only the thread that began a scope may end
 * it. A scope that nobody ends lasts to the end of the trace. It does not go on in a
 * forked child, or in the next trace of the process: begin another one there.
 */
static inline void rheaper_end(uint32_t scope)
{
	if (scope && rheaper_runtime_end)
		rheaper_runtime_end(scope);
}

/* Returns the path of the trace that is being written, or NULL. The path is valid until
 * tracking is enabled again. */
static inline const char *rheaper_trace_path(void)
{
	return rheaper_runtime_trace_path ? rheaper_runtime_trace_path()
					  : (const char *)0;
}

/* Returns the version of the runtime that is linked in, or NULL. */
static inline const char *rheaper_version(void)
{
	return rheaper_runtime_version ? rheaper_runtime_version() : (const char *)0;
}

#ifdef __cplusplus
}

namespace rheaper
{

/* A scope that lasts as long as the object. */
class scope
{
      public:
	explicit scope(const char *name) : number(rheaper_begin(name))
	{
	}
	~scope()
	{
		rheaper_end(number);
	}

      private:
#if __cplusplus >= 201103L
	scope(const scope &) = delete;
	scope &operator=(const scope &) = delete;
#else
	scope(const scope &);
	scope &operator=(const scope &);
#endif
	const uint32_t number;
};

} // namespace rheaper
#else
static inline void rheaper_end_at(const uint32_t *scope)
{
	rheaper_end(*scope);
}
#endif

/*
 * RHEAPER_SCOPE("parse"); makes a scope of the rest of the block of code that it stands
 * in. The scope ends however that block is left: by return, break or goto, in C++ also by
 * an exception. In C an exception ends it too, if the file is compiled with -fexceptions.
 */
#define RHEAPER_JOIN_(a, b) a##b
#define RHEAPER_JOIN(a, b) RHEAPER_JOIN_(a, b)
#ifdef __cplusplus
#define RHEAPER_SCOPE(name)                                                              \
	const ::rheaper::scope RHEAPER_JOIN(rheaper_scope_, __LINE__)(name)
#else
#define RHEAPER_SCOPE(name)                                                              \
	__attribute__((cleanup(rheaper_end_at), unused)) const uint32_t RHEAPER_JOIN(    \
		rheaper_scope_, __LINE__) = rheaper_begin(name)
#endif

#endif
