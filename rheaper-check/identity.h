/* SPDX-License-Identifier: MIT */
/*
 * Says which finding of one run is which of another run. It is the same when numbers,
 * lines, builds and the order of findings change, and no two findings of a verdict share
 * it. For the formats whose readers follow a finding from run to run.
 */
#pragma once

struct arena;
struct finding;
struct verdict;

/* Set the identities of all findings, in the order in which they were added. */
void identity_set(struct verdict *verdict);

/* Return it as a name to read, of not many more than 200 bytes: "leak make ← parse ←
 * main". Only together with the name of the program no two are equal. */
const char *identity_name(struct arena *arena, const struct finding *finding);

/* Return it as GitHub has fingerprints: 16 hexadecimal digits, and which of equals it
 * is. */
const char *identity_hash(struct arena *arena, const struct finding *finding);
