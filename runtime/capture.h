/* SPDX-License-Identifier: MIT */
/*
 * What is captured: all that the process allocates, or only what the objects of this
 * link ask for. Frees are recorded in either case. The word "scope" is left to the
 * regions that a program times (rheaper_begin).
 */
#pragma once

#include <stdint.h>

#include "runtime/cc.h"

enum rhp_capture {
	RHP_CAPTURE_LINK = 0,   /* calls of the objects that were linked with us */
	RHP_CAPTURE_PROCESS = 1 /* those of shared libraries and of libc, too */
};

/* What this module was linked to capture. The object with the exported functions sets it
 * before the first event. */
extern HIDDEN uint32_t rhp_capture;

/* What the present trace captures: the same, or less. Changes only while tracking is
 * off. */
extern HIDDEN uint32_t rhp_capture_now;
