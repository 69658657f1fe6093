/* SPDX-License-Identifier: MIT */
/* That rheaper.h has every field and value of its first release where it was, and that
 * its structures have no padding; that a config can be initialised. C and C++. */
#include <assert.h>

#include <rheaper.h>

#define FIRST_LAYOUT_ONLY
#include "first-release.h"

#define SAME(structure, field)                                                           \
	static_assert(offsetof(struct rheaper_##structure, field) ==                     \
				      offsetof(struct first_##structure, field) &&       \
			      sizeof(((struct rheaper_##structure *)0)->field) ==        \
				      sizeof(((struct first_##structure *)0)->field),    \
		      #field)
#define NO_PADDING(structure, last)                                                      \
	static_assert(offsetof(struct structure, last) +                                 \
				      sizeof(((struct structure *)0)->last) ==           \
			      sizeof(struct structure),                                  \
		      #structure)
#define SAME_VALUE(name) static_assert((int)RHEAPER_##name == (int)FIRST_##name, #name)

SAME(config, size);
SAME(config, max_stack_depth);
SAME(config, max_trackers);
SAME(config, tracker_event_buffer_size);
SAME(config, sample_rate);
SAME(config, profile_dir);
SAME(config, sample_bytes);
SAME(config, max_bytes);
SAME(config, ring);
SAME(config, capture);
SAME(config, free_stacks);
SAME(config, reserved);
NO_PADDING(rheaper_config, reserved);

SAME(enabled, error);
SAME(enabled, system_error);
SAME(enabled, path);
NO_PADDING(rheaper_enabled, path);

SAME(leaks, error);
SAME(leaks, system_error);
SAME(leaks, definitely_lost_blocks);
SAME(leaks, definitely_lost_bytes);
SAME(leaks, indirectly_lost_blocks);
SAME(leaks, indirectly_lost_bytes);
SAME(leaks, possibly_lost_blocks);
SAME(leaks, possibly_lost_bytes);
SAME(leaks, still_reachable_blocks);
SAME(leaks, still_reachable_bytes);
SAME(leaks, other_threads);
SAME(leaks, reserved);
NO_PADDING(rheaper_leaks, reserved);

SAME_VALUE(OK);
SAME_VALUE(ALREADY_ENABLED);
SAME_VALUE(NOT_ENABLED);
SAME_VALUE(BAD_VALUE);
SAME_VALUE(CANNOT_WRITE);
SAME_VALUE(ABSENT);
SAME_VALUE(CANNOT_SCAN);

int main(void)
{
	struct rheaper_config config = RHEAPER_CONFIG_INIT;

	return config.size != sizeof(config) || config.max_stack_depth ||
	       config.sample_rate != 0 || config.profile_dir || config.free_stacks ||
	       config.reserved;
}
