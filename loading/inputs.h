/* SPDX-License-Identifier: MIT */
/*
 * The traces of a load, sorted by the time when their programs began: a database does not
 * depend on the order of the arguments. For load.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "contract/format.h"

struct input {
	const char *path;
	uint64_t size;
	struct rhp_file_header header;
};

/*
 * Open each of the n traces, read its header and close it again. Returns n inputs,
 * sorted, for the caller to free. Warns of later traces (analysis/later.h). Dies if a
 * file is not a trace or a trace is named twice.
 */
struct input *inputs_open(const char *const *paths, size_t n);

/* Die with the reader's explanation of `error`, which is -errno or a reader_problem. */
_Noreturn void input_die(const char *path, int error);
