// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cli.h"

#include "report/memory.h"

_Noreturn void memory_fail(void)
{
	die("make the report: out of memory");
}

static void *check(void *memory)
{
	if (!memory)
		memory_fail();
	return memory;
}

void *memory_new(size_t n, size_t element_size)
{
	return check(calloc(n ? n : 1, element_size));
}

void *memory_grow(void *array, size_t n, size_t *n_max, size_t element_size)
{
	if (array_grow(&array, n_max, n + 1, element_size) != 0)
		memory_fail();
	return array;
}

char *memory_text(const char *text)
{
	return text ? check(strdup(text)) : NULL;
}

char *memory_format_list(const char *format, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	return check(text);
}

char *memory_format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = memory_format_list(format, arguments);
	va_end(arguments);
	return text;
}
