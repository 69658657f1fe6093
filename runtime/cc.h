/* SPDX-License-Identifier: MIT */
/* Compiler attributes, under names that say what they are for. */
#pragma once

#define HIDDEN __attribute__((visibility("hidden")))
#define COLD __attribute__((cold, noinline))
#define NOINLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Reads words of stacks that belong to others: AddressSanitizer keeps them for
 * poisoned. Inlined functions need it as those they go into do. */
#define READS_STACKS __attribute__((no_sanitize_address))
