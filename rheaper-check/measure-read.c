// SPDX-License-Identifier: MIT
/*
 * The one file with SQL. Base tables only: views come with the database, and so may lie.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/db.h"
#include "common/map.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/names.h"

#include "rheaper-check/measure.h"

struct process {
	const char *program;
	unsigned int run;
	bool cut; /* what was live is no leak */
};

struct database {
	struct measure *m;
	struct arena *arena;
	sqlite3 *db;
	const char *name;
	struct map process_numbers, frame_numbers;
	struct process *processes;
	size_t n_processes;
	struct measure_frame *frames;
	size_t n_frames;
	/* The stack in hand */
	const struct measure_frame **stack;
	const char **plain;
	size_t n_stack, n_stack_max, n_plain_max;
};

static sqlite3_stmt *prepare(struct database *d, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(d->db, sql, -1, &statement, NULL) != SQLITE_OK)
		db_die(d->db, "read", d->name);
	return statement;
}

static bool step(struct database *d, sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		db_die(d->db, "read", d->name);
	return result == SQLITE_ROW;
}

/* A text as it may be shown anywhere; NULL is NULL. */
static const char *get_text(struct database *d, sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? arena_printable(d->arena, text) : NULL;
}

static const char *get_text_or(struct database *d, sqlite3_stmt *statement, int column,
			       const char *otherwise)
{
	const char *text = get_text(d, statement, column);

	return text ? text : otherwise;
}

/* A number of things, which is not below 0. */
static int64_t get_count(struct database *d, sqlite3_stmt *statement, int column)
{
	int64_t value = sqlite3_column_int64(statement, column);

	if (value < 0)
		die("read %s: it is damaged: %lld of what is counted", d->name,
		    (long long)value);
	return value;
}

static void check_pages(struct database *d)
{
	sqlite3_stmt *statement = prepare(d, "PRAGMA quick_check(1)");

	if (!step(d, statement) || strcmp(get_text_or(d, statement, 0, ""), "ok") != 0)
		die("read %s: the database is damaged", d->name);
	sqlite3_finalize(statement);
}

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
	sqlite3_stmt *losses =
		prepare(d, "SELECT count, meaning FROM losses WHERE process = ?1"
			   " AND count <> 0 AND reason NOT IN " HARMLESS
			   " UNION ALL SELECT value, 'Events lost.' FROM totals"
			   " WHERE process = ?1 AND name = 'lost' AND value <> 0");

	sqlite3_bind_int64(losses, 1, process);
	if (step(d, losses))
		add_problem(d, DEFECT_PARTIAL, trace, program,
			    arena_format(d->arena, "events are missing: %lld: %s",
					 (long long)sqlite3_column_int64(losses, 0),
					 get_text_or(d, losses, 1, "")));
	sqlite3_finalize(losses);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What a process did in all, for its program. */
static void read_totals(struct database *d, int64_t number, const struct process *process)
{
	static const char *const names[N_AMOUNTS] = {
		[AMOUNT_LEAK_BLOCKS] = "live_blocks", [AMOUNT_LEAK_BYTES] = "live_bytes",
		[AMOUNT_ALLOCATIONS] = "allocations", [AMOUNT_BYTES] = "bytes_allocated",
		[AMOUNT_PEAK] = "peak_bytes",
	};
	sqlite3_stmt *totals = prepare(d, "SELECT CAST(value AS INTEGER) FROM totals "
					  "WHERE process = ? AND name = ?");
	struct measure_program row = {.name = process->program,
				      .n_processes = process->run};
	struct measure *m = d->m;

	for (int i = 0; i < N_AMOUNTS; i++) {
		sqlite3_bind_int64(totals, 1, number);
		sqlite3_bind_text(totals, 2, names[i], -1, SQLITE_STATIC);
		if (!step(d, totals))
			die("read %s: it is damaged: a process has no %s", d->name,
			    names[i]);
		row.amounts[i] = get_count(d, totals, 0);
		sqlite3_reset(totals);
	}
	sqlite3_finalize(totals);
	if (process->cut)
		row.amounts[AMOUNT_LEAK_BLOCKS] = row.amounts[AMOUNT_LEAK_BYTES] = 0;
	m->program_rows =
		arena_grow(d->arena, m->program_rows, m->n_program_rows, sizeof(row));
	m->program_rows[m->n_program_rows++] = row;
}

/* A row of the query of read_processes. */
static void take_process(struct database *d, sqlite3_stmt *row)
{
	const char *trace = get_text_or(d, row, 1, "?");
	const char *program = base_name(get_text_or(d, row, 2, "?"));
	const struct ending *ending = find_ending(get_text_or(d, row, 3, ""));
	int64_t number = sqlite3_column_int64(row, 0);
	struct process process = {.program = program,
				  .run = d->m->n_runs,
				  .cut = ending->defect == DEFECT_CUT};

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
	find_losses(d, number, trace, program);
	if (map_put(&d->process_numbers, (uint64_t)number, (uint32_t)d->n_processes))
		die("read %s: out of memory", d->name);
	d->processes =
		arena_grow(d->arena, d->processes, d->n_processes, sizeof(process));
	d->processes[d->n_processes++] = process;
	read_totals(d, number, &process);
}

static void read_processes(struct database *d)
{
	sqlite3_stmt *row = prepare(
		d, "SELECT process, trace, executable, ending,"
		   " ring <> 0 AND max_bytes <> 0, sample_bytes <> 0 OR sample_rate < 1,"
		   " run FROM processes ORDER BY run, process");
	int64_t run = 0;

	while (step(d, row)) {
		if (d->n_processes == 0 || run != sqlite3_column_int64(row, 6))
			d->m->n_runs++;
		run = sqlite3_column_int64(row, 6);
		take_process(d, row);
	}
	sqlite3_finalize(row);
	if (d->n_processes == 0)
		die("read %s: no process is in it", d->name);
	d->m->n_processes += d->n_processes;
}

static void read_frames(struct database *d)
{
	sqlite3_stmt *row =
		prepare(d, "SELECT f.frame, f.sym, f.file, f.line, m.path"
			   " FROM frames f LEFT JOIN modules m USING (module)");

	while (step(d, row)) {
		const char *sym = (const char *)sqlite3_column_text(row, 1);
		struct measure_frame frame = {
			.sym = get_text_or(d, row, 1, ""),
			.file = get_text(d, row, 2),
			.line = sqlite3_column_int64(row, 3),
			.module = get_text_or(d, row, 4, ""),
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

static void read_stack(struct database *d, sqlite3_stmt *frames, int64_t stack)
{
	d->n_stack = 0;
	sqlite3_bind_int64(frames, 1, stack);
	while (step(d, frames)) {
		uint32_t number = map_get(&d->frame_numbers,
					  (uint64_t)sqlite3_column_int64(frames, 0));

		if (number == MAP_NONE)
			die("read %s: it is damaged: a frame is missing", d->name);
		if (array_grow((void **)&d->stack, &d->n_stack_max, d->n_stack + 1,
			       sizeof(*d->stack)) ||
		    array_grow((void **)&d->plain, &d->n_plain_max, d->n_stack + 1,
			       sizeof(*d->plain)))
			die("read %s: out of memory", d->name);
		d->stack[d->n_stack] = &d->frames[number];
		d->plain[d->n_stack++] = d->frames[number].plain;
	}
	sqlite3_reset(frames);
}

/* A row of the query of read_sites; its stack is in hand. */
static void take_site(struct database *d, sqlite3_stmt *row, struct measure_stack *stack)
{
	struct measure *m = d->m;
	uint32_t number =
		map_get(&d->process_numbers, (uint64_t)sqlite3_column_int64(row, 1));
	const struct process *process;
	struct measure_site site = {.stack = *stack};

	if (number == MAP_NONE)
		die("read %s: it is damaged: a process is missing", d->name);
	process = &d->processes[number];
	site.n_runs = process->run;
	for (int i = AMOUNT_LEAK_BLOCKS; i <= AMOUNT_BYTES; i++)
		site.amounts[i] = get_count(d, row, 2 + i);
	if (process->cut)
		site.amounts[AMOUNT_LEAK_BLOCKS] = site.amounts[AMOUNT_LEAK_BYTES] = 0;
	if (site.amounts[AMOUNT_LEAK_BLOCKS] == 0 && !m->all_sites)
		return;
	site.key = names_key(d->arena, process->program, d->plain, d->n_stack);
	m->site_rows = arena_grow(d->arena, m->site_rows, m->n_site_rows, sizeof(site));
	m->site_rows[m->n_site_rows++] = site;
}

static void read_sites(struct database *d)
{
	sqlite3_stmt *frames = prepare(d, "SELECT frame FROM stack_frames WHERE stack = ?"
					  " ORDER BY frame_no");
	sqlite3_stmt *row =
		prepare(d, "SELECT t.stack, t.process, t.live_blocks, t.live_bytes,"
			   " t.allocations, t.bytes, f.name FROM stack_totals t"
			   " LEFT JOIN stacks s ON s.stack = t.stack"
			   " LEFT JOIN functions f ON f.function = s.function"
			   " WHERE t.live_blocks <> 0 OR ? ORDER BY t.stack, t.process");
	struct measure_stack stack = {0};
	int64_t number = -1;

	sqlite3_bind_int(row, 1, d->m->all_sites);
	while (step(d, row)) {
		if (number != sqlite3_column_int64(row, 0)) {
			number = sqlite3_column_int64(row, 0);
			read_stack(d, frames, number);
			stack.function = get_text_or(d, row, 6, "");
			stack.n_frames = d->n_stack;
			stack.frames =
				arena_take(d->arena, d->n_stack * sizeof(*stack.frames));
			if (d->n_stack)
				memcpy(stack.frames, d->stack,
				       d->n_stack * sizeof(*stack.frames));
		}
		take_site(d, row, &stack);
	}
	sqlite3_finalize(frames);
	sqlite3_finalize(row);
}

void measure_database(struct measure *m, const char *path, const char *name)
{
	struct database d = {
		.m = m, .arena = m->arena, .db = db_open(path), .name = name};

	check_pages(&d);
	read_processes(&d);
	read_frames(&d);
	read_sites(&d);
	map_fini(&d.process_numbers);
	map_fini(&d.frame_numbers);
	free(d.stack);
	free(d.plain);
	sqlite3_close(d.db);
}
