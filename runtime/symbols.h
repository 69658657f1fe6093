/* SPDX-License-Identifier: MIT */
/*
 * RHEAPER_SYMBOLS=keep: copies of what the trace has addresses in go to the cache of
 * symbols (contract/symbol-cache.h), so that a rebuild does not take their names away.
 * The program itself is copied when tracing begins, shared libraries when it ends. Not on
 * the path of an event, and not in a signal handler.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/cc.h"

/* Chooses the directory by an environment of NAME=VALUE strings, and keeps at most that
 * many bytes in it. Until then the functions below do nothing. */
HIDDEN void rhp_symbols_start(char *const *environment, uint64_t max_bytes);

/* Notes a module that has come into the trace, by its path in two parts. Calls must not
 * overlap. */
HIDDEN void rhp_symbols_note(const char *directory, size_t directory_size,
			     const char *path, const uint8_t *build_id,
			     size_t build_id_size);

/* Copies the program that this process runs, or the modules noted since the last time;
 * nothing that the cache has already. If another thread is at it, nothing. */
HIDDEN void rhp_symbols_keep_program(void);
HIDDEN void rhp_symbols_keep_modules(void);
