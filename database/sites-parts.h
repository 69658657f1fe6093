/* SPDX-License-Identifier: MIT */
/* SQL that sites.c and places.c share. */
#pragma once

/* Of each stack in each process, by kind, what is live at the end and of one of the kinds
 * in the set that is parameter 1. */
#define SITES_LEAKS                                                                      \
	"(SELECT process, stack, leak,"                                                  \
	" CAST(round(sum(weight * (last_block - first_block + 1))) AS INTEGER) AS n,"    \
	" CAST(round(sum(weight * bytes)) AS INTEGER) AS bytes"                          \
	" FROM lots WHERE end = 2 AND (1 << leak) & ?1 GROUP BY process, stack, leak)"
