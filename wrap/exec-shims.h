/* SPDX-License-Identifier: MIT */
/*
 * fork, posix_spawn, and exec in all its forms. Those that take their words one by one
 * make an array of them on the stack, as libc does.
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
	CALL(execve, envp, path, argv, envp);
}

SHIM int NAME(execv)(const char *path, char *const *argv)
{
	CALL(execv, environ, path, argv);
}

SHIM int NAME(execvp)(const char *file, char *const *argv)
{
	CALL(execvp, environ, file, argv);
}

SHIM int NAME(execvpe)(const char *file, char *const *argv, char *const *envp)
{
	CALL(execvpe, envp, file, argv, envp);
}

#define LIST_FORM(f, of_array)                                                           \
	SHIM int NAME(f)(const char *path, const char *first, ...)                       \
	{                                                                                \
		va_list list;                                                            \
		va_start(list, first);                                                   \
		TAKE_WORDS(first, list, words);                                          \
		va_end(list);                                                            \
		CALL(of_array, environ, path, words);                                    \
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
	CALL(execve, envp, path, words, envp);
}

SHIM pid_t NAME(fork)(void)
{
	pid_t child = REAL(fork)();
	if (child == 0 && HAS_RUNTIME)
		RHP_RUNTIME(child_is_born)();
	return child;
}

#define SPAWN_FORM(f)                                                                    \
	SHIM int NAME(f)(pid_t * child, const char *path,                                \
			 const posix_spawn_file_actions_t *actions,                      \
			 const posix_spawnattr_t *attributes, char *const *argv,         \
			 char *const *envp)                                              \
	{                                                                                \
		pid_t made, *at = child ? child : &made;                                 \
		int error = REAL(f)(at, path, actions, attributes, argv, envp);          \
		if (error == 0 && HAS_RUNTIME)                                           \
			RHP_RUNTIME(spawned)(*at, envp);                                 \
		return error;                                                            \
	}

SPAWN_FORM(posix_spawn)
SPAWN_FORM(posix_spawnp)
