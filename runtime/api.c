/* SPDX-License-Identifier: MIT */
/*
 * The functions of include/rheaper.h. A weak reference does not bring an object
 * out of an archive, so program.c refers to this one.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <rheaper.h>

#include "config.h"
#include "runtime/leak.h"
#include "runtime/line.h"
#include "runtime/runtime.h"
#include "runtime/settings.h"
#include "runtime/start.h"
#include "runtime/switch.h"

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
	return __atomic_load_n(&RHP_STATE, __ATOMIC_RELAXED) == RHP_ON;
}

PUBLIC int rheaper_runtime_mark(const char *text)
{
	return rhp_enter(RHP_FRAME_HERE) && RHP_RUNTIME(record_mark)(text);
}

PUBLIC uint32_t rheaper_runtime_begin(const char *name)
{
	return rhp_enter(RHP_FRAME_HERE) ? RHP_RUNTIME(record_begin)(name) : 0;
}

PUBLIC void rheaper_runtime_end(uint32_t scope)
{
	if (rhp_enter(RHP_FRAME_HERE))
		RHP_RUNTIME(record_end)(scope);
}

PUBLIC const char *rheaper_runtime_trace_path(void)
{
	return rheaper_runtime_is_tracking() ? RHP_RUNTIME(switch_trace_path)() : NULL;
}

PUBLIC const char *rheaper_runtime_version(void)
{
	return RHEAPER_VERSION;
}

/* A plug-in whose constructors have not run. */
static bool nobody_leads(void)
{
#ifdef RHP_PLUGIN
	return !RHP_RUNTIME(start_switch_on);
#else
	return false;
#endif
}

/* A name that no other process takes, unless it is asked for another. */
static void choose_path(struct rhp_settings *s, const char *directory)
{
	static const char name[] = "%e.%p.trace";
	if (!directory && RHP_RUNTIME(start_asked)()->path[0]) {
		memcpy(s->path, RHP_RUNTIME(start_asked)()->path, sizeof(s->path));
		return;
	}
	struct rhp_line path = {s->path, s->path + sizeof(s->path) - sizeof(name) - 1};
	s->path[0] = '\0';
	/* Its name is no pattern. */
	for (const char *d = directory; d && *d; d++)
		rhp_line_add(&path, *d == '%' ? "%%" : (char[]){*d, '\0'});
	if (path.at + 2 >= path.end) {
		s->path[0] = '\0';
		return;
	}
	if (path.at > s->path && path.at[-1] != '/')
		*path.at++ = '/';
	memcpy(path.at, name, sizeof(name));
}

/* No padding: what a header of another age appends to it begins at its end. (On ARM some
 * is before sample_bytes.) */
static_assert(sizeof(struct rheaper_config) ==
		      offsetof(struct rheaper_config, reserved) + sizeof(uint32_t),
	      "the caller's, too");
static_assert(sizeof(struct rheaper_enabled) == 8 + sizeof(char *), "the caller's, too");
static_assert(sizeof(struct rheaper_leaks) == 80, "the caller's, too");

#define MAX_SIZE 4096 /* what claims to be larger is no config */
#define END_OF(field)                                                                    \
	(offsetof(struct rheaper_config, field) +                                        \
	 sizeof(((struct rheaper_config *)NULL)->field))

/* Whether that many bytes are whole fields. */
static bool is_a_size(uint32_t size)
{
	static const uint32_t ends[] = {
		END_OF(size),         END_OF(max_stack_depth),
		END_OF(max_trackers), END_OF(tracker_event_buffer_size),
		END_OF(sample_rate),  END_OF(profile_dir),
		END_OF(sample_bytes), END_OF(max_bytes),
		END_OF(ring),         END_OF(capture),
		END_OF(free_stacks),  END_OF(reserved),
	};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (size == ends[i])
			return true;
	return size > sizeof(struct rheaper_config) && size <= MAX_SIZE;
}

/* The config of a caller whose header may be older or newer, as this one has it. False if
 * it asks for what is not known here. */
static bool read_config(struct rheaper_config *c, const struct rheaper_config *callers)
{
	size_t known = sizeof(*c);
	memset(c, 0, sizeof(*c));
	if (!callers)
		return true;
	if (!is_a_size(callers->size))
		return false;
	memcpy(c, callers, callers->size < known ? callers->size : known);
	for (size_t i = known; i < callers->size; i++)
		if (((const char *)callers)[i] != 0)
			return false;
	return c->reserved == 0;
}

static bool settings_of(struct rhp_settings *s, const struct rheaper_config *c)
{
	rhp_settings_default(s);
	if (c->max_stack_depth)
		s->stack_depth = c->max_stack_depth;
	if (c->max_trackers)
		s->max_trackers = c->max_trackers;
	if (c->tracker_event_buffer_size)
		s->event_buffer = c->tracker_event_buffer_size;
	s->sample_bytes = c->sample_bytes;
	s->max_bytes = c->max_bytes;
	s->ring = c->ring;
	s->free_stacks = c->free_stacks;
	s->own_calls = c->capture;
	if (!(c->sample_rate >= 0 && c->sample_rate <= 1)) /* nor a NaN */
		return false;
	if (c->sample_rate > 0)
		s->sample_ppm = (uint64_t)(c->sample_rate * 1000000 + 0.5);
	choose_path(s, c->profile_dir);
	return s->path[0] && rhp_settings_are_valid(s);
}

static enum rheaper_error error_of(int result)
{
	return result == 0           ? RHEAPER_OK
	       : result == -EALREADY ? RHEAPER_ALREADY_ENABLED
				     : RHEAPER_CANNOT_WRITE;
}

static struct rheaper_enabled enable(const struct rheaper_config *config)
{
	struct rheaper_enabled result = {RHEAPER_BAD_VALUE, 0, NULL};
	struct rheaper_config c;
	struct rhp_settings s;
	rheaper_runtime_is_tracking(); /* the environment has been read */
	if (nobody_leads())
		return (struct rheaper_enabled){RHEAPER_ABSENT, 0, NULL};
	if (!read_config(&c, config) || !settings_of(&s, &c))
		return result;
	int r = RHP_RUNTIME(start_switch_on)(&s);
	result.error = error_of(r);
	if (r == 0)
		result.path = RHP_RUNTIME(switch_trace_path)();
	if (result.error == RHEAPER_CANNOT_WRITE)
		result.system_error = -r;
	return result;
}

/* As much as both headers have. The caller's inline function has zeroed the rest. */
static void give(void *result, size_t callers, const void *ours, size_t size)
{
	memcpy(result, ours, callers < size ? callers : size);
}

PUBLIC void rheaper_runtime_enable(const struct rheaper_config *config,
				   struct rheaper_enabled *result, size_t size)
{
	struct rheaper_enabled ours = enable(config);
	give(result, size, &ours, sizeof(ours));
}

PUBLIC enum rheaper_error rheaper_runtime_disable(void)
{
	rheaper_runtime_is_tracking();
	if (nobody_leads())
		return RHEAPER_ABSENT;
	int r = RHP_RUNTIME(switch_off)();
	return r == -EALREADY ? RHEAPER_NOT_ENABLED : error_of(r);
}

static struct rheaper_leaks leak_check(const void *stack, const char *snapshot)
{
	struct rhp_leak_counts c;
	struct rheaper_leaks result = {.error = RHEAPER_NOT_ENABLED};
	if (!rheaper_runtime_is_tracking())
		return result;
	int r = RHP_RUNTIME(leak_check)(stack, snapshot, &c);
	if (r < 0) {
		result.error = r == -ENODATA ? RHEAPER_NOT_ENABLED : RHEAPER_CANNOT_SCAN;
		result.system_error = r == -ENODATA ? 0 : -r;
		return result;
	}
	return (struct rheaper_leaks){
		.definitely_lost_blocks = c.blocks[RHP_LEAK_DEFINITE],
		.definitely_lost_bytes = c.bytes[RHP_LEAK_DEFINITE],
		.indirectly_lost_blocks = c.blocks[RHP_LEAK_INDIRECT],
		.indirectly_lost_bytes = c.bytes[RHP_LEAK_INDIRECT],
		.possibly_lost_blocks = c.blocks[RHP_LEAK_POSSIBLE],
		.possibly_lost_bytes = c.bytes[RHP_LEAK_POSSIBLE],
		.still_reachable_blocks = c.blocks[RHP_LEAK_REACHABLE],
		.still_reachable_bytes = c.bytes[RHP_LEAK_REACHABLE],
		.other_threads = c.other_threads,
	};
}

PUBLIC void rheaper_runtime_leak_check(struct rheaper_leaks *result, size_t size)
{
	struct rheaper_leaks ours = leak_check(__builtin_dwarf_cfa(), NULL);
	give(result, size, &ours, sizeof(ours));
}

PUBLIC void rheaper_runtime_heap_snapshot(const char *name, struct rheaper_leaks *result,
					  size_t size)
{
	struct rheaper_leaks ours =
		leak_check(__builtin_dwarf_cfa(), name ? name : "snapshot");
	give(result, size, &ours, sizeof(ours));
}
