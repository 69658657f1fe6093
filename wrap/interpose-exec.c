/* SPDX-License-Identifier: MIT */
/*
 * What an executable exports of fork and exec: a child that the program forked may leave
 * by way of a library (GLib's g_spawn_async, libpython). The real functions are looked up
 * before main() begins, for after fork() nothing may allocate.
 */
#include <dlfcn.h>
#include <unistd.h>

#include "wrap/exec-calls.h"
#include "wrap/interpose.h"

HIDDEN char rhp_interpose_exec; /* brings this object out of its archive */

static struct {
	__typeof__(__real_execve) *execve;
	__typeof__(__real_execv) *execv;
	__typeof__(__real_execvp) *execvp;
	__typeof__(__real_execvpe) *execvpe;
	__typeof__(__real_fexecve) *fexecve;
	__typeof__(__real_fork) *fork;
	__typeof__(__real_posix_spawn) *posix_spawn;
	__typeof__(__real_posix_spawnp) *posix_spawnp;
} real;

#define LOOK_UP(f) real.f = (__typeof__(real.f))dlsym(RTLD_NEXT, #f)

__attribute__((constructor(101))) static void look_up(void)
{
	LOOK_UP(execv);
	LOOK_UP(execvp);
	LOOK_UP(execvpe);
	LOOK_UP(fexecve);
	LOOK_UP(fork);
	LOOK_UP(posix_spawn);
	LOOK_UP(posix_spawnp);
	LOOK_UP(execve);
}

/* A constructor of a library may execute something before that. */
#define REAL(f) (real.execve ? (void)0 : look_up(), real.f)
#define NAME(f) f
#undef SHIM
#define SHIM EXPORTED

EXPORTED __typeof__(__real_execve) execve;
EXPORTED __typeof__(__real_execv) execv;
EXPORTED __typeof__(__real_execvp) execvp;
EXPORTED __typeof__(__real_execvpe) execvpe;
EXPORTED __typeof__(__real_execl) execl;
EXPORTED __typeof__(__real_execlp) execlp;
EXPORTED __typeof__(__real_execle) execle;
EXPORTED __typeof__(__real_fexecve) fexecve;
EXPORTED __typeof__(__real_fork) fork;
EXPORTED __typeof__(__real_posix_spawn) posix_spawn;
EXPORTED __typeof__(__real_posix_spawnp) posix_spawnp;

#include "wrap/exec-shims.h"

SHIM int fexecve(int fd, char *const *argv, char *const *envp)
{
	CALL(fexecve, envp, fd, argv, envp);
}
