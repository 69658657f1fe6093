/* SPDX-License-Identifier: MIT */
/* rheaper.h alone, in a program without the runtime, pedantically. */
#include <rheaper.h>

int main(void)
{
	return rheaper_is_tracking() != RHEAPER_NOT_LINKED ||
	       rheaper_mark("a mark") != RHEAPER_NOT_LINKED || rheaper_trace_path() ||
	       rheaper_version();
}
