/* SPDX-License-Identifier: MIT */
/*
 * The directory stays open until the trace is sure to stay, so that the file is removed
 * where it was made, wherever the directory's name leads by then.
 */
#include <errno.h>
#include <string.h>

#include "runtime/os-file.h"
#include "runtime/settings.h"
#include "runtime/trace-name.h"

#define MAX_SUFFIX 9999

static int directory;
static bool is_other;

/* Opens path, or path.1, path.2, ...: never a file that exists. */
static int create_unused(char *path)
{
	size_t length = strlen(path);
	const char *name = rhp_os_last_name(path);
	int fd = rhp_os_create(directory, name);
	is_other = false;
	if (fd == -EEXIST && !rhp_os_is_file(directory, name))
		return -ENOTSUP;
	for (unsigned i = 1; fd == -EEXIST && i <= MAX_SUFFIX; i++) {
		rhp_settings_append_suffix(path, length, i);
		is_other = true;
		fd = rhp_os_create(directory, name);
	}
	return fd;
}

int rhp_trace_name_create(char *path)
{
	directory = rhp_os_open_directory(path);
	if (directory < 0)
		return directory;
	int fd = create_unused(path);
	if (fd < 0)
		rhp_trace_name_keep();
	return fd;
}

bool rhp_trace_name_is_other(void)
{
	return is_other;
}

void rhp_trace_name_keep(void)
{
	rhp_os_close(directory);
}

void rhp_trace_name_remove(char *path)
{
	rhp_os_remove(directory, rhp_os_last_name(path));
	rhp_trace_name_keep();
}
