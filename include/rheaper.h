/* SPDX-License-Identifier: MIT */
/*
 * What a program may say to the rheaper that was linked into it. Nothing here is
 * needed to be profiled: build with rheaper-cc and run with RHEAPER_TRACE=PATH.
 *
 * A program that calls these functions still links with a plain compiler: they
 * are weak, and where no runtime is linked in they do nothing and say so. All
 * may be called from any thread at any time (but see the two that switch), allocate
 * nothing, and keep errno.
 */
#ifndef RHEAPER_H
#define RHEAPER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RHEAPER_NOT_LINKED (-1)

/* What is recorded, and how. A field of 0 means the default. */
struct rheaper_config {
	uint32_t max_stack_depth;           /* frames of a stack, 1 to 1024: 30 */
	uint32_t max_trackers;              /* threads that record each for itself: 200 */
	uint32_t tracker_event_buffer_size; /* events, 500 to 1000000: 5000 */
	double sample_rate; /* share of the allocations whose stack is taken, to 1: 1 */
	const char *profile_dir; /* where the trace goes: see below */
	uint64_t sample_bytes;   /* mean distance of sampled bytes: every block */
	uint64_t max_bytes;      /* size at which the trace ends: none */
	uint32_t ring;           /* 1: it goes on, and the newest max_bytes are kept */
	uint32_t scope;          /* enum rheaper_scope */
	uint32_t free_stacks; /* 1: the stacks of frees too, not only their call sites */
};

enum rheaper_scope {
	RHEAPER_SCOPE_AS_LINKED = 0, /* all that the program was linked to record */
	RHEAPER_SCOPE_OWN = 1        /* of allocations, those that its own objects call */
};

enum rheaper_error {
	RHEAPER_OK = 0,
	RHEAPER_ALREADY_ENABLED = 1, /* tracking is on, with another trace */
	RHEAPER_NOT_ENABLED = 2,
	RHEAPER_BAD_VALUE = 3,    /* a field of the config is out of its range */
	RHEAPER_CANNOT_WRITE = 4, /* the trace: system_error says why */
	RHEAPER_ABSENT = 5,       /* the runtime is not linked in */
	RHEAPER_CANNOT_SCAN = 6   /* for leaks: system_error says why */
};

struct rheaper_enabled {
	enum rheaper_error error;
	int system_error; /* an errno, or 0 */
	const char *path; /* of the trace; valid until tracking is enabled again */
};

/* Blocks that are live, and their bytes, by what pointers there are to them. */
struct rheaper_leaks {
	enum rheaper_error error;
	int system_error;                                       /* an errno, or 0 */
	uint64_t definitely_lost_blocks, definitely_lost_bytes; /* none */
	uint64_t indirectly_lost_blocks,
		indirectly_lost_bytes;                      /* only from lost blocks */
	uint64_t possibly_lost_blocks, possibly_lost_bytes; /* only into their middle */
	uint64_t still_reachable_blocks, still_reachable_bytes;
	uint32_t other_threads; /* than the calling one: not 0, what only registers of
				 * theirs point to counts as lost */
};

/* The functions behind the inline ones below; NULL without the runtime. */
extern int rheaper_runtime_is_tracking(void) __attribute__((weak));
extern int rheaper_runtime_mark(const char *text) __attribute__((weak));
extern uint32_t rheaper_runtime_begin(const char *name) __attribute__((weak));
extern void rheaper_runtime_end(uint32_t scope) __attribute__((weak));
extern const char *rheaper_runtime_trace_path(void) __attribute__((weak));
extern const char *rheaper_runtime_version(void) __attribute__((weak));
extern struct rheaper_enabled rheaper_runtime_enable(const struct rheaper_config *config)
	__attribute__((weak));
extern enum rheaper_error rheaper_runtime_disable(void) __attribute__((weak));
extern struct rheaper_leaks rheaper_runtime_leak_check(void) __attribute__((weak));

/*
 * Switches tracking on. The trace is PROGRAM.PID.trace in profile_dir; without one it
 * has the name that RHEAPER_TRACE asks for, or lies in the current directory. A file
 * that is there stays, and .1, .2, ... is appended. NULL: all defaults. Blocks that
 * were allocated before and are freed now are counted as foreign. Not in a signal
 * handler.
 */
static inline struct rheaper_enabled
rheaper_enable_tracking(const struct rheaper_config *config)
{
	struct rheaper_enabled absent = {RHEAPER_ABSENT, 0, (const char *)0};
	return rheaper_runtime_enable ? rheaper_runtime_enable(config) : absent;
}

/*
 * Switches tracking off, whoever switched it on. When it returns the trace is complete;
 * what is still allocated was live when it ended, and is no leak. Not in a signal
 * handler.
 */
static inline enum rheaper_error rheaper_disable_tracking(void)
{
	return rheaper_runtime_disable ? rheaper_runtime_disable() : RHEAPER_ABSENT;
}

/*
 * Looks for leaks now, as RHEAPER_LEAK_SCAN=1 does when the program ends: in a copy of
 * its memory (a forked child), while other threads run on. Waits for the result, which
 * is in the trace, too; and the end of the program is scanned then. Not of a sample or a
 * ring (ENOTSUP), nor twice at a time (EBUSY); not in a signal handler.
 */
static inline struct rheaper_leaks rheaper_leak_check(void)
{
	struct rheaper_leaks absent = {RHEAPER_ABSENT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	return rheaper_runtime_leak_check ? rheaper_runtime_leak_check() : absent;
}

/* 1 if allocations are being recorded, 0 if not, RHEAPER_NOT_LINKED. */
static inline int rheaper_is_tracking(void)
{
	return rheaper_runtime_is_tracking ? rheaper_runtime_is_tracking()
					   : RHEAPER_NOT_LINKED;
}

/*
 * Notes `text` (at most 4096 bytes are kept) with the present time and thread in
 * the trace: a row of the table `markers`. 1 if it was recorded, 0 if nothing is
 * being recorded, RHEAPER_NOT_LINKED.
 */
static inline int rheaper_mark(const char *text)
{
	return rheaper_runtime_mark ? rheaper_runtime_mark(text) : RHEAPER_NOT_LINKED;
}

/*
 * A scope: what this thread does between the two calls. A row of the table `scopes`,
 * with its name (at most 256 bytes are kept). Begin returns the number that end takes;
 * 0 if nothing is recorded, which end ignores. An end also ends the scopes that were
 * begun inside its own and did not end, those that longjmp left for example. To be ended
 * by the thread that began it; a scope without an end lasts to the end of the trace.
 */
static inline uint32_t rheaper_begin(const char *name)
{
	return rheaper_runtime_begin ? rheaper_runtime_begin(name) : 0;
}

static inline void rheaper_end(uint32_t scope)
{
	if (scope && rheaper_runtime_end)
		rheaper_runtime_end(scope);
}

/* The path of the trace being written, or NULL. Valid until tracking is enabled again. */
static inline const char *rheaper_trace_path(void)
{
	return rheaper_runtime_trace_path ? rheaper_runtime_trace_path()
					  : (const char *)0;
}

/* The version of the runtime linked in, or NULL. */
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
 * RHEAPER_SCOPE("parse"); makes a scope of the rest of the block it stands in, however
 * that is left: by return, break, goto, in C++ by an exception; in C by one too with
 * -fexceptions.
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
