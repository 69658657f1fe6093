/* SPDX-License-Identifier: MIT */
/*
 * The shims of operator new and delete, under their mangled names; the file
 * that includes this defines NAME(f), REAL(f), and ENTER_ALLOC(), which is rhp_enter() or
 * stricter. Each operator is a kind of
 * its own: what delete frees must have come from new. The real operator may
 * throw, so the guard is given back by a cleanup.
 */

static inline void end_real(const struct rhp_place *before)
{
	rhp_real_end(*before);
}

#define GUARDED(call)                                                                    \
	({                                                                               \
		__attribute__((cleanup(end_real), unused)) struct rhp_place before =     \
			rhp_real_begin(RHP_FRAME_HERE);                                  \
		call;                                                                    \
	})

/* rhp_enter_free(), but where the operators are the program's. */
static ALWAYS_INLINE bool enter_delete(const void *frame, const void *p)
{
	return p && rhp_enter(frame) && !rhp_operators_are_replaced() &&
	       rhp_is_recorded(p);
}

#define OPERATOR_NEW(name, params, args)                                                 \
	SHIM void *NAME(name) params                                                     \
	{                                                                                \
		if (LIKELY(!ENTER_ALLOC()) || rhp_operators_are_replaced())              \
			return REAL(name) args;                                          \
		void *p = GUARDED(REAL(name) args);                                      \
		if (p)                                                                   \
			rhp_on_alloc(RHP_FN_##name, RHP_FRAME_HERE, p, size);            \
		return p;                                                                \
	}

#define OPERATOR_DELETE(name, params, args, size)                                        \
	SHIM void NAME(name) params                                                      \
	{                                                                                \
		if (rhp_passes_free(p) || !enter_delete(RHP_FRAME_HERE, p)) {            \
			REAL(name) args;                                                 \
			return;                                                          \
		}                                                                        \
		rhp_on_free(RHP_FN_##name, RHP_FRAME_HERE, p, size);                     \
		GUARDED(REAL(name) args);                                                \
	}

#define OPERATORS(new, delete, z)                                                        \
	OPERATOR_NEW(new##z, (size_t size), (size))                                      \
	OPERATOR_NEW(new##z##RKSt9nothrow_t, (size_t size, const void *tag),             \
		     (size, tag))                                                        \
	OPERATOR_NEW(new##z##St11align_val_t, (size_t size, size_t align),               \
		     (size, align))                                                      \
	OPERATOR_NEW(new##z##St11align_val_tRKSt9nothrow_t,                              \
		     (size_t size, size_t align, const void *tag), (size, align, tag))   \
	OPERATOR_DELETE(delete, (void *p), (p), 0)                                       \
	OPERATOR_DELETE(delete##z, (void *p, size_t size), (p, size), size)              \
	OPERATOR_DELETE(delete##RKSt9nothrow_t, (void *p, const void *tag), (p, tag), 0) \
	OPERATOR_DELETE(delete##St11align_val_t, (void *p, size_t align), (p, align), 0) \
	OPERATOR_DELETE(delete##z##St11align_val_t,                                      \
			(void *p, size_t size, size_t align), (p, size, align), size)    \
	OPERATOR_DELETE(delete##St11align_val_tRKSt9nothrow_t,                           \
			(void *p, size_t align, const void *tag), (p, align, tag), 0)

/* size_t, as C++ names have it */
#if __SIZEOF_SIZE_T__ == 8
OPERATORS(_Znw, _ZdlPv, m)
OPERATORS(_Zna, _ZdaPv, m)
#else
OPERATORS(_Znw, _ZdlPv, j)
OPERATORS(_Zna, _ZdaPv, j)
#endif
