/* SPDX-License-Identifier: MIT */
/* Functions that allocate nothing but change what the runtime must know. */
#include "runtime/modules.h"
#include "wrap/wrap.h"

SHIM int __wrap_dlclose(void *handle)
{
	int r = __real_dlclose(handle);
	if (__atomic_load_n(&RHP_STATE, __ATOMIC_RELAXED) == RHP_ON)
		RHP_RUNTIME(modules_closed)();
	return r;
}
