/* SPDX-License-Identifier: MIT */
/*
 * operator new and delete under their mangled names. The file that includes this defines
 * OPERATOR_NEW(name, params, args) and OPERATOR_DELETE(name, params, args, size).
 */

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
