// SPDX-License-Identifier: MIT
/*
 * The queries go from the sums to the places, for SQLite would search all sums for each
 * place the other way round. What leaks has sums of its own for each kind that is asked
 * for, parameter 1, and each owner.
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
	"place, process, name, stack, leak_kind, leak_owner, allocations, bytes,"        \
	" kept_blocks, kept_bytes, live_blocks, live_bytes"

#define SUMMED                                                                           \
	"t.stack, t.leak_kind, t.leak_owner, t.allocations, t.bytes, t.kept_blocks,"     \
	" t.kept_bytes, t.live_blocks, t.live_bytes"

/* Of a row of lots `l` whose ending is `e`. */
#define IS_ASKED_FOR "(e.live AND (1 << ifnull(l.leak_kind, 0)) & ?1)"
#define LEAK                                                                             \
	IS_ASKED_FOR " <> 0 AS live,"                                                    \
		     " iif(" IS_ASKED_FOR ", ifnull(l.leak_kind, 0), 0) AS leak_kind,"   \
		     " iif(" IS_ASKED_FOR ", l.leak_owner, NULL) AS leak_owner"

/* Each has a table `places` of the columns NAMES. */
static const char *const queries[N_PLACE_KINDS] = {
	[PLACE_PROCESS] =
		"WITH k AS MATERIALIZED " SITES_LEAKS
		", t AS (SELECT s.process, s.stack, 0 AS leak_kind, NULL AS leak_owner,"
		"  s.allocations, s.allocated_bytes AS bytes, s.live_blocks -"
		"  ifnull(sum(k.n) FILTER (WHERE k.leak_kind <> 0), 0) AS kept_blocks,"
		"  s.live_bytes -"
		"  ifnull(sum(k.bytes) FILTER (WHERE k.leak_kind <> 0), 0) AS kept_bytes,"
		"  ifnull(sum(k.n) FILTER (WHERE k.leak_kind = 0), 0) AS live_blocks,"
		"  ifnull(sum(k.bytes) FILTER (WHERE k.leak_kind = 0), 0) AS live_bytes"
		"  FROM stack_totals s"
		"  LEFT JOIN k ON k.process = s.process AND k.stack = s.stack"
		"  GROUP BY s.process, s.stack"
		" UNION ALL SELECT process, stack, leak_kind, leak_owner, 0, 0, n, bytes,"
		"  n, bytes FROM k WHERE leak_kind <> 0)"
		", places(" NAMES ") AS (SELECT p.process, p.process, '', " SUMMED
		" FROM processes p LEFT JOIN t USING (process))",
	/* UNION, not UNION ALL: parents that lie about each other come to an end */
	[PLACE_SCOPE] =
		"WITH RECURSIVE around(inner, scope) AS (SELECT scope, scope FROM scopes"
		" UNION SELECT a.inner, s.parent FROM around a"
		"  JOIN scopes s ON s.scope = a.scope WHERE s.parent IS NOT NULL)"
		", t AS (SELECT scope, stack, leak_kind, leak_owner," SUMS
		"FROM (SELECT s.scope, l.stack, l.weight, b.size,"
		"  ifnull(b.alloc_ns + b.lifetime_ns >= s.end_ns, e.known) AS kept,"
		"  " LEAK " FROM lots l"
		"  CROSS JOIN block_endings e ON e.ending = l.ending"
		"  CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block"
		"  CROSS JOIN scope_changes c ON c.thread = l.alloc_thread AND c.at_ns ="
		"   (SELECT max(at_ns) FROM scope_changes"
		"   WHERE thread = l.alloc_thread AND at_ns <= b.alloc_ns)"
		"  CROSS JOIN around a ON a.inner = c.scope"
		"  CROSS JOIN scopes s ON s.scope = a.scope)"
		" GROUP BY scope, stack, leak_kind, leak_owner)"
		", places(" NAMES ") AS (SELECT s.scope, s.process, s.name, " SUMMED
		" FROM t CROSS JOIN scopes s ON s.scope = t.scope"
		" UNION ALL SELECT scope, process, name, NULL, 0, NULL, 0, 0, 0, 0,"
		" 0, 0"
		" FROM scopes WHERE scope NOT IN (SELECT scope FROM t))",
	[PLACE_PHASE] =
		"WITH phases AS (SELECT marker, process, text, lead(at_ms) OVER ("
		"  PARTITION BY process ORDER BY at_ms, marker) AS end_ms FROM markers)"
		", t AS (SELECT marker, stack, leak_kind, leak_owner," SUMS
		"FROM (SELECT p.marker, a.stack, a.weight, a.size, a.live, a.leak_kind,"
		"  a.leak_owner,"
		"  CASE WHEN a.freed_ns IS NULL THEN a.known"
		"   ELSE ifnull(a.freed_ns / 1e6 >= p.end_ms, 0) END AS kept"
		"  FROM (SELECT l.stack, l.weight, e.known, " LEAK ", b.size,"
		"   b.alloc_ns + b.lifetime_ns AS freed_ns, (SELECT marker FROM markers m"
		"    WHERE m.process = l.process AND m.at_ms <= b.alloc_ns / 1e6"
		"    ORDER BY m.at_ms DESC, m.marker DESC LIMIT 1) AS marker FROM lots l"
		"   CROSS JOIN block_endings e ON e.ending = l.ending"
		"   CROSS JOIN blocks b"
		"   ON b.block BETWEEN l.first_block AND l.last_block) a"
		"  JOIN phases p USING (marker))"
		" GROUP BY marker, stack, leak_kind, leak_owner)"
		", places(" NAMES ") AS (SELECT p.marker, p.process, p.text, " SUMMED
		" FROM t CROSS JOIN markers p ON p.marker = t.marker"
		" UNION ALL SELECT marker, process, text, NULL, 0, NULL, 0, 0, 0, 0,"
		" 0, 0"
		" FROM markers WHERE marker NOT IN (SELECT marker FROM t))",
};

static const struct row_column columns[] = {
	ROW_COLUMN(place_facts, place, "place"),
	ROW_COLUMN(place_facts, process, "process"),
	ROW_COLUMN(place_facts, name, "name"),
	ROW_COLUMN(place_facts, has_stack, "stack NOT NULL"),
	ROW_COLUMN(place_facts, stack, "stack"),
	ROW_COLUMN(place_facts, leak_kind, "leak_kind"),
	ROW_NULLABLE(place_facts, leak_owner, "leak_owner", -1),
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
	struct rows *rows =
		rows_open_with(d, queries[kind], &list,
			       "FROM places"
			       " ORDER BY place, stack, leak_kind, leak_owner");

	rows_set(rows, 1, leak_kinds);
	return rows;
}

/* The scope that a thread is in at a time. */
#define SCOPE_OF(c, thread_of)                                                           \
	"scope_changes " c " ON " c ".thread = " thread_of " AND " c ".at_ns ="          \
	" (SELECT max(at_ns) FROM scope_changes WHERE thread = " thread_of               \
	" AND at_ns <= b.alloc_ns)"

/* clang-format off */
/* A block counts once for a name, however many threads have a scope of it open. */
#define BESIDE                                                                           \
	"WITH RECURSIVE around(inner, scope) AS (SELECT scope, scope FROM scopes"        \
	" UNION SELECT a.inner, s.parent FROM around a"                                  \
	"  JOIN scopes s ON s.scope = a.scope WHERE s.parent IS NOT NULL)"               \
	", named(inner, name) AS MATERIALIZED (SELECT DISTINCT a.inner, s.name"          \
	"  FROM around a JOIN scopes s ON s.scope = a.scope)"                            \
	", openers AS (SELECT DISTINCT process, thread FROM scopes)"                     \
	", beside AS (SELECT DISTINCT b.block, l.process, l.weight, n.name FROM lots l"  \
	"  CROSS JOIN openers o"                                                         \
	"  ON o.process = l.process AND o.thread <> l.alloc_thread"                      \
	"  CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block"        \
	"  CROSS JOIN " SCOPE_OF("c", "o.thread")                                        \
	"  CROSS JOIN named n ON n.inner = c.scope WHERE NOT EXISTS"                     \
	"  (SELECT 1 FROM (SELECT 1) CROSS JOIN " SCOPE_OF("d", "l.alloc_thread")        \
	"   CROSS JOIN named m ON m.inner = d.scope WHERE m.name = n.name))"             \
	", sums(process, name, allocations) AS (SELECT process, name,"                   \
	"  CAST(round(sum(weight)) AS INTEGER) FROM beside GROUP BY process, name)"
/* clang-format on */

static const struct row_column beside_columns[] = {
	ROW_COLUMN(beside_facts, process, "process"),
	ROW_COLUMN(beside_facts, name, "name"),
	ROW_COLUMN(beside_facts, allocations, "allocations"),
};

struct rows *places_select_beside(const struct database *d)
{
	static const struct row_list list = ROW_LIST(beside_columns);

	return rows_open_with(d, BESIDE, &list, "FROM sums ORDER BY process, name");
}
