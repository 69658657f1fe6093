/* SPDX-License-Identifier: MIT */
/* Marks, in time order, between the allocations they stand between. */
#include <stdlib.h>

#include "../../include/rheaper.h"

int main(void)
{
	if (rheaper_is_tracking() != 1 || !rheaper_trace_path() || !rheaper_version())
		return 1;
	if (rheaper_mark("before; 'quoted'") != 1)
		return 2;
	free(malloc(5150));
	return rheaper_mark("after") == 1 ? 0 : 3;
}
