/* SPDX-License-Identifier: MIT */
/* Memory for a report. Everything here dies if memory runs out. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Allocate n zeroed elements. */
void *memory_new(size_t n, size_t element_size);

/* Make room for one more element in `array`, which has n of them and room for *n_max.
 * Returns the array, which may have moved; new elements are zero. */
void *memory_grow(void *array, size_t n, size_t *n_max, size_t element_size);

/* Die because memory ran out. */
_Noreturn void memory_fail(void);

/* Copy a text; NULL stays NULL. */
char *memory_text(const char *text);

/* Make a text by printf or vprintf, for the caller to free. */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *memory_format_list(const char *format, va_list arguments)
	__attribute__((format(printf, 1, 0)));
