/* SPDX-License-Identifier: MIT */
/*
 * One body for every declared function: which argument is what stands in its
 * structure.
 */
#include <string.h>

#include "wrap/declared-call.h"

/* Weak: a program in C that declares functions shall not need libgcc_s for it. Where
 * something can throw, it is there. */
__asm__(".weak _Unwind_Resume\n.weak __gcc_personality_v0");

static inline void end_real(const struct rhp_place *before)
{
	rhp_real_end(*before);
}

/* The real function may throw: the guard is given back by a cleanup. */
static uintptr_t call_real(const struct rhp_declared *d, const void *frame,
			   const uintptr_t *a)
{
	__attribute__((cleanup(end_real), unused)) struct rhp_place before =
		rhp_real_begin(frame);
	return d->real(a[0], a[1], a[2], a[3], a[4], a[5]);
}

static enum rhp_function function_of(struct rhp_declared *d)
{
	uint32_t number = __atomic_load_n(&d->number, __ATOMIC_RELAXED);
	if (LIKELY(number != 0))
		return (enum rhp_function)number;
	uint32_t mine = RHP_RUNTIME(function_declare)(d->spec.text, d->spec.text_size);
	/* Two threads may come first; the number of the second stays unused. */
	return (enum rhp_function)(__atomic_compare_exchange_n(&d->number, &number, mine,
							       false, __ATOMIC_RELAXED,
							       __ATOMIC_RELAXED)
					   ? mine
					   : number);
}

/* The block that a call gave, or NULL. */
static const void *given(const struct rhp_declared_spec *spec, const uintptr_t *argument,
			 uintptr_t result)
{
	if (spec->out >= 0)
		return result == 0 ? *(const void *const *)argument[spec->out] : NULL;
	return spec->gives == RHP_GIVES_NOTHING ? NULL : (const void *)result;
}

static size_t size_of(const struct rhp_declared_spec *spec, const uintptr_t *argument,
		      const void *block)
{
	if (spec->gives == RHP_GIVES_STRING)
		return block ? strlen(block) + 1 : 0;
	size_t size = spec->size < 0 ? 0 : argument[spec->size];
	return spec->count < 0 ? size : size * argument[spec->count];
}

uintptr_t rhp_declared_call(struct rhp_declared *d, const void *frame,
			    RHP_DECLARED_PARAMETERS)
{
	const struct rhp_declared_spec *spec = &d->spec;
	if (LIKELY(!rhp_enter(frame)))
		return d->real(a0, a1, a2, a3, a4, a5);
	const uintptr_t argument[RHP_DECLARED_ARGUMENTS] = {a0, a1, a2, a3, a4, a5};
	enum rhp_function function = function_of(d);
	const void *old = spec->block < 0 ? NULL : (const void *)argument[spec->block];
	bool resizes = old && spec->gives != RHP_GIVES_NOTHING;
	bool begun = resizes && rhp_on_realloc_begin(old);
	if (old && !resizes && rhp_is_recorded(old))
		rhp_on_free(function, frame, old, size_of(spec, argument, NULL));
	uintptr_t result = call_real(d, frame, argument);
	const void *block = given(spec, argument, result);
	size_t size = size_of(spec, argument, block);
	if (begun)
		rhp_on_realloc_end(function, frame, old, block, size);
	else if (block)
		rhp_on_alloc(function, frame, block, size);
	return result;
}
