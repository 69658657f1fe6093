/* SPDX-License-Identifier: MIT */
/* Apart from the others, for libc's has more to bring into a static program. */
#include "wrap/exec-calls.h"

SHIM int __wrap_fexecve(int fd, char *const *argv, char *const *envp)
{
	uint32_t begun = begin();
	int r = __real_fexecve(fd, argv, envp);
	failed(begun);
	return r;
}
