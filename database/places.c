// SPDX-License-Identifier: MIT
/*
 * The queries go from the sums to the places, for SQLite would search all sums for each
 * place the other way round.
 */
#include "database/db.h"
#include "database/rows.h"
#include "database/sites-parts.h"

#include "database/places.h"

#define SUMS                                                                             \
	" CAST(round(sum(weight)) AS INTEGER) AS allocations,"                           \
	" CAST(round(sum(size * weight)) AS INTEGER) AS bytes,"                          \
	" CAST(round(sum(weight * kept)) AS INTEGER) AS kept_blocks,"                    \
	" CAST(round(sum(size * weight * kept)) AS INTEGER) AS kept_bytes,"              \
	" CAST(round(sum(weight * live)) AS INTEGER) AS live_blocks,"                    \
	" CAST(round(sum(size * weight * live)) AS INTEGER) AS live_bytes "

#define NAMES                                                                            \
	"place, process, name, stack, allocations, bytes, kept_blocks, kept_bytes,"      \
	" live_blocks, live_bytes"

#define SUMMED                                                                           \
	"t.stack, t.allocations, t.bytes, t.kept_blocks, t.kept_bytes, t.live_blocks,"   \
	" t.live_bytes"

/* Each has a table `places` of the columns NAMES. */
static const char *const queries[N_PLACE_KINDS] = {
	[PLACE_PROCESS] =
		"WITH places(" NAMES ") AS (SELECT p.process, p.process, '', t.stack,"
		" t.allocations, t.allocated_bytes, t.live_blocks, t.live_bytes,"
		" ifnull(sum(k.n), 0), ifnull(sum(k.bytes), 0)"
		" FROM processes p LEFT JOIN stack_totals t USING (process)"
		" LEFT JOIN " SITES_LEAKS
		" k ON k.process = t.process AND k.stack = t.stack"
		" GROUP BY p.process, t.stack)",
	/* UNION, not UNION ALL: parents that lie about each other come to an end */
	[PLACE_SCOPE] =
		"WITH RECURSIVE around(inner, scope) AS (SELECT scope, scope FROM scopes"
		" UNION SELECT a.inner, s.parent FROM around a"
		"  JOIN scopes s ON s.scope = a.scope WHERE s.parent IS NOT NULL)"
		", t AS (SELECT scope, stack," SUMS
		"FROM (SELECT s.scope, l.stack, l.weight, b.size,"
		"  ifnull(b.alloc_ns + b.lifetime_ns >= s.end_ns, e.known) AS kept,"
		"  e.live AND ((1 << ifnull(l.leak_kind, 0)) & ?1) <> 0 AS live FROM "
		"lots l"
		"  CROSS JOIN block_endings e ON e.ending = l.ending"
		"  CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block"
		"  CROSS JOIN scope_changes c ON c.thread = l.alloc_thread AND c.at_ns ="
		"   (SELECT max(at_ns) FROM scope_changes"
		"   WHERE thread = l.alloc_thread AND at_ns <= b.alloc_ns)"
		"  CROSS JOIN around a ON a.inner = c.scope"
		"  CROSS JOIN scopes s ON s.scope = a.scope)"
		" GROUP BY scope, stack)"
		", places(" NAMES ") AS (SELECT s.scope, s.process, s.name, " SUMMED
		" FROM t CROSS JOIN scopes s ON s.scope = t.scope"
		" UNION ALL SELECT scope, process, name, NULL, 0, 0, 0, 0, 0, 0"
		" FROM scopes WHERE scope NOT IN (SELECT scope FROM t))",
	[PLACE_PHASE] =
		"WITH phases AS (SELECT marker, process, text, lead(at_ms) OVER ("
		"  PARTITION BY process ORDER BY at_ms, marker) AS end_ms FROM markers)"
		", t AS (SELECT marker, stack," SUMS
		"FROM (SELECT p.marker, a.stack, a.weight, a.size,"
		"  CASE WHEN a.freed_ns IS NULL THEN a.known"
		"   ELSE ifnull(a.freed_ns / 1e6 >= p.end_ms, 0) END AS kept,"
		"  a.live AND ((1 << ifnull(a.leak_kind, 0)) & ?1) <> 0 AS live"
		"  FROM (SELECT l.stack, l.weight, e.known, e.live, l.leak_kind, b.size,"
		"   b.alloc_ns + b.lifetime_ns AS freed_ns, (SELECT marker FROM markers m"
		"    WHERE m.process = l.process AND m.at_ms <= b.alloc_ns / 1e6"
		"    ORDER BY m.at_ms DESC, m.marker DESC LIMIT 1) AS marker FROM lots l"
		"   CROSS JOIN block_endings e ON e.ending = l.ending"
		"   CROSS JOIN blocks b"
		"   ON b.block BETWEEN l.first_block AND l.last_block) a"
		"  JOIN phases p USING (marker))"
		" GROUP BY marker, stack)"
		", places(" NAMES ") AS (SELECT p.marker, p.process, p.text, " SUMMED
		" FROM t CROSS JOIN markers p ON p.marker = t.marker"
		" UNION ALL SELECT marker, process, text, NULL, 0, 0, 0, 0, 0, 0"
		" FROM markers WHERE marker NOT IN (SELECT marker FROM t))",
};

static const struct row_column columns[] = {
	ROW_COLUMN(place_facts, place, "place"),
	ROW_COLUMN(place_facts, process, "process"),
	ROW_COLUMN(place_facts, name, "name"),
	ROW_COLUMN(place_facts, has_stack, "stack NOT NULL"),
	ROW_COLUMN(place_facts, stack, "stack"),
	ROW_COLUMN(place_facts, allocations, "allocations"),
	ROW_COLUMN(place_facts, allocated_bytes, "bytes"),
	ROW_COLUMN(place_facts, kept_blocks, "kept_blocks"),
	ROW_COLUMN(place_facts, kept_bytes, "kept_bytes"),
	ROW_COLUMN(place_facts, live_blocks, "live_blocks"),
	ROW_COLUMN(place_facts, live_bytes, "live_bytes"),
};

struct rows *places_select(const struct database *d, enum place_kind kind,
			   unsigned int leak_kinds)
{
	static const struct row_list list = ROW_LIST(columns);
	struct rows *rows = rows_open_with(d, queries[kind], &list,
					   "FROM places ORDER BY place, stack");

	rows_set(rows, 1, leak_kinds);
	return rows;
}
