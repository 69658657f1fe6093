/* SPDX-License-Identifier: MIT */
/*
 * Asks for all operators, where their shims come only when something calls one. A library
 * of operators that is linked statically is searched before the linker comes to the shims
 * that would ask for them, and the C++ library's would be taken instead. What no such
 * library has is the executable's own (interpose-cxx.c), so this makes none needed.
 */
#include "wrap/wrap.h"

/* What brings this object out of its archive. */
HIDDEN char rhp_operators_wanted;

#undef WRAP_cxx
#define WRAP(group, family, ret, name, params) WRAP_##group(name)
#define WRAP_cxx(name) (const void *)__real_##name,
#define WRAP_core(name)
#define WRAP_core_late(name)
#define WRAP_string(name)
#define WRAP_libc(name)
#define WRAP_libc_late(name)
#define WRAP_loader(name)
#define WRAP_exec(name)
#define WRAP_control(name)
#define WRAP_control_late(name)

static const void *const wanted[] __attribute__((used)) = {
#include "contract/symbols.def"
};
