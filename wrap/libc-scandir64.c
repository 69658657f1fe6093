/* SPDX-License-Identifier: MIT */
/* An object of its own: musl has no such function since 1.2.4. */
#include "wrap/libc-scandir.h"

RHP_SCANDIR(scandir64, dirent64)
