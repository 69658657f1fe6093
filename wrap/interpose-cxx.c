/* SPDX-License-Identifier: MIT */
/*
 * operator new and delete, exported by a C++ executable: libstdc++ calls its
 * own operators through the dynamic linker, so its allocations come in as what
 * they are. All of them or none: a block must not be created by one side and
 * freed by another that counts it under another kind.
 */
#include <dlfcn.h>

#include "wrap/interpose.h"
#include "wrap/operators.h"

HIDDEN char rhp_interpose_cxx;

static struct {
#define WRAP(group, family, ret, name, params) WRAP_##group(ret, name, params)
#define WRAP_cxx(ret, name, params) ret(*name) params;
#define WRAP_core(ret, name, params)
#define WRAP_core_late(ret, name, params)
#define WRAP_libc(ret, name, params)
#define WRAP_libc_late(ret, name, params)
#define WRAP_loader(ret, name, params)
#define WRAP_exec(ret, name, params)
#define WRAP_control(ret, name, params)
#define WRAP_control_late(ret, name, params)
#include "contract/symbols.def"
#undef WRAP_cxx
} next;

/*
 * Something of the C++ library that is not defined here: a program that takes
 * nothing but the operators from the library would be linked without it under
 * --as-needed, and nothing would stand behind them.
 */
extern const char _ZSt7nothrow;
static const char *volatile library = &_ZSt7nothrow;

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

/* The look-up allocates at most through malloc, never through an operator. */
static COLD void look_up(void)
{
	(void)library;
#define WRAP_cxx(ret, name, params)                                                      \
	next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name);                      \
	if (is_foreign(dlsym(RTLD_DEFAULT, #name), rhp_exported_##name, __wrap_##name))  \
		rhp_operators = RHP_OPERATORS_REPLACED;
#include "contract/symbols.def"
#undef WRAP_cxx
}

/* Before there can be threads: dlsym takes the loader's lock, and a thread that
 * loads a library holds it while that library's constructors run. */
__attribute__((section(".preinit_array"),
	       used)) static void (*const preinit)(void) = look_up;

#define REAL(name) (LIKELY(next.name) ? next.name : (look_up(), next.name))
#define NAME(name) name
#define ENTER_ALLOC()                                                                    \
	(__atomic_load_n(&rhp_capture_now, __ATOMIC_RELAXED) != RHP_CAPTURE_LINK &&      \
	 rhp_enter(RHP_FRAME_HERE))
#undef SHIM
#define SHIM EXPORTED

#include "wrap/cxx-shims.h"
