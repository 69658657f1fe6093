/* SPDX-License-Identifier: MIT */
/*
 * The data that is shown, however it is shown: the trace that is followed, its call sites
 * and threads, and what changed in the last interval.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "following/follow.h"
#include "rheaper-top/rows.h"
#include "rheaper-top/sites.h"

struct stack_settings;

struct model {
	struct follow *follow;
	struct follow_status status;
	double allocation_rate, byte_rate, free_rate; /* per second, in the interval */
	struct sites sites;
	struct rows threads;
	char *name; /* the thread name that model_name returned last */
};

/* Open a model as follow_open does. What the settings point to must outlive the model. */
int model_open(struct model *model, const char *path, pid_t pid,
	       const struct stack_settings *settings, bool full_names);
void model_close(struct model *model);

/* Read on, as follow_poll does. */
int model_poll(struct model *model, int milliseconds);

/* End the interval: update what is shown from what has been read. Returns 0 or
 * -ENOMEM. */
int model_update(struct model *model);

/* Return the rows of one of the two views; and the name of a row, with control characters
 * escaped, until the next call (NULL: out of memory). */
struct rows *model_rows(struct model *model, bool threads);
const char *model_name(struct model *model, bool threads, uint32_t id);

/* The same; of a site with the way to it, as sites_way has it. */
const char *model_way(struct model *model, bool threads, uint32_t id);
