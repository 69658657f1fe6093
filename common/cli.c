// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "config.h"

#include "common/cli.h"

/* The message is made whole before it is written: two processes that share a
 * terminal or a log then do not mix their lines. */
__attribute__((format(printf, 1, 0))) static void
print_message(const char *format, va_list arguments, int error)
{
	const char *program = program_invocation_short_name;
	size_t length = strlen(format);
	bool colon = length > 0 && format[length - 1] == ':';
	char *message = NULL;
	char *printable = NULL;

	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	if (message)
		printable = text_printable(message);
	fprintf(stderr, "%s: %s%s%s\n", program, printable ? printable : "out of memory",
		colon ? " " : "", colon ? strerror(error) : "");
	free(printable);
	free(message);
}

void warn(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	print_message(format, arguments, error);
	va_end(arguments);
}

void die(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	print_message(format, arguments, error);
	va_end(arguments);
	exit(EXIT_CANNOT);
}

void die_usage(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	print_message(format, arguments, error);
	va_end(arguments);
	fprintf(stderr, "Try '%s --help'.\n", program_invocation_short_name);
	exit(EXIT_CANNOT);
}

void print_version(const char *name)
{
	printf("%s (rheaper) %s\n", name, RHEAPER_VERSION);
}

void finish_output(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		die("write standard output:");
}
