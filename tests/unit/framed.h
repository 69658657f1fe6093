/* SPDX-License-Identifier: MIT */
/* Functions with frame pointers, for test-stack.c, which is compiled without. */
#pragma once

#include "runtime/functions.h"

#define NOT_INLINED __attribute__((noinline))
#define AFTER_CALL __asm__ volatile("" : : : "memory") /* so that it is no jump */

/* Stands for a shim: its caller is frame 0. In test-stack.c. */
void shim(enum rhp_function function);

/* Calls itself `depth` times, then shim(). */
void with_pointer(int depth);

/* Call each other `depth` times, then shim(): inner has no frame pointer. */
void mixed_inner(int depth);
void mixed_outer(int depth);
