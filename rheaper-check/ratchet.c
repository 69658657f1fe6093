// SPDX-License-Identifier: MIT
#include <string.h>

#include "rheaper-check/baseline.h"
#include "rheaper-check/limits.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/ratchet.h"

/* An entry of those amounts that leak or are asked for, and of the processes. */
static void add(struct baseline_list *list, struct arena *arena,
		struct baseline_entry entry, const int64_t *amounts, bool leaks,
		const struct limit *limits)
{
	bool any = entry.processes > 0;

	for (int i = 0; i < N_AMOUNTS; i++) {
		bool leak = i == AMOUNT_LEAK_BLOCKS || i == AMOUNT_LEAK_BYTES;

		entry.has[i] = leak ? leaks : limits[i].asked;
		entry.amounts[i] = entry.has[i] ? amounts[i] : 0;
		any = any || entry.has[i];
	}
	if (any)
		baseline_add(list, arena, &entry);
}

void ratchet_new(struct baseline *baseline, struct arena *arena, const struct measure *m,
		 const struct limits *limits)
{
	*baseline = (struct baseline){.version = m->version};
	for (size_t i = 0; i < m->n_programs; i++)
		add(&baseline->programs, arena,
		    (struct baseline_entry){.key = m->programs[i].name,
					    .processes =
						    (int64_t)m->programs[i].n_processes},
		    m->programs[i].amounts, false, limits->growth);
	for (size_t i = 0; i < m->n_sites; i++)
		add(&baseline->sites, arena,
		    (struct baseline_entry){.key = m->sites[i].key}, m->sites[i].amounts,
		    m->sites[i].amounts[AMOUNT_LEAK_BLOCKS] > 0, limits->site_growth);
}

bool ratchet_has_totals(const struct baseline_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		for (int k = AMOUNT_ALLOCATIONS; k < N_AMOUNTS; k++) {
			if (list->entries[i].has[k])
				return true;
		}
	}
	return false;
}

static void shrink(struct baseline_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct baseline_entry entry = list->entries[i];
		bool any = entry.processes > 0;

		memcpy(entry.amounts, entry.used, sizeof(entry.amounts));
		if (entry.amounts[AMOUNT_LEAK_BLOCKS] == 0)
			entry.has[AMOUNT_LEAK_BLOCKS] = entry.has[AMOUNT_LEAK_BYTES] =
				false;
		for (int k = 0; k < N_AMOUNTS; k++)
			any = any || entry.has[k];
		if (any)
			list->entries[n++] = entry;
	}
	list->n = n;
}

void ratchet_less(struct baseline *baseline)
{
	shrink(&baseline->programs);
	shrink(&baseline->sites);
}
