/* SPDX-License-Identifier: MIT */
/*
 * What threads are called. A thread may get its name at any time, from any thread, by
 * pthread_setname_np, prctl or /proc, and nobody tells us: so it is asked for again when
 * a window is handed over, when a thread ends, and when the trace does.
 */
#pragma once

#include "runtime/stream.h"

/* Tells the trace that the calling thread's records follow in this stream. */
HIDDEN void rhp_name_thread(struct rhp_stream *s, uint32_t thread, int tid);

/* Tells it the calling thread's name if that is another one than the stream told last. */
HIDDEN void rhp_name_again(struct rhp_stream *s);

/* Tells it, in the stream `to`, the name of another thread, whose stream this is. */
HIDDEN void rhp_name_other(struct rhp_stream *s, int tid, struct rhp_stream *to);
