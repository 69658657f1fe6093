/* SPDX-License-Identifier: MIT */
#include "runtime/capture.h"

#ifdef RHP_PLUGIN
uint32_t rhp_capture = RHP_CAPTURE_LINK;
#else
uint32_t rhp_capture = RHP_CAPTURE_PROCESS;
#endif

/* Nothing is left out before it is known: the first call is the one that starts. */
uint32_t rhp_capture_now = RHP_CAPTURE_PROCESS;
