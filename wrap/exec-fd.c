/* SPDX-License-Identifier: MIT */
/* Apart from the others, for libc's has more to bring into a static program. */
#include "wrap/exec-calls.h"

#define REAL(f) __real_##f

SHIM int __wrap_fexecve(int fd, char *const *argv, char *const *envp)
{
	CALL(fexecve, envp, fd, argv, envp);
}
