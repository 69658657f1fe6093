/* SPDX-License-Identifier: MIT */
/* What bring.h is for the functions of libc, the driver makes of this for each declared
 * one (declared.h): an object that mentions the function or its shim, and the next such
 * object. */
#include "contract/declared.h"
#include "runtime/cc.h"

#define NAMED(name) __asm__(name)

HIDDEN char here NAMED(RHP_DECLARED_HERE);
char here;
extern const char next NAMED(RHP_DECLARED_NEXT), target NAMED(RHP_DECLARED_TARGET);
static const char *const mentioned[] __attribute__((used)) = {&next, &target};
