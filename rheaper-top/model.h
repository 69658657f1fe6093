/* SPDX-License-Identifier: MIT */
/*
 * All that is shown, without a word about how: the trace as it is followed, its call
 * sites and threads, and what changed over the last interval.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rheaper-top/follow.h"
#include "rheaper-top/rows.h"
#include "rheaper-top/sites.h"

struct symbol_settings;

struct model {
	struct follow *follow;
	struct follow_status status;
	double allocation_rate, byte_rate, free_rate; /* a second, over the interval */
	struct names *names;
	struct sites sites;
	struct rows threads;
	char *name; /* of a thread, formatted last */
};

/* As follow_open. Names are offsets without settings, which live as long as it does. */
int model_open(struct model *model, const char *path, pid_t pid,
	       const struct symbol_settings *settings);
void model_close(struct model *model);

/* As follow_poll. */
int model_poll(struct model *model, int milliseconds);

/* End the interval: set what is shown to what has been read. 0 or -ENOMEM. */
int model_update(struct model *model);

/* The rows of one of the two views, and what a row of it is called, harmless to a
 * terminal (NULL: out of memory). */
struct rows *model_rows(struct model *model, bool threads);
const char *model_name(struct model *model, bool threads, uint32_t id);
