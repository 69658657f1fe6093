// SPDX-License-Identifier: MIT
/* What a program says of later traces; a library has a caller to tell. */
#include "common/cli.h"

#include "analysis/later.h"

static void warn_of(void *context, const char *sentence)
{
	(void)context;
	warn("%s", sentence);
}

void later_warn(const char *const *paths, size_t n)
{
	later_tell(paths, n, warn_of, NULL);
}

static void warn_first(void *context, const char *path, const char *later)
{
	if ((*(size_t *)context)++ == 0)
		warn("reading %s without %s, a later trace of the same process; name "
		     "that, too",
		     path, later);
}

void later_warn_left_out(const char *const *paths, size_t n)
{
	size_t n_left_out = 0;

	later_find_left_out(paths, n, warn_first, &n_left_out);
	if (n_left_out > 1)
		warn("reading %zu other trace%s without later ones of the same process%s",
		     n_left_out - 1, n_left_out == 2 ? "" : "s",
		     n_left_out == 2 ? "" : "es");
}
