/* SPDX-License-Identifier: MIT */
/*
 * What a build says of itself: NAME=VALUE labels, which become a note in the binary
 * (contract/note.h).
 */
#pragma once

#include <stddef.h>

#include "contract/note.h"

struct labels {
	char *text[RHP_LABELS_MAX]; /* NAME=VALUE */
	size_t n;
};

/*
 * Adds a label, and replaces an earlier one of the same name. A name begins with a small
 * letter, and has small letters, digits, dots and underscores; a value is UTF-8 without
 * control characters, and not empty. Returns NULL, or what is wrong.
 */
const char *labels_add(struct labels *labels, const char *text);

/* Adds the labels in `text`, which commas separate. Returns NULL, or what is wrong. */
const char *labels_add_list(struct labels *labels, const char *text);

/*
 * Makes an object that has the note, from the template in `archive_dir` with the target's
 * suffix. Returns a path that the linker can open while this process, or what it
 * executes, lives; the caller frees it. Dies if it cannot be made.
 */
char *labels_object(const struct labels *labels, const char *archive_dir,
		    const char *suffix);

void labels_fini(struct labels *labels);
