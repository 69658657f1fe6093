/* SPDX-License-Identifier: MIT */
/*
 * malloc and its family as the objects of this link call them. One object, so
 * that one -u brings them all: in a static program libc's own calls come in
 * too, and they appear after our archive was searched.
 */
#include "wrap/maybe.h"
#include "wrap/next.h"
#include "wrap/operators.h"

#define WEAK(name) extern __typeof__(__real_##name) __real_##name __attribute__((weak));
RHP_MAYBE(WEAK)
#undef WEAK

uint32_t rhp_operators;
void (*rhp_look_for_operators)(void);

#define NAME(f) __wrap_##f
#define RECORDED(f) record_##f
#define REAL(f) rhp_next.f

/* musl has none; a program's configure script finds ours there, so it works. */
static void *pvalloc_anywhere(size_t size)
{
	if (LIKELY(__real_pvalloc != NULL))
		return __real_pvalloc(size);
	size_t page = 4096, whole = (size + page - 1) & ~(page - 1);
	return whole < size ? NULL : __real_aligned_alloc(page, whole ? whole : page);
}

#define __real_pvalloc pvalloc_anywhere
struct rhp_next rhp_next = {
#define FUNCTION(name) .name = __real_##name,
	RHP_NEXT_FUNCTIONS
#undef FUNCTION
};

#define PASSES(size) rhp_passes(size)
#define PASSES_REALLOC(p, size) (rhp_passes_free(p) && rhp_passes(size))
#define ENTER_ALLOC() rhp_enter(frame)
#define CALLED(f) RHP_FN_##f, frame
#define REALLOC_ENTER_FOLLOWED(p, size)

#include "wrap/core-shims.h"
