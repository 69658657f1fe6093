/* SPDX-License-Identifier: MIT */
/*
 * Which processes of a database a program is about: those of a run, or one. Every
 * function dies if the database cannot be read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;
struct rows;
struct row_list;

struct choice {
	int64_t run;     /* 0: any */
	int64_t process; /* 0: any */
};

/* The processes of a choice, which is parameters 1 and 2 of the query. */
#define CHOICE_PROCESSES                                                                 \
	"(SELECT process FROM processes WHERE ?1 IN (0, run) AND ?2 IN (0, process))"

/*
 * Choose by what the user said: `run` is a number, a label (of several runs that have it
 * the last one), "all", or NULL; `process` a number, or 0. If neither is said, the last
 * run is chosen. Dies if there is no such run or process. *n_runs becomes the number of
 * runs if the last one was chosen unasked, else 0.
 */
struct choice choice_make(const struct database *database, const char *run,
			  int64_t process, size_t *n_runs);

/* Return how many processes a choice has, and at *largest, unless NULL, the one of them
 * whose peak is the highest (0: none). */
size_t choice_count(const struct database *database, const struct choice *choice,
		    int64_t *largest);

/* rows_open, with a choice as parameters 1 and 2. */
struct rows *choice_open(const struct database *database, const struct choice *choice,
			 const struct row_list *list, const char *rest);
