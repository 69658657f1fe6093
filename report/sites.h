/* SPDX-License-Identifier: MIT */
#pragma once

#include "report/model.h"

/* Return the numbers of all sites, those with most of a value first; equal ones by their
 * handles. The caller frees the array. Dies if memory runs out. */
uint32_t *sites_order(const struct report *report, enum report_value value);
