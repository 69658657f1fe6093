// SPDX-License-Identifier: MIT
/*
 * What a database says of sites and places. Base tables only, here and where processes
 * are read: views come with the database, and so may lie.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cli.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"
#include "rheaper-check/names.h"

#include "rheaper-check/measure-database.h"

/* Of each stack in each process, by kind: what counts as leaked. */
#define LEAKS                                                                            \
	"SELECT process, stack, leak,"                                                   \
	" CAST(round(sum(weight * (last_block - first_block + 1))) AS INTEGER) AS n,"    \
	" CAST(round(sum(weight * bytes)) AS INTEGER) AS bytes"                          \
	" FROM lots WHERE end = 2 AND (1 << leak) & ?1 GROUP BY process, stack, leak"

/* One whose first parameter is a set of kinds. */
static sqlite3_stmt *prepare_kinds(struct database *d, unsigned int kinds,
				   const char *sql)
{
	sqlite3_stmt *statement = database_prepare(d, sql);

	sqlite3_bind_int(statement, 1, (int)kinds);
	return statement;
}

/* The same with those that count. */
static sqlite3_stmt *prepare_leaks(struct database *d, const char *sql)
{
	return prepare_kinds(d, d->m->leak_kinds | 1u << LEAK_UNKNOWN, sql);
}

static void check_pages(struct database *d)
{
	sqlite3_stmt *statement = database_prepare(d, "PRAGMA quick_check(1)");

	if (!database_step(d, statement) ||
	    strcmp(database_text_or(d, statement, 0, ""), "ok") != 0)
		die("read %s: the database is damaged", d->name);
	sqlite3_finalize(statement);
}

static void read_frames(struct database *d)
{
	sqlite3_stmt *row =
		database_prepare(d, "SELECT f.frame, f.sym, f.file, f.line, m.path"
				    " FROM frames f LEFT JOIN modules m USING (module)");

	while (database_step(d, row)) {
		const char *sym = (const char *)sqlite3_column_text(row, 1);
		struct measure_frame frame = {
			.sym = database_text_or(d, row, 1, ""),
			.file = database_text(d, row, 2),
			.line = sqlite3_column_int64(row, 3),
			.module = database_text_or(d, row, 4, ""),
			.plain = names_plain(d->arena, sym ? sym : ""),
		};

		if (d->n_frames >= MAP_NONE ||
		    map_put(&d->frame_numbers, (uint64_t)sqlite3_column_int64(row, 0),
			    (uint32_t)d->n_frames))
			die("read %s: out of memory", d->name);
		d->frames = arena_grow(d->arena, d->frames, d->n_frames, sizeof(frame));
		d->frames[d->n_frames++] = frame;
	}
	sqlite3_finalize(row);
}

static const struct measure_frame *find_frame(struct database *d, int64_t frame)
{
	uint32_t number = map_get(&d->frame_numbers, (uint64_t)frame);

	if (number == MAP_NONE)
		die("read %s: it is damaged: a frame is missing", d->name);
	return &d->frames[number];
}

static const struct measure_stack *read_stack(struct database *d, int64_t number)
{
	struct measure_stack *stack = arena_take(d->arena, sizeof(*stack));

	stack->function = "";
	sqlite3_bind_int64(d->stack_function, 1, number);
	if (database_step(d, d->stack_function))
		stack->function = database_text_or(d, d->stack_function, 0, "");
	sqlite3_reset(d->stack_function);
	sqlite3_bind_int64(d->stack_frames, 1, number);
	while (database_step(d, d->stack_frames)) {
		stack->frames = arena_grow(d->arena, stack->frames, stack->n_frames,
					   sizeof(*stack->frames));
		stack->frames[stack->n_frames++] =
			find_frame(d, sqlite3_column_int64(d->stack_frames, 0));
	}
	sqlite3_reset(d->stack_frames);
	return stack;
}

/* A stack by its number; each is read once. */
static const struct measure_stack *get_stack(struct database *d, int64_t number)
{
	uint32_t index = map_get(&d->stack_numbers, (uint64_t)number);

	if (index != MAP_NONE)
		return d->stacks[index];
	if (d->n_stacks >= MAP_NONE ||
	    map_put(&d->stack_numbers, (uint64_t)number, (uint32_t)d->n_stacks))
		die("read %s: out of memory", d->name);
	d->stacks = arena_grow(d->arena, d->stacks, d->n_stacks, sizeof(*d->stacks));
	d->stacks[d->n_stacks] = read_stack(d, number);
	return d->stacks[d->n_stacks++];
}

static const struct process *get_process(struct database *d, int64_t process)
{
	uint32_t number = map_get(&d->process_numbers, (uint64_t)process);

	if (number == MAP_NONE)
		die("read %s: it is damaged: a process is missing", d->name);
	return &d->processes[number];
}

static const char *make_key(struct database *d, const char *program,
			    const struct measure_stack *stack)
{
	if (array_grow((void **)&d->plain, &d->n_plain_max, stack->n_frames,
		       sizeof(*d->plain)))
		die("read %s: out of memory", d->name);
	for (size_t i = 0; i < stack->n_frames; i++)
		d->plain[i] = stack->frames[i]->plain;
	return names_key(d->arena, program, d->plain, stack->n_frames);
}

/* A row of the query of read_sites. */
static void take_site(struct database *d, sqlite3_stmt *row)
{
	struct measure *m = d->m;
	const struct process *process = get_process(d, sqlite3_column_int64(row, 1));
	struct measure_site site = {
		.stack = get_stack(d, sqlite3_column_int64(row, 0)),
		.n_runs = process->run,
	};

	for (int i = AMOUNT_LEAK_BLOCKS; i <= AMOUNT_BYTES; i++)
		site.amounts[i] = database_count(d, row, 2 + i);
	if (process->cut)
		site.amounts[AMOUNT_LEAK_BLOCKS] = site.amounts[AMOUNT_LEAK_BYTES] = 0;
	if (site.amounts[AMOUNT_LEAK_BLOCKS] == 0 && !m->all_sites)
		return;
	site.kind = sqlite3_column_int(row, 6) > 0 &&
				    sqlite3_column_int(row, 6) < N_LEAK_KINDS
			    ? (enum leak_kind)sqlite3_column_int(row, 6)
			    : LEAK_UNKNOWN;
	site.key = make_key(d, process->program, site.stack);
	m->site_rows = arena_grow(d->arena, m->site_rows, m->n_site_rows, sizeof(site));
	m->site_rows[m->n_site_rows++] = site;
}

static void read_sites(struct database *d)
{
	sqlite3_stmt *row = prepare_leaks(
		d, "SELECT stack, process, n, bytes, 0, 0, leak FROM (" LEAKS
		   ") UNION ALL SELECT stack, process, 0, 0, allocations,"
		   " bytes, 0 FROM stack_totals WHERE ?2"
		   " ORDER BY stack, process, leak");

	sqlite3_bind_int(row, 2, d->m->all_sites);
	while (database_step(d, row))
		take_site(d, row);
	sqlite3_finalize(row);
}

/* What was live at a cut is not judged, whatever a scan says of it. */
static void read_uncounted(struct database *d)
{
	sqlite3_stmt *row = prepare_kinds(d, LEAK_KINDS_DOUBTFUL & ~d->m->leak_kinds,
					  "SELECT stack, process, n, bytes, leak"
					  " FROM (" LEAKS ")");
	struct measure *m = d->m;

	while (database_step(d, row)) {
		const struct process *process =
			get_process(d, sqlite3_column_int64(row, 1));
		struct measure_site site = {
			.key = process->program,
			.stack = get_stack(d, sqlite3_column_int64(row, 0)),
			.kind = (enum leak_kind)sqlite3_column_int(row, 4),
		};

		for (int i = AMOUNT_LEAK_BLOCKS; i <= AMOUNT_LEAK_BYTES; i++)
			site.amounts[i] = database_count(d, row, 2 + i);
		if (process->cut)
			continue;
		m->uncounted =
			arena_grow(d->arena, m->uncounted, m->n_uncounted, sizeof(site));
		m->uncounted[m->n_uncounted++] = site;
	}
	sqlite3_finalize(row);
}

/* The places of each kind with what stacks allocated in them: number, process, name, and
 * of a stack the amounts; a place without allocations has no stack. */
#define SUMS                                                                             \
	" CAST(round(sum(weight)) AS INTEGER) AS n,"                                     \
	" CAST(round(sum(size * weight)) AS INTEGER) AS bytes,"                          \
	" CAST(round(sum(weight * kept)) AS INTEGER) AS kept_n,"                         \
	" CAST(round(sum(size * weight * kept)) AS INTEGER) AS kept_bytes,"              \
	" CAST(round(sum(weight * live)) AS INTEGER) AS live_n,"                         \
	" CAST(round(sum(size * weight * live)) AS INTEGER) AS live_bytes "

#define PLACE_COLUMNS "t.n, t.bytes, t.kept_n, t.kept_bytes, t.live_n, t.live_bytes"

/* From the sums to the places, for SQLite would search them all for each place the other
 * way round. */
static const char *const place_queries[N_PLACE_KINDS] = {
	[PLACE_PROCESS] =
		"SELECT p.process, p.process, '', t.stack, t.allocations, t.bytes,"
		" t.live_blocks, t.live_bytes, ifnull(sum(k.n), 0), ifnull(sum(k.bytes), "
		"0)"
		" FROM processes p LEFT JOIN stack_totals t USING (process)"
		" LEFT JOIN (" LEAKS ") k ON k.process = t.process AND k.stack = t.stack"
		" GROUP BY p.process, t.stack"
		" ORDER BY 1, t.stack",
	/* UNION, not UNION ALL: parents that lie about each other come to an end */
	[PLACE_SCOPE] =
		"WITH RECURSIVE around(inner, scope) AS (SELECT scope, scope FROM scopes"
		" UNION SELECT a.inner, s.parent FROM around a"
		"  JOIN scopes s ON s.scope = a.scope WHERE s.parent IS NOT NULL)"
		", t AS (SELECT scope, stack," SUMS
		"FROM (SELECT s.scope, l.stack, l.weight,"
		"  b.size, ifnull(b.alloc_ns + b.lifetime_ns >= s.end_ns, l.end <> 3) AS "
		"kept,"
		"  l.end = 2 AND ((1 << l.leak) & ?1) <> 0 AS live FROM lots l"
		"  CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block"
		"  CROSS JOIN scope_changes c ON c.thread = l.alloc_thread AND c.at_ns = "
		"("
		"   SELECT max(at_ns) FROM scope_changes"
		"   WHERE thread = l.alloc_thread AND at_ns <= b.alloc_ns)"
		"  CROSS JOIN around a ON a.inner = c.scope"
		"  CROSS JOIN scopes s ON s.scope = a.scope)"
		" GROUP BY scope, stack) "
		"SELECT s.scope, s.process, s.name, t.stack, " PLACE_COLUMNS
		" FROM t CROSS JOIN scopes s ON s.scope = t.scope"
		" UNION ALL SELECT scope, process, name, NULL, 0, 0, 0, 0, 0, 0 FROM "
		"scopes"
		" WHERE scope NOT IN (SELECT scope FROM t) ORDER BY 1, 4",
	[PLACE_PHASE] =
		"WITH phases AS (SELECT marker, process, text, lead(at_ms) OVER ("
		"  PARTITION BY process ORDER BY at_ms, marker) AS end_ms FROM markers)"
		", t AS (SELECT marker, stack," SUMS
		"FROM (SELECT p.marker, a.stack, a.weight,"
		"  a.size, CASE WHEN a.freed_ns IS NULL THEN a.end <> 3"
		"   ELSE ifnull(a.freed_ns / 1e6 >= p.end_ms, 0) END AS kept,"
		"  a.end = 2 AND ((1 << a.leak) & ?1) <> 0 AS live"
		"  FROM (SELECT l.stack, l.weight, l.end, l.leak, b.size,"
		"   b.alloc_ns + b.lifetime_ns AS freed_ns, (SELECT marker FROM markers m"
		"    WHERE m.process = l.process AND m.at_ms <= b.alloc_ns / 1e6"
		"    ORDER BY m.at_ms DESC, m.marker DESC LIMIT 1) AS marker FROM lots l"
		"   CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND "
		"l.last_block) a"
		"  JOIN phases p USING (marker))"
		" GROUP BY marker, stack) "
		"SELECT p.marker, p.process, p.text, t.stack, " PLACE_COLUMNS
		" FROM t CROSS JOIN markers p ON p.marker = t.marker"
		" UNION ALL SELECT marker, process, text, NULL, 0, 0, 0, 0, 0, 0 FROM "
		"markers"
		" WHERE marker NOT IN (SELECT marker FROM t) ORDER BY 1, 4",
};

/* The kinds that count and that there are, and the unknown one, which stands for all
 * blocks of which no kind is told. */
static unsigned int find_kinds(struct database *d)
{
	sqlite3_stmt *row = prepare_leaks(
		d, "SELECT DISTINCT leak FROM lots WHERE end = 2 AND (1 << leak) & ?1");
	unsigned int kinds = 1u << LEAK_UNKNOWN;

	while (database_step(d, row))
		kinds |= 1u << sqlite3_column_int(row, 0);
	sqlite3_finalize(row);
	return kinds;
}

static void add_place_row(struct database *d, const struct measure_place_row *row,
			  bool cut)
{
	struct measure *m = d->m;
	struct measure_place_row *added;

	m->place_rows =
		arena_grow(d->arena, m->place_rows, m->n_place_rows, sizeof(*row));
	added = &m->place_rows[m->n_place_rows++];
	*added = *row;
	if (cut)
		added->amounts[PLACE_LEAK_BLOCKS] = added->amounts[PLACE_LEAK_BYTES] = 0;
	m->places[m->n_places - 1].n_rows++;
}

/* A row of the query for each of the kinds: they differ in what leaks. */
static void take_place_rows(struct database *d, sqlite3_stmt *const *rows, bool cut)
{
	sqlite3_stmt *unknown = rows[LEAK_UNKNOWN];
	struct measure_place_row all = {
		.stack = get_stack(d, sqlite3_column_int64(unknown, 3))};

	for (int i = 0; i < N_PLACE_AMOUNTS; i++)
		all.amounts[i] = database_count(d, unknown, 4 + i);
	for (int kind = LEAK_UNKNOWN + 1; kind < N_LEAK_KINDS; kind++) {
		struct measure_place_row part = {.stack = all.stack,
						 .kind = (enum leak_kind)kind};

		/* What leaks was kept, too */
		for (int i = PLACE_LEAK_BLOCKS; rows[kind] && i <= PLACE_LEAK_BYTES;
		     i++) {
			int kept = i - PLACE_LEAK_BLOCKS + PLACE_KEPT_BLOCKS;
			int64_t n = database_count(d, rows[kind], 4 + i);

			part.amounts[i] = part.amounts[kept] = n;
			all.amounts[kept] -=
				n < all.amounts[kept] ? n : all.amounts[kept];
		}
		if (part.amounts[PLACE_LEAK_BLOCKS])
			add_place_row(d, &part, cut);
	}
	add_place_row(d, &all, cut);
}

/* The next row of the query for each of the kinds: the same places and stacks. */
static bool step_places(struct database *d, sqlite3_stmt *const *rows)
{
	bool more = database_step(d, rows[LEAK_UNKNOWN]);

	for (int kind = LEAK_UNKNOWN + 1; kind < N_LEAK_KINDS; kind++) {
		if (!rows[kind])
			continue;
		if (database_step(d, rows[kind]) != more ||
		    (more && (sqlite3_column_int64(rows[kind], 0) !=
				      sqlite3_column_int64(rows[LEAK_UNKNOWN], 0) ||
			      sqlite3_column_int64(rows[kind], 3) !=
				      sqlite3_column_int64(rows[LEAK_UNKNOWN], 3))))
			die("read %s: it changed meanwhile", d->name);
	}
	return more;
}

static void read_places(struct database *d, enum place_kind place_kind)
{
	sqlite3_stmt *rows[N_LEAK_KINDS] = {NULL}, *row;
	unsigned int kinds = find_kinds(d);
	struct measure *m = d->m;
	int64_t number = 0;
	bool first = true;

	for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
		if (kinds >> kind & 1)
			rows[kind] =
				prepare_kinds(d, 1u << kind, place_queries[place_kind]);
	}
	row = rows[LEAK_UNKNOWN];
	while (step_places(d, rows)) {
		const struct process *process =
			get_process(d, sqlite3_column_int64(row, 1));
		struct measure_place place = {
			.kind = place_kind,
			.program = process->program,
			.name = database_text_or(d, row, 2, ""),
			.first_row = m->n_place_rows,
		};

		if (first || number != sqlite3_column_int64(row, 0)) {
			m->places = arena_grow(d->arena, m->places, m->n_places,
					       sizeof(place));
			m->places[m->n_places++] = place;
		}
		first = false;
		number = sqlite3_column_int64(row, 0);
		if (sqlite3_column_type(row, 3) != SQLITE_NULL)
			take_place_rows(d, rows, process->cut);
	}
	for (int kind = 0; kind < N_LEAK_KINDS; kind++)
		sqlite3_finalize(rows[kind]);
}

void measure_database(struct measure *m, const char *path, const char *name)
{
	struct database d = {
		.m = m, .arena = m->arena, .db = db_open(path), .name = name};

	check_pages(&d);
	database_read_processes(&d);
	read_frames(&d);
	d.stack_frames =
		database_prepare(&d, "SELECT frame FROM stack_frames WHERE stack = ?"
				     " ORDER BY frame_no");
	d.stack_function =
		database_prepare(&d, "SELECT f.name FROM stacks s JOIN functions f"
				     " USING (function) WHERE s.stack = ?");
	read_sites(&d);
	read_uncounted(&d);
	for (int i = 0; i < N_PLACE_KINDS; i++) {
		if (m->wanted[i])
			read_places(&d, (enum place_kind)i);
	}
	sqlite3_finalize(d.stack_frames);
	sqlite3_finalize(d.stack_function);
	map_fini(&d.process_numbers);
	map_fini(&d.frame_numbers);
	map_fini(&d.stack_numbers);
	free(d.plain);
	sqlite3_close(d.db);
}
