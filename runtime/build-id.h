/* SPDX-License-Identifier: MIT */
/* The build id that the linker left in the notes of a program or library. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "contract/symbol-cache.h"
#include "runtime/cc.h"

/* Copies the build id in a segment of notes, which may be any bytes, to `id`. Returns its
 * size: 0 if there is none, or one of more than RHP_BUILD_ID_MOST bytes. */
HIDDEN size_t rhp_build_id_find(const void *notes, size_t size,
				uint8_t id[RHP_BUILD_ID_MOST]);
