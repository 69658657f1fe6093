/* SPDX-License-Identifier: MIT */
/*
 * The shims of the C allocation family, once for the wrapped references
 * (core.c) and once for the functions an executable exports (interpose.c).
 * The file that includes this defines
 *
 *   NAME(f)        the name of the shim
 *   RECORDED(f)    that of what it does while tracking is on
 *   REAL(f)        the function behind it
 *   PASSES(size), PASSES_REALLOC(p, size)
 *                  whether the call is of no interest; rhp_passes...() or false
 *   ENTER_ALLOC()  whether to record an allocation; rhp_enter() or stricter
 *   CALLED(f)      function and frame that an allocation is recorded under
 *   REALLOC_ENTER_FOLLOWED(p, size)  returns if the block is only followed
 *
 * A shim looks whether tracking is on, and has little to do if not: what it does
 * otherwise is a function of its own, with registers to save. The shim's frame
 * stays until that has returned, for the stack begins there.
 *
 * A result is recorded after the real call, a free before it, and sizes are
 * computed only once the real function has accepted them.
 */

#define INACTIVE() LIKELY(__atomic_load_n(&RHP_STATE, __ATOMIC_ACQUIRE) >= RHP_OFF)

/* So that a call is no jump. */
#define STAY() __asm__ volatile("" : : : "memory")

/* For a real function that may call other wrapped ones. */
#define GUARDED(call)                                                                    \
	({                                                                               \
		struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);                \
		__typeof__(call) got = (call);                                           \
		rhp_real_end(before);                                                    \
		got;                                                                     \
	})

static NOINLINE void *RECORDED(malloc)(const void *frame, size_t size)
{
	if (!ENTER_ALLOC())
		return REAL(malloc)(size);
	struct rhp_place before = rhp_real_begin(frame);
	void *p = REAL(malloc)(size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(malloc), p, size);
	return p;
}

SHIM void *NAME(malloc)(size_t size)
{
	if (INACTIVE() || PASSES(size))
		return REAL(malloc)(size);
	void *result = RECORDED(malloc)(RHP_FRAME_HERE, size);
	STAY();
	return result;
}

static NOINLINE void *RECORDED(calloc)(const void *frame, size_t n, size_t size)
{
	if (!ENTER_ALLOC())
		return REAL(calloc)(n, size);
	struct rhp_place before = rhp_real_begin(frame);
	void *p = REAL(calloc)(n, size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(calloc), p, n * size);
	return p;
}

SHIM void *NAME(calloc)(size_t n, size_t size)
{
	if (INACTIVE())
		return REAL(calloc)(n, size);
	if (PASSES(n * size))
		return GUARDED(REAL(calloc)(n, size));
	void *result = RECORDED(calloc)(RHP_FRAME_HERE, n, size);
	STAY();
	return result;
}

static NOINLINE void *RECORDED(realloc)(const void *frame, void *p, size_t size)
{
	REALLOC_ENTER_FOLLOWED(p, size)
	if (!ENTER_ALLOC())
		return REAL(realloc)(p, size);
	bool begun = p && rhp_on_realloc_begin(p);
	struct rhp_place before = rhp_real_begin(frame);
	void *q = REAL(realloc)(p, size);
	rhp_real_end(before);
	if (begun)
		rhp_on_realloc_end(CALLED(realloc), p, q, size);
	else if (q)
		rhp_on_alloc(CALLED(realloc), q, size);
	return q;
}

SHIM void *NAME(realloc)(void *p, size_t size)
{
	if (INACTIVE())
		return REAL(realloc)(p, size);
	if (PASSES_REALLOC(p, size))
		return GUARDED(REAL(realloc)(p, size));
	void *result = RECORDED(realloc)(RHP_FRAME_HERE, p, size);
	STAY();
	return result;
}

static NOINLINE void *RECORDED(reallocarray)(const void *frame, void *p, size_t n,
					     size_t size)
{
	size_t total;
	/* The overflow is the real function's to refuse. */
	if (__builtin_mul_overflow(n, size, &total))
		return REAL(reallocarray)(p, n, size);
	REALLOC_ENTER_FOLLOWED(p, total)
	if (!ENTER_ALLOC())
		return REAL(reallocarray)(p, n, size);
	bool begun = p && rhp_on_realloc_begin(p);
	struct rhp_place before = rhp_real_begin(frame);
	void *q = REAL(reallocarray)(p, n, size);
	rhp_real_end(before);
	if (begun)
		rhp_on_realloc_end(CALLED(reallocarray), p, q, total);
	else if (q)
		rhp_on_alloc(CALLED(reallocarray), q, total);
	return q;
}

SHIM void *NAME(reallocarray)(void *p, size_t n, size_t size)
{
	if (INACTIVE())
		return REAL(reallocarray)(p, n, size);
	void *result = RECORDED(reallocarray)(RHP_FRAME_HERE, p, n, size);
	STAY();
	return result;
}

static NOINLINE void RECORDED(free)(const void *frame, void *p)
{
	if (!rhp_enter_free(frame, p)) {
		REAL(free)(p);
		return;
	}
	rhp_on_free(RHP_FN_free, frame, p, 0);
	struct rhp_place before = rhp_real_begin(frame);
	REAL(free)(p);
	rhp_real_end(before);
}

SHIM void NAME(free)(void *p)
{
	if (INACTIVE() || rhp_passes_free(p)) {
		REAL(free)(p);
		return;
	}
	RECORDED(free)(RHP_FRAME_HERE, p);
	STAY();
}

static NOINLINE void *RECORDED(aligned_alloc)(const void *frame, size_t alignment,
					      size_t size)
{
	if (!ENTER_ALLOC())
		return REAL(aligned_alloc)(alignment, size);
	struct rhp_place before = rhp_real_begin(frame);
	void *p = REAL(aligned_alloc)(alignment, size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(aligned_alloc), p, size);
	return p;
}

SHIM void *NAME(aligned_alloc)(size_t alignment, size_t size)
{
	if (INACTIVE())
		return REAL(aligned_alloc)(alignment, size);
	void *result = RECORDED(aligned_alloc)(RHP_FRAME_HERE, alignment, size);
	STAY();
	return result;
}

static NOINLINE int RECORDED(posix_memalign)(const void *frame, void **p,
					     size_t alignment, size_t size)
{
	if (!ENTER_ALLOC())
		return REAL(posix_memalign)(p, alignment, size);
	struct rhp_place before = rhp_real_begin(frame);
	int r = REAL(posix_memalign)(p, alignment, size);
	rhp_real_end(before);
	if (r == 0 && *p)
		rhp_on_alloc(CALLED(posix_memalign), *p, size);
	return r;
}

SHIM int NAME(posix_memalign)(void **p, size_t alignment, size_t size)
{
	if (INACTIVE())
		return REAL(posix_memalign)(p, alignment, size);
	int result = RECORDED(posix_memalign)(RHP_FRAME_HERE, p, alignment, size);
	STAY();
	return result;
}

static NOINLINE void *RECORDED(memalign)(const void *frame, size_t alignment, size_t size)
{
	if (!ENTER_ALLOC())
		return REAL(memalign)(alignment, size);
	struct rhp_place before = rhp_real_begin(frame);
	void *p = REAL(memalign)(alignment, size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(memalign), p, size);
	return p;
}

SHIM void *NAME(memalign)(size_t alignment, size_t size)
{
	if (INACTIVE())
		return REAL(memalign)(alignment, size);
	void *result = RECORDED(memalign)(RHP_FRAME_HERE, alignment, size);
	STAY();
	return result;
}

static NOINLINE void *RECORDED(valloc)(const void *frame, size_t size)
{
	if (!ENTER_ALLOC())
		return REAL(valloc)(size);
	struct rhp_place before = rhp_real_begin(frame);
	void *p = REAL(valloc)(size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(valloc), p, size);
	return p;
}

SHIM void *NAME(valloc)(size_t size)
{
	if (INACTIVE())
		return REAL(valloc)(size);
	void *result = RECORDED(valloc)(RHP_FRAME_HERE, size);
	STAY();
	return result;
}

static NOINLINE void *RECORDED(pvalloc)(const void *frame, size_t size)
{
	if (!ENTER_ALLOC())
		return REAL(pvalloc)(size);
	struct rhp_place before = rhp_real_begin(frame);
	void *p = REAL(pvalloc)(size);
	rhp_real_end(before);
	if (p)
		rhp_on_alloc(CALLED(pvalloc), p, size);
	return p;
}

SHIM void *NAME(pvalloc)(size_t size)
{
	if (INACTIVE())
		return REAL(pvalloc)(size);
	void *result = RECORDED(pvalloc)(RHP_FRAME_HERE, size);
	STAY();
	return result;
}
