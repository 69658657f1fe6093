/* SPDX-License-Identifier: MIT */
/* C23's sized frees: an object of their own, since few libcs have them. A program that
 * asks whether libc does (a weak reference) may find the shim instead: bring.h. */
#include "wrap/wrap.h"

static ALWAYS_INLINE bool is_there(const void *function)
{
	__asm__("" : "+r"(function));
	return function != NULL;
}

SHIM void __wrap_free_sized(void *p, size_t size)
{
	if (UNLIKELY(!is_there(__real_free_sized))) {
		__wrap_free(p);
		return;
	}
	if (LIKELY(!rhp_enter_free(RHP_FRAME_HERE, p))) {
		__real_free_sized(p, size);
		return;
	}
	rhp_on_free(RHP_FN_free_sized, RHP_FRAME_HERE, p, size);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	__real_free_sized(p, size);
	rhp_real_end(before);
}

SHIM void __wrap_free_aligned_sized(void *p, size_t alignment, size_t size)
{
	if (UNLIKELY(!is_there(__real_free_aligned_sized))) {
		__wrap_free(p);
		return;
	}
	if (LIKELY(!rhp_enter_free(RHP_FRAME_HERE, p))) {
		__real_free_aligned_sized(p, alignment, size);
		return;
	}
	rhp_on_free(RHP_FN_free_aligned_sized, RHP_FRAME_HERE, p, size);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	__real_free_aligned_sized(p, alignment, size);
	rhp_real_end(before);
}
