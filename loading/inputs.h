/* SPDX-License-Identifier: MIT */
/*
 * The traces of a load, in the order in which their programs began, whatever the order
 * they were named in. For load.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trace/format.h"

struct input {
	const char *path;
	uint64_t size;
	struct rhp_file_header header;
};

/* Look at every trace; dies of one that is none, and of one that is there twice. For
 * the caller to free. */
struct input *inputs_open(const char *const *paths, size_t n);

/* Dies of an error of the reader. */
_Noreturn void input_die(const char *path, int error);
