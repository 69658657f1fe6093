/* SPDX-License-Identifier: MIT */
/* An object of their own: musl has no such functions. */
#include "wrap/libc-scandir.h"

RHP_SCANDIRAT(scandirat, dirent)
RHP_SCANDIRAT(scandirat64, dirent64)
