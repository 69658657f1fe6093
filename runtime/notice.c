/* SPDX-License-Identifier: MIT */
/*
 * Standard error may be another file by the end of the program, and the process a forked
 * child: both are compared with those of the beginning.
 */
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "runtime/line.h"
#include "runtime/notice.h"
#include "runtime/os-file.h"
#include "runtime/os-process.h"
#include "runtime/settings.h"

static uint64_t terminal[2]; /* which one it is */
static int speaker;          /* the process that has it, 0: none */

static void say(const char *what, const char *path)
{
	char text[RHP_PATH_SIZE + 128];
	struct rhp_line line = {text, text + sizeof(text)};
	rhp_line_add(&line, "rheaper: ");
	rhp_line_add(&line, what);
	rhp_line_add(&line, path);
	rhp_line_add(&line, "\n");
	rhp_os_complain(text, (size_t)(line.at - text));
}

void rhp_notice_begin(const char *path, bool is_other)
{
	bool is_heard = rhp_os_is_terminal(STDERR_FILENO) &&
			rhp_os_file_id(STDERR_FILENO, terminal) == 0;
	speaker = is_heard ? rhp_os_pid() : 0;
	if (is_heard && is_other)
		say("the name that RHEAPER_TRACE has is taken; the trace of this run is ",
		    path);
}

void rhp_notice_end(const char *path)
{
	uint64_t now[2];
	if (speaker == 0 || speaker != rhp_os_pid())
		return;
	if (rhp_os_file_id(STDERR_FILENO, now) == 0 && now[0] == terminal[0] &&
	    now[1] == terminal[1])
		say("the trace of this run is ", path);
}
