/* SPDX-License-Identifier: MIT */
/*
 * exec in all its forms. Those that take their words one by one make an array of them on
 * the stack, as libc does.
 *
 * Whoever includes this defines SHIM, NAME(f) and REAL(f). May run in a child of vfork(),
 * and between fork() and exec, so nothing here allocates.
 */
#include "wrap/exec-calls.h"

static size_t count_words(va_list words)
{
	va_list list;
	size_t n = 1; /* the first, which is named */
	va_copy(list, words);
	while (va_arg(list, char *))
		n++;
	va_end(list);
	return n;
}

/* All words and their NULL; then `list` is at what follows that. */
#define TAKE_WORDS(first, list, words)                                                   \
	size_t n_words = count_words(list);                                              \
	char **words = __builtin_alloca((n_words + 1) * sizeof(*words));                 \
	words[0] = (char *)(uintptr_t)(first);                                           \
	for (size_t i = 1; i <= n_words; i++)                                            \
	words[i] = va_arg(list, char *)

SHIM int NAME(execve)(const char *path, char *const *argv, char *const *envp)
{
	CALL(execve, path, argv, envp);
}

SHIM int NAME(execv)(const char *path, char *const *argv)
{
	CALL(execv, path, argv);
}

SHIM int NAME(execvp)(const char *file, char *const *argv)
{
	CALL(execvp, file, argv);
}

SHIM int NAME(execvpe)(const char *file, char *const *argv, char *const *envp)
{
	CALL(execvpe, file, argv, envp);
}

#define LIST_FORM(f, of_array)                                                           \
	SHIM int NAME(f)(const char *path, const char *first, ...)                       \
	{                                                                                \
		va_list list;                                                            \
		va_start(list, first);                                                   \
		TAKE_WORDS(first, list, words);                                          \
		va_end(list);                                                            \
		CALL(of_array, path, words);                                             \
	}

LIST_FORM(execl, execv)
LIST_FORM(execlp, execvp)

SHIM int NAME(execle)(const char *path, const char *first, ...)
{
	va_list list;
	va_start(list, first);
	TAKE_WORDS(first, list, words);
	char **envp = va_arg(list, char **);
	va_end(list);
	CALL(execve, path, words, envp);
}
