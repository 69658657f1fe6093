/* SPDX-License-Identifier: MIT */
/* Follows the traces in a directory and sends their windows, until a signal ends it. */
#pragma once

struct growing_settings;
struct send;

struct watch {
	const char *directory;
	int interval_ms; /* between two looks */
	int max_backoff_ms;
	long long max_age_s; /* traces that were written last before are left alone; 0 */
	const struct growing_settings *settings;
	struct send *send;
	/* Counted here */
	unsigned long n_followed, n_left;
};

/*
 * Watch until SIGINT or SIGTERM comes: at each look read what is new, cut, and send. A
 * trace that cannot be read is said once, and left alone. Dies if the directory cannot be
 * read.
 */
void watch_run(struct watch *watch);
