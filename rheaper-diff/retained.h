/* SPDX-License-Identifier: MIT */
/* Compares heap snapshots: who retains what was added between them. */
#pragma once

struct options;

/* Compare the two that the options say, and write what they differ in. Dies if one is not
 * there. */
void retained_compare(const struct options *options);
