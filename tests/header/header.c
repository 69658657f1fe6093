/* SPDX-License-Identifier: MIT */
/* rheaper.h alone, in a program without the runtime, pedantically. */
#include <rheaper.h>

static int nested(void)
{
	RHEAPER_SCOPE("outer");
	RHEAPER_SCOPE("inner");
	{
		RHEAPER_SCOPE("innermost");
		return rheaper_is_tracking();
	}
}

static int enable(void)
{
	struct rheaper_config config = RHEAPER_CONFIG_INIT;
	config.capture = RHEAPER_CAPTURE_OWN;
	return rheaper_enable_tracking(&config).error != RHEAPER_ABSENT ||
	       rheaper_leak_check().error != RHEAPER_ABSENT ||
	       rheaper_disable_tracking() != RHEAPER_ABSENT;
}

int main(void)
{
	uint32_t scope = rheaper_begin("by hand");
	rheaper_end(scope);
	return scope || enable() || nested() != RHEAPER_NOT_LINKED ||
	       rheaper_mark("a mark") != RHEAPER_NOT_LINKED || rheaper_trace_path() ||
	       rheaper_version();
}
