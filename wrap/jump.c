/* SPDX-License-Identifier: MIT */
#include "wrap/jump.h"

FORWARD_JUMP(longjmp)
FORWARD_JUMP(_longjmp)
FORWARD_JUMP(siglongjmp)
