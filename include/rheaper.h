/* SPDX-License-Identifier: MIT */
/*
 * What a program may say to the rheaper that was linked into it. Nothing here is
 * needed to be profiled: build with rheaper-cc and run with RHEAPER_TRACE=PATH.
 *
 * A program that calls these functions still links with a plain compiler: they
 * are weak, and where no runtime is linked in they do nothing and say so. All
 * may be called from any thread at any time, allocate nothing, and keep errno.
 */
#ifndef RHEAPER_H
#define RHEAPER_H

#ifdef __cplusplus
extern "C" {
#endif

#define RHEAPER_NOT_LINKED (-1)

/* The functions behind the inline ones below; NULL without the runtime. */
extern int rheaper_runtime_is_tracking(void) __attribute__((weak));
extern int rheaper_runtime_mark(const char *text) __attribute__((weak));
extern const char *rheaper_runtime_trace_path(void) __attribute__((weak));
extern const char *rheaper_runtime_version(void) __attribute__((weak));

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

/* The path of the trace being written, or NULL. It stays valid. */
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
#endif

#endif
