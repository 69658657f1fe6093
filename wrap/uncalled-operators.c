/* SPDX-License-Identifier: MIT */
/*
 * What stands for the shims of the operators where nothing in the program calls one. GNU
 * ld and gold take the operators that a shared library asks for to be wrapped, too, and
 * complain if there are no shims; at run time the library finds the exported ones.
 */
#include "wrap/wrap.h"

/* What brings this object out of its archive: interpose-cxx.c. */
HIDDEN char rhp_shims;

#define OPERATOR_NEW(name, params, args)                                                 \
	extern HIDDEN void *rhp_exported_##name params;                                  \
	SHIM void *__wrap_##name params                                                  \
	{                                                                                \
		return rhp_exported_##name args;                                         \
	}
#define OPERATOR_DELETE(name, params, args, size)                                        \
	extern HIDDEN void rhp_exported_##name params;                                   \
	SHIM void __wrap_##name params                                                   \
	{                                                                                \
		rhp_exported_##name args;                                                \
	}

#include "wrap/operator-list.h"
