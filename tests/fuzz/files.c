// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

/* One input at a time: what __wrap_fopen gives, and what is to be freed if the reader
 * dies. Each reader has one file open, and one line. */
static const struct fuzz_files *present;
static FILE *opened;
static char *line;
static jmp_buf dead;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
int __real_fclose(FILE *file);
int __wrap_fclose(FILE *file);
ssize_t __real___getdelim(char **text, size_t *size, int end, FILE *file);
ssize_t __wrap___getdelim(char **text, size_t *size, int end, FILE *file);
ssize_t __wrap_getline(char **text, size_t *size, FILE *file);
_Noreturn void __wrap_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

FILE *__wrap_fopen(const char *path, const char *mode)
{
	size_t i = (size_t)path[0] - '0';
	FILE *file;

	if (!present || mode[0] != 'r')
		return __real_fopen(path, mode);
	errno = ENOENT;
	if (path[0] < '0' || path[1] != 0 || i >= present->n)
		return NULL;
	file = present->sizes[i] ? fmemopen((void *)(uintptr_t)present->bytes[i],
					    present->sizes[i], "r")
				 : __real_fopen("/dev/null", "r");
	opened = file;
	return file;
}

int __wrap_fclose(FILE *file)
{
	if (file == opened) {
		opened = NULL;
		line = NULL;
	}
	return __real_fclose(file);
}

ssize_t __wrap___getdelim(char **text, size_t *size, int end, FILE *file)
{
	ssize_t n = __real___getdelim(text, size, end, file);

	if (file == opened)
		line = *text;
	return n;
}

ssize_t __wrap_getline(char **text, size_t *size, FILE *file)
{
	return __wrap___getdelim(text, size, '\n', file);
}

_Noreturn void __wrap_die(const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (!present)
		abort();
	longjmp(dead, 1);
}

int fuzz_with_files(const struct fuzz_files *files, void (*read)(void *context),
		    void *context)
{
	int died = setjmp(dead);

	if (!died) {
		present = files;
		read(context);
	}
	present = NULL;
	if (died && opened) {
		free(line);
		__real_fclose(opened);
	}
	opened = NULL;
	line = NULL;
	return died;
}
