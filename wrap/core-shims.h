/* SPDX-License-Identifier: MIT */
/*
 * The shims of the C allocation family, once for the wrapped references
 * (core.c) and once for the functions an executable exports (interpose.c).
 * The file that includes this defines
 *
 *   NAME(f)        the name of the shim
 *   REAL(f)        the function behind it
 *   ENTER_ALLOC()  whether to record an allocation; rhp_enter() or stricter
 *   CALLED(f)      function and frame that an allocation is recorded under
 *   REALLOC_ENTER_FOLLOWED(p, size)  returns if the block is only followed
 *
 * A result is recorded after the real call, a free before it, and sizes are
 * computed only once the real function has accepted them.
 */

SHIM void *NAME(malloc)(size_t size)
{
	if (LIKELY(!ENTER_ALLOC()))
		return REAL(malloc)(size);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	void *p = REAL(malloc)(size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(malloc), p, size);
	return p;
}

SHIM void *NAME(calloc)(size_t n, size_t size)
{
	if (LIKELY(!ENTER_ALLOC()))
		return REAL(calloc)(n, size);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	void *p = REAL(calloc)(n, size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(calloc), p, n * size);
	return p;
}

SHIM void *NAME(realloc)(void *p, size_t size)
{
	REALLOC_ENTER_FOLLOWED(p, size)
	if (LIKELY(!ENTER_ALLOC()))
		return REAL(realloc)(p, size);
	if (p)
		rhp_on_realloc_begin(p);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	void *q = REAL(realloc)(p, size);
	rhp_real_end(before);
	if (p)
		rhp_on_realloc_end(CALLED(realloc), p, q, size);
	else if (q)
		rhp_on_alloc(CALLED(realloc), q, size);
	return q;
}

SHIM void *NAME(reallocarray)(void *p, size_t n, size_t size)
{
	size_t total;
	/* The overflow is the real function's to refuse. */
	if (__builtin_mul_overflow(n, size, &total))
		return REAL(reallocarray)(p, n, size);
	REALLOC_ENTER_FOLLOWED(p, total)
	if (LIKELY(!ENTER_ALLOC()))
		return REAL(reallocarray)(p, n, size);
	if (p)
		rhp_on_realloc_begin(p);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	void *q = REAL(reallocarray)(p, n, size);
	rhp_real_end(before);
	if (p)
		rhp_on_realloc_end(CALLED(reallocarray), p, q, total);
	else if (q)
		rhp_on_alloc(CALLED(reallocarray), q, total);
	return q;
}

SHIM void NAME(free)(void *p)
{
	if (LIKELY(!p || !rhp_enter(RHP_FRAME_HERE))) {
		REAL(free)(p);
		return;
	}
	rhp_on_free(RHP_FN_free, RHP_FRAME_HERE, p, 0);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	REAL(free)(p);
	rhp_real_end(before);
}

SHIM void *NAME(aligned_alloc)(size_t alignment, size_t size)
{
	if (LIKELY(!ENTER_ALLOC()))
		return REAL(aligned_alloc)(alignment, size);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	void *p = REAL(aligned_alloc)(alignment, size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(aligned_alloc), p, size);
	return p;
}

SHIM int NAME(posix_memalign)(void **p, size_t alignment, size_t size)
{
	if (LIKELY(!ENTER_ALLOC()))
		return REAL(posix_memalign)(p, alignment, size);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	int r = REAL(posix_memalign)(p, alignment, size);
	rhp_real_end(before);
	if (r == 0 && *p)
		rhp_on_alloc(CALLED(posix_memalign), *p, size);
	return r;
}

SHIM void *NAME(memalign)(size_t alignment, size_t size)
{
	if (LIKELY(!ENTER_ALLOC()))
		return REAL(memalign)(alignment, size);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	void *p = REAL(memalign)(alignment, size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(memalign), p, size);
	return p;
}

SHIM void *NAME(valloc)(size_t size)
{
	if (LIKELY(!ENTER_ALLOC()))
		return REAL(valloc)(size);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	void *p = REAL(valloc)(size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(valloc), p, size);
	return p;
}

SHIM void *NAME(pvalloc)(size_t size)
{
	if (LIKELY(!ENTER_ALLOC()))
		return REAL(pvalloc)(size);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	void *p = REAL(pvalloc)(size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(pvalloc), p, size);
	return p;
}
