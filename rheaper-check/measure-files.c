// SPDX-License-Identifier: MIT
/*
 * Whose function a frame is, where its name does not tell: programs have namespaces core
 * and alloc as Rust's library has them, and functions clone and getline. The source file
 * tells: that of a library's function is not among the program's.
 */
#include <string.h>

#include "analysis/libraries.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/measure-parts.h"

#define N(list) (sizeof(list) / sizeof(*(list)))

static bool begins_with(const char *path, const char *part)
{
	return strncmp(path, part, strlen(part)) == 0;
}

/* Installed by others, with names that no two of them have. `below` is the rest of the
 * path below the root of the sources, or NULL: a project may be in such a directory, but
 * where that is below the root, as all are below "/", it is the system's again. */
static bool is_of_system(const char *path, const char *below)
{
	static const char *const directories[] = {
		"/lib/",           "/lib32/",           "/lib64/",
		"/libx32/",        "/usr/lib/",         "/usr/lib32/",
		"/usr/lib64/",     "/usr/libx32/",      "/usr/include/",
		"/usr/local/lib/", "/usr/local/lib64/", "/usr/local/include/",
		"/rustc/",         "/rust/deps/",
	};
	static const char *const parts[] = {"/include/c++/", "/c++/v1/", "/rustlib/src/"};

	for (size_t i = 0; i < N(directories); i++) {
		if (begins_with(path, directories[i]) &&
		    (!below || begins_with(below, directories[i] + 1)))
			return true;
	}
	for (size_t i = 0; i < N(parts); i++) {
		if (strstr(path, parts[i]))
			return true;
	}
	return false;
}

/* Files of libc have relative names, as those of a program that was told to have such. */
bool reading_is_own(const struct measure_frame *frame)
{
	return frame->file && frame->is_below_root &&
	       !is_of_system(frame->file, frame->path) &&
	       (frame->file[0] == '/' || !library_has_module(frame->module));
}

/* Whether its module is a library of the system's. */
static bool is_installed(const struct process *process, const struct measure_frame *frame)
{
	return strcmp(frame->module, process->path) != 0 &&
	       is_of_system(frame->module, NULL);
}

/* Whether it has no source file. Plug-ins have functions of one name, and outside of a
 * library's own module one that is named like its functions may be the program's. */
static bool lacks_file(const struct process *process, const struct measure_frame *frame)
{
	return !(frame->is_bare && library_has_module(frame->module)) && !frame->file &&
	       !frame->is_unnamed && !frame->linked &&
	       (strcmp(frame->module, process->path) == 0 || frame->module[0] == '/');
}

/* Whether nobody knows the directory of its file; or, where it has a library's name,
 * whose it is. */
static bool lacks_directory(const struct measure_frame *frame)
{
	return frame->file && !frame->is_below_root && !is_of_system(frame->path, NULL) &&
	       !library_has_module(frame->module);
}

/* A program has one `main`, which of Rust's has no file. */
const char *reading_find_lack(const struct process *process,
			      const struct measure_stack *stack, size_t n)
{
	const char *lack = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct measure_frame *frame = stack->frames[i];
		bool counts = frame->plain[0] && !is_installed(process, frame);
		bool is_main = strcmp(frame->plain, "main") == 0;

		if (counts && !is_main && lacks_file(process, frame))
			return measure_no_files;
		if (counts && lacks_directory(frame))
			lack = measure_no_directories;
		if (is_main)
			break;
	}
	return lack;
}
