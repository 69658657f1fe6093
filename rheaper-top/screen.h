/* SPDX-License-Identifier: MIT */
/*
 * Shows the view in a terminal, until the user quits; it stays when the traced program
 * has ended. The terminal is restored, however this ends.
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

/* Return whether there is a terminal for the view. Warns if there is none. */
bool screen_is_possible(void);

/* Show the view. Returns 0 when the user quits, or an error of model_poll. A signal that
 * ends the program restores the terminal first. */
int screen_run(struct model *model, const struct screen_options *options);
