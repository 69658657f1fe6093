/* SPDX-License-Identifier: MIT */
#include "runtime/thread.h"

/* Initial-exec but in plug-ins: meson.build. */
__thread struct rhp_thread rhp_thread;
