// SPDX-License-Identifier: MIT
#include <stddef.h>

#include <libiberty/demangle.h>

#include "rheaper-load/demangle.h"

const char *demangle(const char *name, char **owned)
{
	*owned = NULL;
	if (name[0] == '_' && (name[1] == 'Z' || name[1] == 'R'))
		*owned = cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);
	return *owned ? *owned : name;
}
