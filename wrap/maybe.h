/* SPDX-License-Identifier: MIT */
/*
 * What some libcs and allocators lack of the family of malloc: the shims refer to these
 * weakly. Where malloc comes from libc.a they lie beside it.
 */
#pragma once

#define RHP_MAYBE(F) F(memalign) F(valloc) F(pvalloc)
