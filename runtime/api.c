/* SPDX-License-Identifier: MIT */
/*
 * The functions of include/rheaper.h. A weak reference does not bring an object
 * out of an archive, so start.c refers to this one.
 */
#include <rheaper.h>

#include "config.h"
#include "runtime/runtime.h"
#include "runtime/start.h"

/* A plug-in keeps them to itself: its host may have others. */
#ifdef RHP_PLUGIN
#define PUBLIC HIDDEN
#else
#define PUBLIC __attribute__((visibility("default")))
#endif

const char rhp_api_present;

PUBLIC int rheaper_runtime_is_tracking(void)
{
	/* Entering decides, if nothing was allocated yet; it fails inside one. */
	rhp_enter(RHP_FRAME_HERE);
	return __atomic_load_n(&RHP_STATE, __ATOMIC_RELAXED) == RHP_ACTIVE;
}

PUBLIC int rheaper_runtime_mark(const char *text)
{
	return rhp_enter(RHP_FRAME_HERE) && RHP_RUNTIME(record_mark)(text);
}

PUBLIC const char *rheaper_runtime_trace_path(void)
{
	return rheaper_runtime_is_tracking() ? RHP_RUNTIME(start_trace_path)() : NULL;
}

PUBLIC const char *rheaper_runtime_version(void)
{
	return RHEAPER_VERSION;
}
