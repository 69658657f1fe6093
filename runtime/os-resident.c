/* SPDX-License-Identifier: MIT */
#include "runtime/os-file.h"
#include "runtime/os-memory.h"
#include "runtime/os-resident.h"

/* "SIZE RESIDENT ...", in pages. */
uint64_t rhp_os_resident(void)
{
	char text[128];
	uint64_t pages = 0;
	if (rhp_os_read_file("/proc/self/statm", text, sizeof(text)) <= 0)
		return 0;
	const char *at = text;
	while (*at >= '0' && *at <= '9')
		at++;
	for (at += *at == ' '; *at >= '0' && *at <= '9'; at++)
		pages = 10 * pages + (uint64_t)(*at - '0');
	return pages * rhp_os_page_size();
}
