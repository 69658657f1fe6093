/* SPDX-License-Identifier: MIT */
/* What the shims of exec tell the runtime. That of a plug-in may not have been found. */
#pragma once

#include <unistd.h>

#include "runtime/children.h"
#include "wrap/wrap.h"

#ifdef RHP_PLUGIN
#define HAS_RUNTIME (RHP_RUNTIME(exec_begin) != NULL)
#else
#define HAS_RUNTIME true
#endif

static inline uint32_t begin(char *const *environment)
{
	return HAS_RUNTIME ? RHP_RUNTIME(exec_begin)(environment) : 0;
}

static inline void failed(uint32_t begun)
{
	if (HAS_RUNTIME)
		RHP_RUNTIME(exec_failed)(begun);
}

/* The body of a form whose words are an array; REAL(f) is the real one. */
#define CALL(f, environment, ...)                                                        \
	uint32_t begun = begin(environment);                                             \
	int r = REAL(f)(__VA_ARGS__);                                                    \
	failed(begun);                                                                   \
	return r
