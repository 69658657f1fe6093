/* SPDX-License-Identifier: MIT */
/*
 * How the runtime starts: with the first wrapped call of the process, of a forked child,
 * or after somebody outside asked for a trace (rhp_enter_slowly() in runtime.h), or
 * before anything of the program runs.
 */
#pragma once

#include <stdbool.h>

#include "runtime/cc.h"

/* The settings that the environment asks for; all zeros until it was read. */
struct rhp_settings;
HIDDEN const struct rhp_settings *rhp_start_asked(void);

/* Whether events are too early until the program's own constructors run: functions of
 * libc that the runtime calls may not be ready. */
extern HIDDEN bool rhp_start_waits;

/* Looks what the environment asks for, if no call has done so yet. */
HIDDEN void rhp_start(void);

/* rhp_switch_on(), for a program that may call it before anything else: what the
 * environment asks for comes first. */
HIDDEN int rhp_start_switch_on(const struct rhp_settings *wanted);
