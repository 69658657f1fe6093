// SPDX-License-Identifier: MIT
/*
 * What a database says of processes: how their traces ended, what is missing of them,
 * what they did in all.
 */
#include <string.h>

#include "common/cli.h"
#include "common/path.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/measure-database.h"

static void add_problem(struct database *d, enum measure_defect defect, const char *trace,
			const char *program, const char *why)
{
	struct measure *m = d->m;

	m->problems =
		arena_grow(d->arena, m->problems, m->n_problems, sizeof(*m->problems));
	m->problems[m->n_problems++] =
		(struct measure_problem){defect, trace, program, why};
}

/* How a trace ended, and what that says of it. */
static const struct ending {
	const char *name; /* of processes.ending, up to a colon */
	enum measure_defect defect;
	const char *why;
} endings[] = {
	{"exited", DEFECT_NONE, NULL},
	{"stopped", DEFECT_CUT,
	 "tracing was switched off: what was live then is not judged"},
	{"snapshot", DEFECT_CUT, "it is a snapshot: what was live then is not judged"},
	{"full", DEFECT_PARTIAL, "the size limit of the trace was reached"},
	{"failed", DEFECT_PARTIAL, "the trace could not be written to the end"},
	{"unknown", DEFECT_PARTIAL,
	 "the program did not end by exit: it was killed, or called _exit or exec, or is "
	 "running still"},
};

static const struct ending *find_ending(const char *name)
{
	static const struct ending other = {"", DEFECT_PARTIAL,
					    "how it ended is not known"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t length = strlen(endings[i].name);

		if (strncmp(name, endings[i].name, length) == 0 &&
		    (name[length] == 0 || name[length] == ':'))
			return &endings[i];
	}
	return &other;
}

/* Losses that are none: frees of what was allocated before tracing began, and so on. */
#define HARMLESS                                                                         \
	"('foreign_free', 'foreign_realloc', 'unseen_free', 'unpaired_scope_end',"       \
	" 'clock_inversions')"

static void find_losses(struct database *d, int64_t process, const char *trace,
			const char *program)
{
	sqlite3_stmt *losses = database_prepare(
		d, "SELECT count, meaning FROM losses WHERE process = ?1"
		   " AND count <> 0 AND reason NOT IN " HARMLESS
		   " UNION ALL SELECT value, 'Events lost.' FROM totals"
		   " WHERE process = ?1 AND name = 'lost' AND value <> 0");

	sqlite3_bind_int64(losses, 1, process);
	if (database_step(d, losses))
		add_problem(d, DEFECT_PARTIAL, trace, program,
			    arena_format(d->arena, "events are missing: %lld: %s",
					 (long long)sqlite3_column_int64(losses, 0),
					 database_text_or(d, losses, 1, "")));
	sqlite3_finalize(losses);
}

/* Its name; without what libtool puts before that of a program not installed yet. */
static const char *program_name(const char *path)
{
	const char *name = path_base(path);

	return strncmp(name, "lt-", 3) == 0 && name[3] ? name + 3 : name;
}

/* What a process did in all, for its program. */
static void read_totals(struct database *d, int64_t number, const struct process *process)
{
	static const char *const names[N_AMOUNTS] = {
		[AMOUNT_ALLOCATIONS] = "allocations",
		[AMOUNT_BYTES] = "bytes_allocated",
		[AMOUNT_PEAK] = "peak_bytes",
	};
	sqlite3_stmt *totals =
		database_prepare(d, "SELECT CAST(value AS INTEGER) FROM totals "
				    "WHERE process = ? AND name = ?");
	struct measure_program row = {.name = process->program,
				      .n_processes = process->run,
				      .partial = process->partial};
	struct measure *m = d->m;

	for (int i = 0; i < N_AMOUNTS; i++) {
		if (!names[i])
			continue;
		sqlite3_bind_int64(totals, 1, number);
		sqlite3_bind_text(totals, 2, names[i], -1, SQLITE_STATIC);
		if (!database_step(d, totals))
			die("read %s: it is damaged: a process has no %s", d->name,
			    names[i]);
		row.amounts[i] = database_count(d, totals, 0);
		sqlite3_reset(totals);
	}
	sqlite3_finalize(totals);
	m->program_rows =
		arena_grow(d->arena, m->program_rows, m->n_program_rows, sizeof(row));
	m->program_rows[m->n_program_rows++] = row;
}

/* What became of the scan for leaks, from the columns 7 to 9. */
static void find_scan(struct database *d, sqlite3_stmt *row, const char *trace,
		      const char *program)
{
	const char *scan = database_text_or(d, row, 7, "made");
	int64_t n_threads = database_count(d, row, 8);

	if (strcmp(scan, "made") != 0)
		add_problem(d, DEFECT_PARTIAL, trace, program,
			    arena_format(d->arena,
					 "the scan for leaks %s: what is still "
					 "reachable is not known",
					 scan));
	else if (n_threads && sqlite3_column_int(row, 9))
		add_problem(
			d, DEFECT_NONE, trace, program,
			arena_format(
				d->arena,
				"%lld other thread%s ran when memory was scanned: what "
				"only registers of theirs pointed to counts as lost",
				(long long)n_threads, n_threads == 1 ? "" : "s"));
}

static void add_source(struct database *d, sqlite3_stmt *row, const char *trace)
{
	struct measure *m = d->m;

	m->sources =
		arena_grow(d->arena, m->sources, m->n_processes, sizeof(*m->sources));
	m->sources[m->n_processes++] = (struct measure_source){
		.pid = sqlite3_column_int64(row, 11),
		.start_ns = sqlite3_column_int64(row, 12),
		.start_ticks = sqlite3_column_int64(row, 13),
		.trace = trace,
		.database = d->name,
	};
}

/* Whether one of the problems from the first on is that something is not in a trace. */
static bool is_partial(const struct measure *m, size_t first)
{
	for (size_t i = first; i < m->n_problems; i++) {
		if (m->problems[i].defect != DEFECT_NONE)
			return true;
	}
	return false;
}

/* A row of the query of database_read_processes. */
static void take_process(struct database *d, sqlite3_stmt *row)
{
	const char *trace = database_text_or(d, row, 1, "?");
	const char *program = program_name(database_text_or(d, row, 2, "?"));
	const struct ending *ending = find_ending(database_text_or(d, row, 3, ""));
	int64_t number = sqlite3_column_int64(row, 0);
	size_t n_problems = d->m->n_problems;
	struct process process = {.program = program,
				  .run = d->m->n_runs,
				  .cut = ending->defect == DEFECT_CUT};

	add_source(d, row, trace);
	if (sqlite3_column_int(row, 10))
		die("read %s: it is damaged: live blocks do not add up", d->name);
	if (ending->defect != DEFECT_NONE)
		add_problem(d, ending->defect, trace, program, ending->why);
	if (sqlite3_column_int(row, 4) != 0)
		add_problem(d, DEFECT_PARTIAL, trace, program,
			    "only its newest part was kept (a ring)");
	if (sqlite3_column_int(row, 5) != 0)
		add_problem(
			d, DEFECT_SAMPLE, trace, program,
			"it is a sample: figures are estimates, and a leak may not be "
			"in it");
	if (sqlite3_column_int(row, 14) != 0)
		add_problem(d, DEFECT_NONE, trace, program,
			    "not all stacks were taken (RHEAPER_SAMPLE_RATE): blocks "
			    "without one "
			    "are one call site, which no name suppresses");
	find_scan(d, row, trace, program);
	find_losses(d, number, trace, program);
	/* What has no stack is missing at its site. */
	process.partial =
		is_partial(d->m, n_problems) || sqlite3_column_int(row, 14) != 0;
	if (map_put(&d->process_numbers, (uint64_t)number, (uint32_t)d->n_processes))
		die("read %s: out of memory", d->name);
	d->processes =
		arena_grow(d->arena, d->processes, d->n_processes, sizeof(process));
	d->processes[d->n_processes++] = process;
	read_totals(d, number, &process);
}

void database_read_processes(struct database *d)
{
	sqlite3_stmt *row = database_prepare(
		d,
		"SELECT p.process, trace, executable, ending,"
		" ring <> 0 AND max_bytes <> 0, sample_bytes <> 0,"
		" run, leak_scan, leak_scan_threads, k.definite,"
		" sample_bytes = 0 AND ifnull(k.live, 0) <> t.value,"
		" pid, start_ns, start_ticks, sample_rate < 1"
		" FROM processes p LEFT JOIN (SELECT process, max(leak = 1) AS definite,"
		"  sum(last_block - first_block + 1) AS live FROM lots WHERE end = 2"
		"  GROUP BY process) k USING (process)"
		" LEFT JOIN totals t ON t.process = p.process AND t.name = 'live_blocks'"
		" ORDER BY run, p.process");
	int64_t run = 0;

	while (database_step(d, row)) {
		if (d->n_processes == 0 || run != sqlite3_column_int64(row, 6))
			d->m->n_runs++;
		run = sqlite3_column_int64(row, 6);
		take_process(d, row);
	}
	sqlite3_finalize(row);
	if (d->n_processes == 0)
		die("read %s: no process is in it", d->name);
}
