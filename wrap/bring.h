/* SPDX-License-Identifier: MIT */
/*
 * Brings shims out of the archive where nothing refers to them. There are linkers (lld)
 * that read everything before they rename what is wrapped. Such a linker gives the
 * reference to the shim the binding of the function: one that is weak, in libc.a or in
 * the program, asks no archive for its shim, and calls of it would go to address 0.
 *
 * An object that includes this stands for a function RHP_STANDS_FOR that nothing calls,
 * and that is wrapped, too. That alone makes those linkers take it, as they take the
 * shims of all functions that they have heard of, in the order in which the driver names
 * them. The others look only for what is called. There are two kinds of it:
 *
 * - WRAP_group(HEAR): one that comes before the functions of the group. It mentions them,
 *   for one that nobody has heard of is not renamed: its shim would miss the real one.
 * - WRAP_group(BRING): one that comes behind them, and refers to their shims. Behind
 * them, because the reference of a shim that is there already makes a weak function a
 * strong one: a program that only asks whether there is one would not be linked.
 */
#include "runtime/cc.h"

#define RHP_NAME(prefix, name) RHP_JOINED(prefix, name)
#define RHP_JOINED(prefix, name) prefix##name

HIDDEN char RHP_STANDS_FOR;
HIDDEN char RHP_NAME(__wrap_, RHP_STANDS_FOR);

#define HEAR(name)                                                                       \
	extern const char heard_##name __asm__(#name) __attribute__((weak));             \
	static const char *const hear_##name __attribute__((used)) = &heard_##name;
#define BRING(name)                                                                      \
	extern const char __wrap_##name;                                                 \
	static const char *const bring_##name __attribute__((used)) = &__wrap_##name;

#ifndef WRAP_core_late
#define WRAP_core_late(name)
#endif
#ifndef WRAP_libc
#define WRAP_libc(name)
#endif
#ifndef WRAP_libc_late
#define WRAP_libc_late(name)
#endif
#ifndef WRAP_loader
#define WRAP_loader(name)
#endif
#ifndef WRAP_exec
#define WRAP_exec(name)
#endif
#ifndef WRAP_control
#define WRAP_control(name)
#endif
#ifndef WRAP_control_late
#define WRAP_control_late(name)
#endif
/* Each of these is one object, which is always there or, with the operators, which lld
 * finds: interpose-cxx.c. */
#define WRAP_core(name)
#define WRAP_string(name)
#define WRAP_cxx(name)

#define WRAP(group, family, ret, name, params) WRAP_##group(name)
#include "contract/symbols.def"
