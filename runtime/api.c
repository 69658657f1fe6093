/* SPDX-License-Identifier: MIT */
/*
 * The functions of include/rheaper.h. A weak reference does not bring an object
 * out of an archive, so start.c refers to this one.
 */
#include <rheaper.h>

#include <string.h>

#include "config.h"
#include "runtime/os.h"
#include "runtime/runtime.h"
#include "runtime/start.h"
#include "runtime/tracker.h"

#define PUBLIC __attribute__((visibility("default")))
#define MAX_MARK 4096

const char rhp_api_present;

PUBLIC int rheaper_runtime_is_tracking(void)
{
	/* Entering decides, if nothing was allocated yet; it fails inside one. */
	rhp_enter(RHP_FRAME_HERE);
	return __atomic_load_n(&rhp_control.state, __ATOMIC_RELAXED) == RHP_ACTIVE;
}

PUBLIC int rheaper_runtime_mark(const char *text)
{
	if (!rhp_enter(RHP_FRAME_HERE))
		return 0;
	struct rhp_tracker *t = rhp_tracker_get();
	int recorded = 0;
	if (t) {
		struct rhp_stream_text part = {text, strnlen(text, MAX_MARK)};
		recorded = rhp_stream_blob(&t->stream, RHP_BLOB_MARK, rhp_thread.number,
					   rhp_os_ticks(), &part, 1);
		rhp_tracker_done(t);
	}
	return recorded;
}

PUBLIC const char *rheaper_runtime_trace_path(void)
{
	return rheaper_runtime_is_tracking() ? rhp_start_trace_path() : NULL;
}

PUBLIC const char *rheaper_runtime_version(void)
{
	return RHEAPER_VERSION;
}
