/* SPDX-License-Identifier: MIT */
/* The shim that the driver copies for every declared function (declared.h). */
#include "wrap/declared-call.h"
#include "wrap/wrap.h"

/* Strong: a library that nothing but the shims needs is needed (--as-needed). */
uintptr_t __real_rhp_template(RHP_DECLARED_PARAMETERS);
SHIM uintptr_t __wrap_rhp_template(RHP_DECLARED_PARAMETERS);

static struct rhp_declared declared = {
	.spec = {.magic = RHP_DECLARED_MAGIC},
	.real = __real_rhp_template,
};

uintptr_t __wrap_rhp_template(RHP_DECLARED_PARAMETERS)
{
	uintptr_t result =
		rhp_declared_call(&declared, RHP_FRAME_HERE, a0, a1, a2, a3, a4, a5);
	/* Where all of them go in registers it would be a jump, and no frame here. */
	__asm__ volatile("" : "+r"(result));
	return result;
}
