/* SPDX-License-Identifier: MIT */
/*
 * One body for every declared function: which argument is what stands in its
 * structure.
 */
#include <string.h>

#include "wrap/declared-call.h"

/* Weak: a program in C that declares functions shall not need libgcc_s for it. Where
 * something can throw, it is there. */
__asm__(".weak _Unwind_Resume");
#if !defined(__arm__) /* whose assembler does not take it: wrap/meson.build */
__asm__(".weak __gcc_personality_v0");
#endif

/* The names by which linkers ask for what wrap/bring-template.c became. */
HIDDEN char rhp_hear_declared, rhp_bring_declared;

static inline void end_real(const struct rhp_place *before)
{
	rhp_real_end(*before);
}

/* The real function may throw: the guard is given back by a cleanup. */
static uintptr_t rhp_declared_real(const struct rhp_declared *d, const void *frame,
				   const uintptr_t *a)
{
	if (d->spec.chunks)
		return d->real(a[0], a[1], a[2], a[3], a[4], a[5]);
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

#ifdef RHP_PLUGIN
#define is_of_sample(block, size) RHP_RUNTIME(sample_allocated)(block, size)
#else
#define is_of_sample(block, size) rhp_sample_allocated(block, size)
#endif

/* What a call is, in one event or two. */
struct call {
	struct rhp_declared *d;
	enum rhp_function function;
	const void *frame;
	struct rhp_stream_family family;
};

/* A known allocator's blocks lie in no block that is recorded, and none in them. */
static bool is_told(const struct call *c)
{
	return c->family.family != RHP_FAMILY_NONE;
}

static void tell(const struct call *c, const struct rhp_stream_family *family,
		 enum rhp_code code, const void *block, size_t size)
{
	__typeof__(&rhp_record_told) record = RHP_RUNTIME(record_told);
	record(family, c->function, c->frame, code, block, size);
}

static void record_free(const struct call *c, const void *old, size_t size)
{
	if (!rhp_is_recorded(old))
		return;
	if (is_told(c))
		tell(c, &c->family, RHP_FREE, old, size);
	else
		rhp_on_free(c->function, c->frame, old, size);
}

/* The pool that a block is of, or 0. */
static uintptr_t pool_of(const struct rhp_declared_spec *spec, const uintptr_t *argument)
{
	if (spec->pool < 0)
		return 0;
	return spec->pool_bits ? (uint32_t)argument[spec->pool] >> spec->pool_bits
			       : argument[spec->pool];
}

/* "arena.3.destroy" and "arena.3.reset" give back all of one, which flags call 4. */
static uintptr_t pool_named(const char *name)
{
	static const char prefix[] = "arena.";
	size_t n = sizeof(prefix) - 1, first = n;
	uintptr_t number = 0;
	if (!name || strncmp(name, prefix, n) != 0)
		return 0;
	for (; name[n] >= '0' && name[n] <= '9'; n++)
		number = number * 10 + (uintptr_t)(name[n] - '0');
	bool is_free =
		strcmp(name + n, ".destroy") == 0 || strcmp(name + n, ".reset") == 0;
	return n > first && is_free ? number + 1 : 0;
}

/* Of a pool that is not NULL, all blocks; or of all pools. */
static void record_free_all(const struct call *c, const uintptr_t *argument)
{
	const struct rhp_declared_spec *spec = &c->d->spec;
	bool is_everything = spec->frees_all == RHP_DECLARED_ARGUMENTS;
	if (spec->frees_all < 0 || !is_told(c))
		return;
	uintptr_t word = is_everything ? 0 : argument[spec->frees_all];
	uintptr_t pool = spec->frees_named ? pool_named((const char *)word) : word;
	if (!pool && !is_everything)
		return;
	const struct rhp_stream_family all = {
		c->family.family | RHP_FAMILY_POOL << RHP_FAMILY_BITS, 0};
	tell(c, &all, RHP_FREE, (const void *)pool, 0);
}

static bool record_begin(const struct call *c, const void *old)
{
	if (!is_told(c))
		return rhp_on_realloc_begin(old);
	if (!rhp_is_recorded(old))
		return false;
	tell(c, &c->family, RHP_REALLOC_BEGIN, old, 0);
	return true;
}

static void record_end(const struct call *c, const void *old, const void *block,
		       size_t size)
{
	__typeof__(&rhp_record_realloc_end_told) end =
		RHP_RUNTIME(record_realloc_end_told);
	if (is_told(c))
		end(&c->family, c->function, c->frame, old, block, size);
	else
		rhp_on_realloc_end(c->function, c->frame, old, block, size);
}

static void record_alloc(const struct call *c, const void *block, size_t size)
{
	if (!is_told(c))
		rhp_on_alloc(c->function, c->frame, block, size);
	else if (is_of_sample(block, size))
		tell(c, &c->family, RHP_ALLOC, block, size);
}

uintptr_t rhp_declared_call(struct rhp_declared *d, const void *frame,
			    RHP_DECLARED_PARAMETERS)
{
	const struct rhp_declared_spec *spec = &d->spec;
	/* A program that asks whether somebody has the function may find the shim. */
	if (UNLIKELY(!d->real))
		return 0;
	if (LIKELY(!rhp_enter(frame)))
		return d->real(a0, a1, a2, a3, a4, a5);
	const uintptr_t argument[RHP_DECLARED_ARGUMENTS] = {a0, a1, a2, a3, a4, a5};
	const struct call call = {
		d, function_of(d), frame, {spec->family, pool_of(spec, argument)}};
	const void *old = spec->block < 0 ? NULL : (const void *)argument[spec->block];
	bool resizes = old && spec->gives != RHP_GIVES_NOTHING;
	bool begun = resizes && record_begin(&call, old);
	if (old && !resizes)
		record_free(&call, old, size_of(spec, argument, NULL));
	record_free_all(&call, argument);
	uintptr_t result = rhp_declared_real(d, frame, argument);
	const void *block = given(spec, argument, result);
	size_t size = size_of(spec, argument, block);
	if (begun)
		record_end(&call, old, block, size);
	else if (block)
		record_alloc(&call, block, size);
	return result;
}
