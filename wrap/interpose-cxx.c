/* SPDX-License-Identifier: MIT */
/*
 * operator new and delete, exported by a C++ executable: libstdc++ calls its
 * own operators through the dynamic linker, so its allocations come in as what
 * they are. All of them or none: a block must not be created by one side and
 * freed by another that counts it under another kind. Of capture `link` an allocation
 * passes here, and only its end is recorded.
 *
 * Nothing here asks for the C++ library: a program that needs none gains none. Then a
 * library that it opens may bring one, which is looked up anew by each call, for it
 * may be closed again.
 */
#include "wrap/find-operator.h"
#include "wrap/interpose.h"
#include "wrap/operators.h"

RHP_SAY("operators=wrapped");

/* What brings this object out of its archive. */
HIDDEN char rhp_interpose_cxx;

/*
 * The shims come when something calls one, but by lld: it takes out of archives only what
 * stands for a wrapped function that is not weak, and these are. It is also the one
 * linker that renames what is wrapped when all is read, and looks for this reference as
 * it stands here: the shims define it. For the others it is in uncalled-operators.c.
 */
extern char __real_rhp_shims, __wrap_rhp_shims;
static const char *const shims_wanted __attribute__((used)) = &__real_rhp_shims;
HIDDEN char __wrap_rhp_shims; /* or lld makes an undefined symbol of it */

static struct {
#define WRAP(group, family, ret, name, params) WRAP_##group(ret, name, params)
#define WRAP_cxx(ret, name, params) ret(*name) params;
#define WRAP_core(ret, name, params)
#define WRAP_core_late(ret, name, params)
#define WRAP_string(ret, name, params)
#define WRAP_libc(ret, name, params)
#define WRAP_libc_late(ret, name, params)
#define WRAP_loader(ret, name, params)
#define WRAP_exec(ret, name, params)
#define WRAP_control(ret, name, params)
#define WRAP_control_late(ret, name, params)
#include "contract/symbols.def"
#undef WRAP_cxx
} next;

/* Our own definitions, whatever the program has under these names. */
#define WRAP_cxx(ret, name, params)                                                      \
	EXPORTED ret name params;                                                        \
	extern __attribute__((alias(#name), visibility("hidden")))                       \
	ret rhp_exported_##name params;
#include "contract/symbols.def"
#undef WRAP_cxx

/* Linkers may take the name in this file, and the one that they export, for the shim's.
 */
static bool is_foreign(const void *found, const void *exported, const void *shim)
{
	return found && found != exported && found != shim;
}

static void is_known(void)
{
}

static COLD void look_up(void)
{
	bool replaced = false;
#define WRAP_cxx(ret, name, params)                                                      \
	next.name = (__typeof__(next.name))rhp_find_operator(#name, false);              \
	if (is_foreign(rhp_find_operator(#name, true), rhp_exported_##name,              \
		       __wrap_##name))                                                   \
		replaced = true;
#include "contract/symbols.def"
#undef WRAP_cxx
	rhp_operators = replaced ? RHP_OPERATORS_REPLACED : RHP_OPERATORS_WRAPPED;
	rhp_look_for_operators = is_known;
}

__attribute__((section(".preinit_array"),
	       used)) static void (*const preinit)(void) = look_up;

#define REAL(name)                                                                       \
	(LIKELY(next.name != NULL)                                                       \
		 ? next.name                                                             \
		 : (__typeof__(next.name))rhp_find_operator(#name, false))
#define NAME(name) name
#define ENTER_ALLOC()                                                                    \
	(__atomic_load_n(&rhp_capture_now, __ATOMIC_RELAXED) != RHP_CAPTURE_LINK &&      \
	 rhp_enter(RHP_FRAME_HERE))
#undef SHIM
#define SHIM EXPORTED

#include "wrap/cxx-shims.h"
