/* SPDX-License-Identifier: MIT */
/*
 * The labels of what is sent. Each combination of values is a series of its own in an
 * engine, which keeps it for ever: so only names that are on a list are taken, and none
 * whose values never come again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct push_label {
	char *name, *value;
};

struct push_labels {
	struct push_label *labels; /* sorted by name */
	size_t n, n_max;
	const char **allowed; /* by the user, beside the list; the caller's */
	size_t n_allowed;
};

/*
 * Add a label, and replace an older one of its name. Short names become those of
 * OpenTelemetry: service, version, commit, env, host, instance, region. Returns NULL, or
 * why it cannot be taken. Dies if memory runs out.
 */
const char *push_labels_add(struct push_labels *labels, const char *name,
			    const char *value);

/* Add "NAME=VALUE" in the same way. */
const char *push_labels_add_text(struct push_labels *labels, const char *text);

/* Return the value of a label by its full name, or NULL. */
const char *push_labels_find(const struct push_labels *labels, const char *name);

/* Add copies of all labels of `more`, which were allowed. */
void push_labels_add_all(struct push_labels *labels, const struct push_labels *more);

void push_labels_fini(struct push_labels *labels);
