/* SPDX-License-Identifier: MIT */
/*
 * Static probes (USDT) at the blocks of a sample, for who attaches to the process:
 *
 *   otel_memory:alloc(block, size, weighted_bytes)
 *   otel_memory:free(block)
 *
 * An ELF note (.note.stapsdt) says where they are and that their arguments are in the
 * registers of a call, for that is all that the memory profiler of OpenTelemetry reads.
 * They are functions that do nothing but one nop. RHEAPER_USDT asks for them. On
 * x86-64 and aarch64 alone.
 *
 * Source: the note's layout is that of SystemTap's user space probes (NT_STAPSDT, 3); the
 * names and arguments are those of opentelemetry-ebpf-profiler's design for them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/cc.h"

HIDDEN void rhp_probe_alloc(const void *block, size_t size, uint64_t weighted_bytes);
HIDDEN void rhp_probe_free(const void *block);
