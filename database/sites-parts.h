/* SPDX-License-Identifier: MIT */
/* SQL that sites.c and places.c share. */
#pragma once

/* Of a row of lots: whether its blocks were live at the end, and of what kind. A database
 * that tells no kind of live blocks lies; they are leaks then. */
#define SITES_IS_LIVE "ending IN (SELECT ending FROM block_endings WHERE live)"
#define SITES_KIND "ifnull(leak_kind, 0)"

/* Of each stack in each process, by kind, what is live at the end and of one of the kinds
 * in the set that is parameter 1. */
#define SITES_LEAKS                                                                      \
	"(SELECT process, stack, " SITES_KIND " AS leak_kind,"                           \
	" CAST(round(sum(weight * (last_block - first_block + 1))) AS INTEGER) AS n,"    \
	" CAST(round(sum(weight * bytes)) AS INTEGER) AS bytes"                          \
	" FROM lots WHERE " SITES_IS_LIVE " AND (1 << " SITES_KIND ") & ?1"              \
	" GROUP BY 1, 2, 3)"
