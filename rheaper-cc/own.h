/* SPDX-License-Identifier: MIT */
/*
 * The driver's own words (--rheaper-*) and variables.
 */
#pragma once

#include <stdbool.h>

#include "rheaper-cc/cmdline.h"
#include "rheaper-cc/declare.h"
#include "rheaper-cc/labels.h"

enum own_action {
	OWN_RUN,       /* run the compiler */
	OWN_SHOW,      /* print the command */
	OWN_SHOW_LINK, /* print what a link must gain */
	OWN_EXPLAIN,
	OWN_LIST,
	OWN_HELP,
	OWN_VERSION,
};

struct own {
	enum own_action action;
	enum cmd_capture capture;
	bool plugins;     /* shared libraries record by themselves */
	bool off;         /* RHEAPER_CC=off */
	bool no_families; /* no allocator is known by the name of its library */
	struct declared_list declared;
	struct labels labels;
	struct words user; /* the words for the compiler */
};

/*
 * Splits a command line into the driver's own words and those of the compiler, and reads
 * RHEAPER_CC, RHEAPER_LABELS and RHEAPER_CC_FLAGS, which own words on the line override.
 * The argument of an own word may be the next word. Ends the program with status 2 if an
 * own word is wrong.
 */
void own_parse(int argc, char **argv, struct own *own);

/* Prints the answer to OWN_LIST (of a target; NULL: this machine), OWN_HELP or
 * OWN_VERSION. */
void own_answer(enum own_action action, const struct target *target);
