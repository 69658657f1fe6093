/* SPDX-License-Identifier: MIT */
/*
 * The view in a terminal, until the user quits. The terminal is left as it was, however
 * this ends, and the program stays when the traced one has ended.
 */
#pragma once

#include <stdbool.h>

#include "rheaper-top/rows.h"

struct model;

struct screen_options {
	int delay_ms;
	enum figure by;
	bool threads;
};

/* Whether there is a terminal to show it on; warns why not. */
bool screen_is_possible(void);

/* 0 when the user quits, or an error of model_poll. Does not return from a signal that
 * ends the program. */
int screen_run(struct model *model, const struct screen_options *options);
