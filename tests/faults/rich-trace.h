/* SPDX-License-Identifier: MIT */
/*
 * A trace that has every kind of record: what the programs damage that look for harm.
 */
#pragma once

#include "tests/unit/trace-writer.h"

/* Regions of 64 KiB in all, of three threads; nothing is lost, and all is freed but
 * the blocks in a realloc. */
void rich_trace(struct trace_writer *writer);
