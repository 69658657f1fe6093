/* SPDX-License-Identifier: MIT */
/*
 * What RHEAPER_* says. Read once, when the runtime starts; a value that makes
 * no sense is named in one line on stderr, and the default stands.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/cc.h"

#define RHP_PATH_SIZE 4096

struct rhp_settings {
	char path[RHP_PATH_SIZE]; /* of the trace: RHEAPER_TRACE; "" is off */
	uint32_t stack_depth;     /* RHEAPER_STACK_DEPTH */
	uint32_t max_trackers;    /* RHEAPER_MAX_TRACKERS */
	uint32_t event_buffer;    /* RHEAPER_EVENT_BUFFER, records */
	uint64_t max_bytes;       /* RHEAPER_MAX_BYTES, 0 is no limit */
	uint32_t ring; /* RHEAPER_MAX_BYTES with ",ring": the newest bytes are kept */
	uint32_t free_stacks;   /* RHEAPER_FREE_STACKS: whole stacks of frees, too */
	uint64_t sample_bytes;  /* RHEAPER_SAMPLE_BYTES, mean distance; 0: everything */
	uint64_t sample_ppm;    /* RHEAPER_SAMPLE_RATE in millionths */
	uint64_t sample_seed;   /* RHEAPER_SAMPLE_SEED, 0: another one in each run */
	uint32_t follow_fork;   /* RHEAPER_FOLLOW_FORK: children have their own traces */
	uint32_t start;         /* RHEAPER_START, 0: tracking waits to be switched on */
	uint32_t signal;        /* RHEAPER_SIGNAL, which switches it; 0: none does */
	uint32_t leak_scan;     /* RHEAPER_LEAK_SCAN: enum rhp_leak_scan, at exit */
	uint32_t bus_errors;    /* RHEAPER_SIGBUS, 0: no handler for it */
	uint32_t keep_symbols;  /* RHEAPER_SYMBOLS=keep: copies of what was traced */
	uint64_t symbols_bytes; /* RHEAPER_SYMBOLS_BYTES, at most of these */
	uint32_t usdt;          /* RHEAPER_USDT: sampled blocks pass static probes */
	uint32_t quiet;         /* RHEAPER_QUIET: a terminal is not told of the trace */
	/* Not from the environment: what shared libraries allocate is left out. */
	uint32_t own_calls;
	uint32_t capture; /* enum rhp_capture: as linked, or less because of own_calls */
};

/* Reads an environment of NAME=VALUE strings. Allocates nothing. */
HIDDEN void rhp_settings_read(struct rhp_settings *settings, char *const *environment);

/* Sets every field but the path to its default. The table in settings.c has the only copy
 * of these, for the environment and for rheaper.h. */
HIDDEN void rhp_settings_default(struct rhp_settings *settings);

/* Sets the path, with %p, %e, %t and %% of the pattern replaced. */
HIDDEN void rhp_settings_expand_path(struct rhp_settings *settings, const char *pattern);

/* Whether all numbers lie within the bounds of their variables. */
HIDDEN bool rhp_settings_are_valid(const struct rhp_settings *settings);

/* Writes ".number" at path + length; leaves path alone if there is no room. */
HIDDEN void rhp_settings_append_suffix(char *path, size_t length, unsigned number);

/* "rheaper: WHAT PATH: error NUMBER (NAME)" as one line on stderr. */
HIDDEN void rhp_settings_complain(const char *what, const char *object, int error);
