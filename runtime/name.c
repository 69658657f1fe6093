/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "runtime/name.h"
#include "runtime/os-clock.h"
#include "runtime/os-process.h"

void rhp_name_thread(struct rhp_stream *s, uint32_t thread, int tid)
{
	char name[RHP_OS_NAME_SIZE];
	rhp_os_thread_name(0, name);
	rhp_stream_thread(s, thread, (uint64_t)tid, name);
}

static void tell(struct rhp_stream *s, const char name[RHP_OS_NAME_SIZE],
		 struct rhp_stream *to)
{
	if (s->thread == 0 || name[0] == '\0' ||
	    memcmp(name, s->name, sizeof(s->name)) == 0)
		return;
	struct rhp_stream_text text = {name, strnlen(name, RHP_OS_NAME_SIZE)};
	rhp_stream_blob(to, RHP_BLOB_NAME, s->thread, rhp_os_ticks(), &text, 1);
}

void rhp_name_again(struct rhp_stream *s)
{
	char name[RHP_OS_NAME_SIZE];
	rhp_os_thread_name(0, name);
	tell(s, name, s);
	memcpy(s->name, name, sizeof(s->name));
}

void rhp_name_other(struct rhp_stream *s, int tid, struct rhp_stream *to)
{
	char name[RHP_OS_NAME_SIZE];
	rhp_os_thread_name(tid, name);
	tell(s, name, to);
}
