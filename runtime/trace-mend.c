/* SPDX-License-Identifier: MIT */
/*
 * The file was cut short, or its disk is full and of a kind that copies what is written
 * again: the page becomes one of memory, the store is made again there, and nothing more
 * is written to the file.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "runtime/os-file.h"
#include "runtime/os-memory.h"
#include "runtime/os-signal.h"
#include "runtime/trace-file.h"
#include "runtime/trace-mend.h"
#include "runtime/trace-parts.h"
#include "runtime/trace-write.h"

static bool is_mapped(uintptr_t address)
{
	/* Its size is where the first region begins. */
	uintptr_t head = (uintptr_t)rhp_trace.header;
	return (head && address - head < rhp_trace.first.first_region) ||
	       rhp_trace_in_window(address);
}

/* The kernel does not say why, unless it is asked to write. */
static int why_it_failed(void)
{
	int r = rhp_trace_check();
	if (r == 0)
		r = rhp_os_write(rhp_trace.fd, 0, rhp_trace.first.magic,
				 sizeof(rhp_trace.first.magic), NULL, 0);
	return r < 0 ? r : -EIO;
}

bool rhp_trace_mend(uintptr_t address)
{
	if (!is_mapped(address))
		return false;
	int why = why_it_failed();
	/* Before a copy of the header is there that says less than the file has. */
	__atomic_store_n(&rhp_trace.mended, (uint32_t)-why, __ATOMIC_SEQ_CST);
	void *page = rhp_os_replace_page(address);
	if (page == rhp_trace.header)
		memcpy(page, &rhp_trace.first, sizeof(rhp_trace.first));
	/* The header may be the next page that is not there. */
	rhp_os_unblock(SIGBUS);
	if (page)
		rhp_trace_fail(why, RHP_LOST_IO);
	return page != NULL;
}
