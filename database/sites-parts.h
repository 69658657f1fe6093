/* SPDX-License-Identifier: MIT */
/* SQL that sites.c and places.c share. */
#pragma once

/*
 * Whether the blocks of a row of lots were live at the end, and of what kind they are. A
 * database that gives live blocks no kind is wrong; they count as kind 0.
 */
#define SITES_IS_LIVE "ending IN (SELECT ending FROM block_endings WHERE live)"
#define SITES_KIND "ifnull(leak_kind, 0)"

/* What each stack of each process left live at the end: a row for each kind in the set
 * that is parameter 1, and for each owner of such blocks. */
#define SITES_LEAKS                                                                      \
	"(SELECT process, stack, " SITES_KIND " AS leak_kind, leak_owner,"               \
	" CAST(round(sum(weight * (last_block - first_block + 1))) AS INTEGER) AS n,"    \
	" CAST(round(sum(weight * bytes)) AS INTEGER) AS bytes"                          \
	" FROM lots WHERE " SITES_IS_LIVE " AND (1 << " SITES_KIND ") & ?1"              \
	" GROUP BY 1, 2, 3, 4)"
