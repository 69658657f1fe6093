// SPDX-License-Identifier: MIT
/*
 * What a database says of processes: how their traces ended, what is missing of them,
 * what they did in all.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/path.h"
#include "database/processes.h"
#include "database/rows.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/measure-parts.h"

/* What the ending of a trace says about its leaks. */
static const struct ending {
	enum measure_defect defect;
	const char *why;
	const char *unseen; /* what the program may have allocated all the same */
} endings[N_PROCESS_ENDINGS + 1] = {
	[ENDING_EXITED] = {DEFECT_NONE, NULL},
	[ENDING_STOPPED] = {DEFECT_CUT, "tracing was switched off",
			    ", or were allocated while it was off,"},
	[ENDING_SNAPSHOT] = {DEFECT_CUT, "the trace is a snapshot",
			     ", or were allocated later,"},
	[ENDING_FULL] = {DEFECT_PARTIAL, "the trace reached its size limit"},
	[ENDING_FAILED] = {DEFECT_PARTIAL, "the trace could not be written to its end"},
	[ENDING_EXECUTED] = {DEFECT_PARTIAL,
			     "the program went on as another one, by exec"},
	[ENDING_UNKNOWN] = {DEFECT_PARTIAL,
			    "the program did not exit normally: it was killed, called "
			    "_exit, or is still running"},
	[N_PROCESS_ENDINGS] = {DEFECT_PARTIAL,
			       "the database does not say how the trace ended"},
};

/* To execute another program is what a forked child may be for. */
static const struct ending executed_child = {
	DEFECT_CUT, "this forked child executed another program", NULL};

static const struct ending *find_ending(const struct process_facts *row)
{
	enum process_ending ending = process_ending_find(row->ending ? row->ending : "");

	return ending == ENDING_EXECUTED && row->is_forked ? &executed_child
							   : &endings[ending];
}

static bool is_cut(const struct ending *ending)
{
	return ending->defect == DEFECT_CUT || ending == &endings[ENDING_EXECUTED];
}

/* To be switched on again, or for another snapshot. */
static bool goes_on(const struct ending *ending)
{
	return ending == &endings[ENDING_STOPPED] || ending == &endings[ENDING_SNAPSHOT];
}

static bool was_scanned(const struct process_facts *row)
{
	return row->leak_scan && strcmp(row->leak_scan, "made") == 0;
}

static const char *explain(struct reading *r, const struct process_facts *row,
			   const struct ending *ending)
{
	if (!is_cut(ending))
		return ending->why;
	return arena_format(r->arena, "%s; blocks that were live then%s are not judged%s",
			    ending->why, ending->unseen ? ending->unseen : "",
			    was_scanned(row) ? ", but for what a leak scan had found lost"
					     : "");
}

/* Threads that ran on when the program exited, or called exec, were perhaps inside an
 * event each, which they never wrote: that is nobody's loss. */
static int64_t find_under_way(struct reading *r, const struct process_facts *row,
			      const char *trace, const char *program)
{
	int64_t n = processes_count_unwritten(&r->database, row->process);

	if (n <= 0 || n > row->exit_threads)
		return 0;
	measure_add_problem(
		r->m, DEFECT_NONE, trace, program,
		arena_format(r->arena,
			     "%lld event%s under way in other threads when the "
			     "program ended; what became of %s is not judged",
			     (long long)n, n == 1 ? " was" : "s were",
			     n == 1 ? "it" : "them"));
	return n;
}

static void find_losses(struct reading *r, const struct process_facts *row,
			const char *trace, const char *program)
{
	struct process_loss loss;
	int64_t under_way = find_under_way(r, row, trace, program);

	if (!processes_find_loss(&r->database, row->process, under_way, &loss))
		return;
	measure_add_problem(r->m, DEFECT_PARTIAL, trace, program,
			    arena_format(r->arena, "events are missing: %lld: %s",
					 (long long)loss.count,
					 arena_printable(r->arena, loss.meaning)));
	free((char *)loss.meaning);
}

/* Its name; without what libtool puts before that of a program not installed yet. */
static const char *program_name(const char *path)
{
	const char *name = path_base(path);

	return strncmp(name, "lt-", 3) == 0 && name[3] ? name + 3 : name;
}

/* What a process did in all, for its program. */
static void read_totals(struct reading *r, int64_t number, const struct process *process)
{
	static const char *const names[N_AMOUNTS] = {
		[AMOUNT_ALLOCATIONS] = "allocations",
		[AMOUNT_BYTES] = "allocated_bytes",
		[AMOUNT_PEAK] = "peak_bytes",
	};
	struct measure_program row = {.name = process->program,
				      .path = process->path,
				      .command = process->command,
				      .run = process->run,
				      .pid = process->pid,
				      .start_ns = process->start_ns,
				      .goes_on = process->goes_on,
				      .is_late = process->is_late,
				      .cut = process->cut,
				      .partial = process->partial,
				      .lacks_stacks = process->lacks_stacks};
	struct measure *m = r->m;

	for (int i = 0; i < N_AMOUNTS; i++) {
		if (!names[i])
			continue;
		if (!processes_find_total(&r->database, number, names[i],
					  &row.amounts[i]))
			die("read %s: the database is damaged: a process has no %s",
			    r->database.name, names[i]);
		reading_count(r, row.amounts[i]);
	}
	m->program_rows =
		arena_grow(r->arena, m->program_rows, m->n_program_rows, sizeof(row));
	m->program_rows[m->n_program_rows++] = row;
}

/* What became of the scan for leaks. */
static void find_scan(struct reading *r, const struct process_facts *row,
		      const char *trace, const char *program)
{
	int64_t n_threads = reading_count(r, row->leak_scan_threads);

	if (row->leak_scan && !was_scanned(row))
		measure_add_problem(
			r->m, DEFECT_PARTIAL, trace, program,
			arena_format(r->arena,
				     "the leak scan failed: %s; which blocks are "
				     "still reachable is unknown",
				     reading_text_or(r, row->leak_scan_error, "?")));
	else if (n_threads && row->has_definite)
		measure_add_problem(
			r->m, DEFECT_NONE, trace, program,
			arena_format(
				r->arena,
				"%lld other thread%s ran during the leak scan; blocks to "
				"which only their registers pointed count as lost",
				(long long)n_threads, n_threads == 1 ? "" : "s"));
}

static void find_silent_children(struct reading *r, const struct process_facts *row,
				 const char *trace, const char *program)
{
	int64_t n = reading_count(r, row->silent_children);

	if (n == 0)
		return;
	measure_add_problem(
		r->m, DEFECT_CHILDREN, trace, program,
		arena_format(r->arena,
			     "%lld forked child%s allocated and %s not recorded; set "
			     "RHEAPER_FOLLOW_FORK=1, or use --ignore-children",
			     (long long)n, n == 1 ? "" : "ren", n == 1 ? "was" : "were"));
}

static void add_source(struct reading *r, const struct process_facts *row,
		       const char *trace)
{
	struct measure *m = r->m;

	m->sources =
		arena_grow(r->arena, m->sources, m->n_processes, sizeof(*m->sources));
	m->sources[m->n_processes++] = (struct measure_source){
		.pid = row->pid,
		.start_ns = row->started_unix_ns,
		.start_ticks = row->started_ticks,
		.counted_in = row->counted_in,
		.n_followed = reading_count(r, row->followed_children),
		.trace = trace,
		.database = r->database.name,
	};
}

/* Whether one of the problems from the first on is that something is not in a trace. */
static bool is_partial(const struct measure *m, size_t first)
{
	for (size_t i = first; i < m->n_problems; i++) {
		enum measure_defect defect = m->problems[i].defect;

		if (defect != DEFECT_NONE && defect != DEFECT_CHILDREN)
			return true;
	}
	return false;
}

/* In a process that was recorded from its beginning, and as a whole, they come from an
 * allocator that is not: a library's own, or libc's by dlsym. */
static void find_foreign(struct reading *r, const struct process_facts *row,
			 const char *trace, const char *program)
{
	int64_t n = reading_count(r, row->foreign);

	if (n == 0 || row->began_late || row->is_forked || row->is_of_link)
		return;
	measure_add_problem(
		r->m, DEFECT_NONE, trace, program,
		arena_format(r->arena,
			     "%lld block%s freed or resized whose allocation was not "
			     "recorded; what else came from there is not judged",
			     (long long)n, n == 1 ? " was" : "s were"));
}

/* What a scan saw of things that it cannot see. */
static void find_scan_limits(struct reading *r, const struct process_facts *row,
			     const char *trace, const char *program)
{
	if (reading_count(r, row->unrecorded_library))
		measure_add_problem(
			r->m, DEFECT_NONE, trace, program,
			"a shared library calls an allocator that is not recorded "
			"(RTLD_DEEPBIND, -Bsymbolic, dlmopen, dlsym); what it allocates "
			"is not judged");
	if (reading_count(r, row->other_stack))
		measure_add_problem(
			r->m, DEFECT_NONE, trace, program,
			"memory was scanned from a stack that is not the thread's own; a "
			"block to which only the free part of that stack points counts "
			"as reachable");
}

/* What is not in the trace because nobody asked for it, or could have known. */
static void find_gaps(struct reading *r, const struct process_facts *row,
		      const char *trace, const char *program)
{
	int64_t n = reading_count(r, row->unseen);

	if (row->began_late)
		measure_add_problem(r->m, DEFECT_NONE, trace, program,
				    "tracing began while the program ran; what it had "
				    "allocated before is not judged");
	if (row->is_of_link)
		measure_add_problem(r->m, DEFECT_NONE, trace, program,
				    "only calls of its own objects were recorded, not "
				    "of shared libraries; what these allocate is not "
				    "judged");
	if (n)
		measure_add_problem(
			r->m, DEFECT_NONE, trace, program,
			arena_format(r->arena,
				     "the address%s of %lld block%s %s handed out again "
				     "without a free; whether %s is not judged",
				     n == 1 ? "" : "es", (long long)n, n == 1 ? "" : "s",
				     n == 1 ? "was" : "were",
				     n == 1 ? "it leaked" : "they leaked"));
}

/* Its trace may be one of yesterday, where this run left none. A test may be the same
 * while the library that it tests is not. */
static void find_other_build(struct reading *r, const struct process_facts *row,
			     const char *trace, const char *program)
{
	static const char *const sentences[N_MODULE_SYMBOLS] = {
		[MODULE_OTHER_BUILD] = "is another build now than the one that was "
				       "traced; what that does is not judged",
		[MODULE_NEWER] = "was written after the trace was begun; if it is "
				 "another build, what that does is not judged",
	};
	struct rows *rows = processes_select_modules(&r->database, row->process);
	struct process_module module;

	while (rows_next(rows, &module)) {
		const char *sentence = sentences[module_symbols_find(module.symbols)];

		if (sentence)
			reading_note_rebuilt(
				r, &(struct measure_rebuilt){
					   .path = reading_text_or(r, module.path, "?"),
					   .sentence = sentence,
					   .trace = trace,
					   .program = program,
				   });
	}
	rows_close(rows);
}

/* What came of this process, and nobody recorded. */
static void find_unseen_processes(struct reading *r, const struct process_facts *row,
				  const char *trace, const char *program)
{
	int64_t n_quiet = reading_count(r, row->quiet_children);
	int64_t n_untraced = reading_count(r, row->untraced_programs);

	if (n_quiet)
		measure_add_problem(
			r->m, DEFECT_NONE, trace, program,
			arena_format(r->arena,
				     "%lld forked child%s called no recorded function; "
				     "what %s lost of what %s had from %s parent is not "
				     "judged",
				     (long long)n_quiet, n_quiet == 1 ? "" : "ren",
				     n_quiet == 1 ? "it" : "they",
				     n_quiet == 1 ? "it" : "they",
				     n_quiet == 1 ? "its" : "their"));
	if (n_untraced)
		measure_add_problem(
			r->m, DEFECT_NONE, trace, program,
			arena_format(r->arena,
				     "%lld program%s executed without RHEAPER_TRACE in "
				     "the environment; what %s is not judged",
				     (long long)n_untraced,
				     n_untraced == 1 ? " was" : "s were",
				     n_untraced == 1 ? "it did" : "they did"));
}

static void find_defects(struct reading *r, const struct process_facts *row,
			 const struct ending *ending, const char *trace,
			 const char *program)
{
	if (ending->defect != DEFECT_NONE)
		measure_add_problem(r->m, ending->defect, trace, program,
				    explain(r, row, ending));
	if (row->is_ring)
		measure_add_problem(
			r->m, DEFECT_PARTIAL, trace, program,
			"the trace is a ring and contains its newest events only");
	if (row->is_sample)
		measure_add_problem(
			r->m, DEFECT_SAMPLE, trace, program,
			"the trace is a sample: numbers are estimates, and leaks may be "
			"missing");
	if (row->has_sampled_stacks)
		measure_add_problem(
			r->m, DEFECT_NONE, trace, program,
			"not all stacks were recorded (RHEAPER_SAMPLE_RATE); blocks "
			"without a stack are one call site, which no name suppresses");
	find_other_build(r, row, trace, program);
	find_gaps(r, row, trace, program);
	find_foreign(r, row, trace, program);
	find_scan_limits(r, row, trace, program);
	find_scan(r, row, trace, program);
	find_silent_children(r, row, trace, program);
	find_unseen_processes(r, row, trace, program);
	find_losses(r, row, trace, program);
}

/* What was done in such a scope is in none, and rules of scopes would pass it over. */
static void find_unpaired_scopes(struct reading *r, const struct process_facts *row,
				 const char *trace, const char *program)
{
	int64_t n = reading_count(r, row->unpaired_scope_ends);

	if (n == 0 || !r->m->wanted[PLACE_SCOPE])
		return;
	measure_add_problem(
		r->m, DEFECT_SCOPES, trace, program,
		arena_format(
			r->arena,
			"%lld scope%s ended that %s not open: begun before this trace "
			"or before a fork, by another thread, or inside one that ended "
			"first; what was done there is in no scope",
			(long long)n, n == 1 ? "" : "s", n == 1 ? "was" : "were"));
}

static void take_process(struct reading *r, const struct process_facts *row)
{
	const char *trace = reading_text_or(r, row->trace_path, "?");
	const char *path = reading_text_or(r, row->executable, "?");
	const char *program = program_name(path);
	const struct ending *ending = find_ending(row);
	size_t n_problems = r->m->n_problems;
	struct process process = {.program = program,
				  .pid = row->pid,
				  .start_ns = row->started_unix_ns,
				  .path = path,
				  .command = reading_text_or(r, row->command_line, ""),
				  .run = r->m->n_runs,
				  .cut = is_cut(ending),
				  .goes_on = goes_on(ending),
				  .is_late = row->began_late,
				  .scanned = was_scanned(row)};

	add_source(r, row, trace);
	if (row->counted_in && ending != &executed_child)
		r->m->n_forked++;
	if (!row->is_sample && row->has_weights)
		die("read %s: the database is damaged: blocks are weighed, and are no"
		    " sample; load the traces again",
		    r->database.name);
	if (!row->is_sample && row->live_blocks != row->live_blocks_in_totals)
		die("read %s: the database is damaged: live blocks do not add up",
		    r->database.name);
	find_defects(r, row, ending, trace, program);
	process.lacks_stacks = row->has_sampled_stacks;
	/* What has no stack is missing at its site. */
	process.partial = is_partial(r->m, n_problems) || row->has_sampled_stacks;
	find_unpaired_scopes(r, row, trace, program);
	if (map_put(&r->process_numbers, (uint64_t)row->process,
		    (uint32_t)r->n_processes))
		die("read %s: out of memory", r->database.name);
	r->processes =
		arena_grow(r->arena, r->processes, r->n_processes, sizeof(process));
	r->processes[r->n_processes++] = process;
	read_totals(r, row->process, &process);
}

void reading_take_processes(struct reading *r)
{
	struct rows *rows = processes_select(&r->database);
	struct process_facts row;
	int64_t run = 0;

	while (rows_next(rows, &row)) {
		if (r->n_processes == 0 || run != row.run)
			r->m->n_runs++;
		run = row.run;
		take_process(r, &row);
	}
	rows_close(rows);
	if (r->n_processes == 0)
		die("read %s: the database contains no process", r->database.name);
}
