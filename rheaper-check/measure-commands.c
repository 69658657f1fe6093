// SPDX-License-Identifier: MIT
/*
 * Runs are repeated to see more of one thing. Whoever loads each trace by itself makes
 * runs of many things, of which the worst one counts. Their command lines tell.
 */
#include <stdlib.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"
#include "symbols/signature.h"

static int compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* A hash of the command lines, however many processes have each: the number of children
 * that a server forks changes. */
static uint64_t hash_commands(struct arena *arena, const struct measure_program *rows,
			      size_t n)
{
	uint64_t *hashes = arena_take(arena, n * sizeof(*hashes));
	uint64_t hash = SIGNATURE_BEGIN;

	for (size_t i = 0; i < n; i++)
		hashes[i] = signature_add_plain(SIGNATURE_BEGIN, rows[i].command,
						strlen(rows[i].command));
	qsort(hashes, n, sizeof(*hashes), compare);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || hashes[i] != hashes[i - 1])
			hash = signature_add_plain(hash, (const char *)&hashes[i],
						   sizeof(hashes[i]));
	}
	return hash;
}

void measure_compare_commands(struct arena *arena, struct measure_program *program,
			      const struct measure_program *rows, size_t n)
{
	uint64_t commands = hash_commands(arena, rows, n);

	if (program->n_runs == 0)
		program->commands = commands;
	program->has_more_commands |= commands != program->commands;
}
