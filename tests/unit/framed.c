/* SPDX-License-Identifier: MIT */
#include "framed.h"

NOT_INLINED void with_pointer(int depth)
{
	if (depth)
		with_pointer(depth - 1);
	else
		shim(RHP_FN_malloc);
	AFTER_CALL;
}

NOT_INLINED void mixed_outer(int depth)
{
	mixed_inner(depth - 1);
	AFTER_CALL;
}
