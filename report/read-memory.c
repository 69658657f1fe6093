// SPDX-License-Identifier: MIT
/* What of the process was in memory, and who holds its heap. */
#include "database/db.h"
#include "database/rows.h"
#include "report/holders.h"
#include "report/numbers.h"

#include "report/read-parts.h"

static void take_resident(struct reading *r)
{
	struct rows *rows = overview_select_most_resident(r->database);
	struct overview_resident row;

	rows_set(rows, 1, r->report->process.process);
	if (rows_next(rows, &row)) {
		r->report->resident_bytes = row.bytes;
		r->report->resident_ns = number_round(row.at_ms * 1e6);
	}
	rows_close(rows);
}

static void take_root(struct report_snapshots *snapshots, const struct holders *h)
{
	uint32_t most = HOLDER_NONE;

	for (uint32_t i = 0; i < h->n_roots; i++) {
		if (h->roots[i].retained_bytes > snapshots->retained_bytes) {
			snapshots->retained_bytes = h->roots[i].retained_bytes;
			most = i;
		}
	}
	if (most == HOLDER_NONE)
		return;
	snapshots->root = holders_root_name(h, most, false);
	snapshots->full_root = holders_root_name(h, most, true);
}

static void take_snapshots(struct reading *r)
{
	struct report_snapshots *snapshots = &r->report->snapshots;
	struct holders *h =
		holders_peek(r->database, r->report->process.process, &snapshots->n);

	if (!h)
		return;
	snapshots->name = h->name;
	h->name = NULL;
	snapshots->at_ns = h->at_ns;
	snapshots->bytes = h->bytes;
	take_root(snapshots, h);
	holders_free(h);
}

void reading_take_memory(struct reading *r)
{
	take_resident(r);
	take_snapshots(r);
}
