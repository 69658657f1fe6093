// SPDX-License-Identifier: MIT
/*
 * Databases give rows, each of a run. Sorted by key and run, equal keys of one run add
 * up, and of the runs counts what as many reach as must.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/names.h"

#include "rheaper-check/measure.h"

const char *const amount_names[N_AMOUNTS] = {
	[AMOUNT_LEAK_BLOCKS] = "leak-blocks",
	[AMOUNT_LEAK_BYTES] = "leak-bytes",
	[AMOUNT_ALLOCATIONS] = "allocations",
	[AMOUNT_BYTES] = "bytes",
	[AMOUNT_PEAK] = "peak",
};

const char measure_no_files[] = "have functions whose source files are not known";
const char measure_no_directories[] =
	"have functions whose source files are known by a part of their path only "
	"(--source-root)";
const char measure_no_details[] = "have functions whose parameters are not known";
const char measure_other_lambdas[] =
	"have lambdas that another compiler numbers in its own way";

const char *const place_kind_names[N_PLACE_KINDS] = {
	[PLACE_PROCESS] = "process",
	[PLACE_SCOPE] = "scope",
	[PLACE_PHASE] = "phase",
};

const char *const place_amount_names[N_PLACE_AMOUNTS] = {
	[PLACE_ALLOCATIONS] = "allocations", [PLACE_BYTES] = "bytes",
	[PLACE_KEPT_BLOCKS] = "kept-blocks", [PLACE_KEPT_BYTES] = "kept-bytes",
	[PLACE_LEAK_BLOCKS] = "leak-blocks", [PLACE_LEAK_BYTES] = "leak-bytes",
};

bool leak_kinds_parse(const char *text, unsigned int *kinds)
{
	static const struct {
		const char *name;
		unsigned int kinds;
	} names[] = {
		{"definite", 1u << LEAK_DEFINITE}, {"indirect", 1u << LEAK_INDIRECT},
		{"possible", 1u << LEAK_POSSIBLE}, {"reachable", 1u << LEAK_REACHABLE},
		{"all", LEAK_KINDS_ALL},           {"none", 0},
	};

	*kinds = 0;
	if (*text == 0)
		return false;
	for (size_t length; *text; text += length + strspn(text + length, ", ")) {
		size_t i = 0, n = sizeof(names) / sizeof(*names);

		text += strspn(text, " ");
		length = strcspn(text, ", ");
		while (i < n && (strlen(names[i].name) != length ||
				 strncmp(text, names[i].name, length) != 0))
			i++;
		if (i == n)
			return false;
		*kinds |= names[i].kinds;
	}
	return true;
}

int64_t measure_add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void measure_init(struct measure *m, struct arena *arena, bool all_sites)
{
	*m = (struct measure){.arena = arena,
			      .leak_kinds = LEAK_KINDS_LOST,
			      .all_sites = all_sites,
			      .min_runs = 1,
			      .version = NAMES_VERSION};
}

/* What is worse comes first: of live blocks the definitely lost ones. */
static int rank(const struct measure_site *row)
{
	return row->kind == LEAK_UNKNOWN ? N_LEAK_KINDS : (int)row->kind;
}

/* Of equal sites the worst one that leaks most comes first: its stack is shown. */
static int compare_sites(const void *left, const void *right)
{
	const struct measure_site *a = left, *b = right;
	int order = strcmp(a->key, b->key);
	int64_t x = a->amounts[AMOUNT_LEAK_BYTES], y = b->amounts[AMOUNT_LEAK_BYTES];

	if (order == 0)
		order = a->n_runs < b->n_runs ? -1 : a->n_runs > b->n_runs;
	if (order == 0)
		order = rank(a) - rank(b);
	return order ? order : x > y ? -1 : x < y;
}

static void add_amounts(int64_t *sum, const int64_t *amounts)
{
	for (int i = 0; i < N_AMOUNTS; i++)
		sum[i] = i == AMOUNT_PEAK ? greater(sum[i], amounts[i])
					  : measure_add(sum[i], amounts[i]);
}

/* What one thing has of each amount in the runs that have it. */
struct by_run {
	struct arena *arena;
	int64_t (*amounts)[N_AMOUNTS];
	size_t n;
	int64_t *sorted; /* of one amount */
};

/* The amounts of the next run, all 0. */
static int64_t *next_run(struct by_run *b)
{
	b->amounts = arena_grow(b->arena, b->amounts, b->n, sizeof(*b->amounts));
	b->sorted = arena_grow(b->arena, b->sorted, b->n, sizeof(*b->sorted));
	memset(b->amounts[b->n], 0, sizeof(*b->amounts));
	return b->amounts[b->n++];
}

static int compare_downwards(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return a > b ? -1 : a < b;
}

static bool is_leak(int amount)
{
	return amount == AMOUNT_LEAK_BLOCKS || amount == AMOUNT_LEAK_BYTES;
}

/* What at least n of as many numbers reach, which are sorted. */
static int64_t reached(int64_t *numbers, size_t n_numbers, size_t n)
{
	qsort(numbers, n_numbers, sizeof(*numbers), compare_downwards);
	return n <= n_numbers ? numbers[n - 1] : 0;
}

/* What at least n of its runs reach, and of leaks n_leaks; runs that do not have it
 * have 0. */
static void reach(struct by_run *b, size_t n_all, size_t n_leaks, int64_t *amounts)
{
	for (int i = 0; i < N_AMOUNTS; i++) {
		size_t n = is_leak(i) ? n_leaks : n_all;

		for (size_t run = 0; run < b->n; run++)
			b->sorted[run] = b->amounts[run][i];
		amounts[i] = reached(b->sorted, b->n, n);
	}
	b->n = 0;
}

/* In how many runs of a program something must be to count: 1 at least. */
static size_t runs_needed(const struct measure *m, size_t n_runs)
{
	size_t n = m->min_runs < n_runs ? m->min_runs : n_runs;

	return n ? n : 1;
}

static const struct measure_program *program_of(const struct measure *m, const char *key)
{
	return measure_program(m, arena_text_n(m->arena, key, names_program(key)));
}

/*
 * What something of a program reaches. A run that is not judged does not speak against a
 * leak: it counts, as one of n_cut, only where it has one.
 */
static void reach_in_program(const struct measure *m, struct by_run *b,
			     const struct measure_program *program, unsigned int n_cut,
			     int64_t *amounts)
{
	reach(b, runs_needed(m, program ? program->n_runs : m->n_runs),
	      runs_needed(m, program ? program->n_ended + n_cut : m->n_runs), amounts);
}

static int compare_programs(const void *left, const void *right)
{
	const struct measure_program *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->run > b->run) - (a->run < b->run);
}

/* Whether a process of a program was traced to its end in a run. */
static bool has_ended(const struct measure *m, const char *key, unsigned int run)
{
	struct measure_program wanted = {
		.name = arena_text_n(m->arena, key, names_program(key)), .run = run};
	const struct measure_program *row =
		bsearch(&wanted, m->program_rows, m->n_program_rows, sizeof(*row),
			compare_programs);
	const struct measure_program *end = m->program_rows + m->n_program_rows;

	while (row && row > m->program_rows && compare_programs(row - 1, &wanted) == 0)
		row--;
	while (row && row < end && compare_programs(row, &wanted) == 0 && row->cut)
		row++;
	return row && row < end && compare_programs(row, &wanted) == 0;
}

/* The worse comes first; unknown is the least that can be said. */
static enum leak_kind worse(enum leak_kind a, enum leak_kind b)
{
	return a == LEAK_UNKNOWN ? b : b == LEAK_UNKNOWN ? a : a < b ? a : b;
}

static void add_process(struct measure_site *site, int64_t pid)
{
	site->has_more_processes |= site->pid != 0 && site->pid != pid;
	if (site->pid == 0 || pid < site->pid)
		site->pid = pid;
}

/* The site of rows of one key; the number of these rows. */
static size_t fold_site(const struct measure *m, struct by_run *runs,
			const struct measure_site *rows, size_t n,
			struct measure_site *site)
{
	const struct measure_program *program = program_of(m, rows[0].key);
	unsigned int n_cut = 0;
	size_t i = 0;

	*site = (struct measure_site){
		.key = rows[0].key, .stack = rows[0].stack, .is_owned = true};
	while (i < n && strcmp(rows[i].key, rows[0].key) == 0) {
		unsigned int run = rows[i].n_runs;
		int64_t *sum = next_run(runs);
		bool is_cut = true;

		for (; i < n && rows[i].n_runs == run &&
		       strcmp(rows[i].key, rows[0].key) == 0;
		     i++) {
			add_amounts(sum, rows[i].amounts);
			if (rows[i].amounts[AMOUNT_LEAK_BLOCKS] == 0)
				continue;
			is_cut = is_cut && rows[i].cut;
			site->blur = site->blur ? site->blur : rows[i].blur;
			add_process(site, rows[i].pid);
			site->kind = worse(site->kind, rows[i].kind);
			site->is_owned = site->is_owned && rows[i].owner;
			add_amounts(site->of_kind[rows[i].kind], rows[i].amounts);
		}
		site->n_runs += sum[AMOUNT_LEAK_BLOCKS] > 0;
		n_cut += sum[AMOUNT_LEAK_BLOCKS] > 0 && is_cut &&
			 !has_ended(m, rows[0].key, run);
	}
	site->n_of_runs = program ? program->n_ended + n_cut : m->n_runs;
	reach_in_program(m, runs, program, n_cut, site->amounts);
	return i;
}

/* Of equal rows the one that leaks most comes first: its stack is shown. */
static int compare_owned(const void *left, const void *right)
{
	const struct measure_owned *a = left, *b = right;
	int64_t x = a->amounts[AMOUNT_LEAK_BYTES], y = b->amounts[AMOUNT_LEAK_BYTES];
	int order = strcmp(a->owner, b->owner);

	if (order == 0)
		order = strcmp(a->key, b->key);
	if (order == 0)
		order = a->run < b->run ? -1 : a->run > b->run;
	return order ? order : x > y ? -1 : x < y;
}

static bool is_same_owned(const struct measure_owned *a, const struct measure_owned *b)
{
	return strcmp(a->owner, b->owner) == 0 && strcmp(a->key, b->key) == 0;
}

static size_t fold_owned(const struct measure *m, struct by_run *runs,
			 const struct measure_owned *rows, size_t n,
			 struct measure_owned *owned)
{
	unsigned int n_cut = 0;
	size_t i = 0;

	*owned = rows[0];
	while (i < n && is_same_owned(&rows[i], &rows[0])) {
		unsigned int run = rows[i].run;
		int64_t *sum = next_run(runs);
		bool is_cut = true;

		for (; i < n && rows[i].run == run && is_same_owned(&rows[i], &rows[0]);
		     i++) {
			add_amounts(sum, rows[i].amounts);
			is_cut = is_cut && rows[i].cut;
		}
		n_cut += is_cut && !has_ended(m, rows[0].owner, run);
	}
	reach_in_program(m, runs, program_of(m, rows[0].owner), n_cut, owned->amounts);
	return i;
}

static void fold_all_owned(struct measure *m, struct by_run *runs)
{
	if (m->n_owned_rows)
		qsort(m->owned_rows, m->n_owned_rows, sizeof(*m->owned_rows),
		      compare_owned);
	for (size_t i = 0; i < m->n_owned_rows;) {
		struct measure_owned owned;

		i += fold_owned(m, runs, m->owned_rows + i, m->n_owned_rows - i, &owned);
		if (owned.amounts[AMOUNT_LEAK_BLOCKS] == 0)
			continue;
		m->owned = arena_grow(m->arena, m->owned, m->n_owned, sizeof(owned));
		m->owned[m->n_owned++] = owned;
	}
}

const struct measure_owned *measure_owned_by(const struct measure *m, const char *key,
					     size_t *n)
{
	size_t low = 0, high = m->n_owned;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(m->owned[middle].owner, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*n = 0; low + *n < m->n_owned; ++*n) {
		if (strcmp(m->owned[low + *n].owner, key) != 0)
			break;
	}
	return *n ? &m->owned[low] : NULL;
}

/* Traces of a process stand next to each other, in their order. */
static int compare_processes(const void *left, const void *right)
{
	const struct measure_program *a = left, *b = right;
	int order = compare_programs(a, b);

	if (order == 0)
		order = (a->pid > b->pid) - (a->pid < b->pid);
	return order ? order : (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);
}

/* Of a process that was switched off and on one trace counts. What it executed is another
 * program, of whatever name. */
static int64_t count_processes(const struct measure_program *rows, size_t n)
{
	int64_t count = 0;
	bool goes_on = false;

	for (size_t i = 0; i < n; i++) {
		goes_on = goes_on && rows[i].pid == rows[i - 1].pid;
		count += !(goes_on && rows[i].is_late);
		goes_on = goes_on || rows[i].goes_on;
	}
	return count;
}

static size_t fold_program(const struct measure *m, struct by_run *runs,
			   const struct measure_program *rows, size_t n,
			   struct measure_program *program)
{
	unsigned int n_cut = 0;
	int64_t *counts = NULL; /* of processes, by run */
	size_t i = 0;

	*program = (struct measure_program){.name = rows[0].name, .path = rows[0].path};
	while (i < n && strcmp(rows[i].name, rows[0].name) == 0) {
		unsigned int run = rows[i].run;
		int64_t *sum = next_run(runs);
		bool is_judged = false;
		size_t first = i;

		for (; i < n && rows[i].run == run &&
		       strcmp(rows[i].name, rows[0].name) == 0;
		     i++) {
			add_amounts(sum, rows[i].amounts);
			program->partial = program->partial || rows[i].partial;
			program->lacks_stacks |= rows[i].lacks_stacks;
			is_judged = is_judged || !rows[i].cut;
			program->has_more_paths |=
				strcmp(rows[i].path, rows[0].path) != 0;
			if (strcmp(rows[i].path, program->path) < 0)
				program->path = rows[i].path;
		}
		measure_compare_commands(m->arena, program, rows + first, i - first);
		counts = arena_grow(m->arena, counts, program->n_runs, sizeof(*counts));
		counts[program->n_runs++] = count_processes(rows + first, i - first);
		program->n_ended += is_judged;
		n_cut += !is_judged && sum[AMOUNT_LEAK_BLOCKS] > 0;
	}
	program->n_processes =
		(size_t)reached(counts, program->n_runs, runs_needed(m, program->n_runs));
	reach_in_program(m, runs, program, n_cut, program->amounts);
	return i;
}

/* What its sites leak in a run is what a program leaks in it: a row of that run,
 * whichever of its processes it is of, takes the sum. */
static void add_leaks(const struct measure *m)
{
	for (size_t i = 0; i < m->n_site_rows; i++) {
		const struct measure_site *site = &m->site_rows[i];
		struct measure_program wanted = {.run = site->n_runs}, *row;

		if (site->amounts[AMOUNT_LEAK_BLOCKS] == 0)
			continue;
		wanted.name = arena_text_n(m->arena, site->key, names_program(site->key));
		row = bsearch(&wanted, m->program_rows, m->n_program_rows,
			      sizeof(*m->program_rows), compare_programs);
		for (int k = AMOUNT_LEAK_BLOCKS; row && k <= AMOUNT_LEAK_BYTES; k++)
			row->amounts[k] = measure_add(row->amounts[k], site->amounts[k]);
	}
}

static void fold_programs(struct measure *m, struct by_run *runs)
{
	if (m->n_program_rows)
		qsort(m->program_rows, m->n_program_rows, sizeof(*m->program_rows),
		      compare_processes);
	add_leaks(m);
	for (size_t i = 0; i < m->n_program_rows;) {
		struct measure_program program;

		i += fold_program(m, runs, m->program_rows + i, m->n_program_rows - i,
				  &program);
		m->programs =
			arena_grow(m->arena, m->programs, m->n_programs, sizeof(program));
		m->programs[m->n_programs++] = program;
	}
}

void measure_add_problem(struct measure *m, enum measure_defect defect, const char *trace,
			 const char *program, const char *why)
{
	m->problems =
		arena_grow(m->arena, m->problems, m->n_problems, sizeof(*m->problems));
	m->problems[m->n_problems++] =
		(struct measure_problem){defect, trace, program, why};
}

static int compare_start(const void *start_ns, const void *source)
{
	int64_t a = *(const int64_t *)start_ns;
	int64_t b = ((const struct measure_source *)source)->start_ns;

	return (a > b) - (a < b);
}

/* Of each parent: a child of another one does not stand for one of its own. */
static int64_t count_missing(struct measure *m)
{
	int64_t n = 0;

	for (size_t i = 0; i < m->n_processes; i++) {
		struct measure_source *parent =
			bsearch(&m->sources[i].counted_in, m->sources, m->n_processes,
				sizeof(*m->sources), compare_start);

		if (m->sources[i].counted_in && parent)
			parent->n_found++;
	}
	for (size_t i = 0; i < m->n_processes; i++) {
		const struct measure_source *s = &m->sources[i];

		if (s->n_followed > s->n_found)
			n = measure_add(n, s->n_followed - s->n_found);
	}
	return n;
}

/* A child's trace says nothing of what its parent lost. */
static void note_missing_parents(struct measure *m)
{
	int64_t n = 0;

	for (size_t i = 0; i < m->n_processes; i++)
		n += m->sources[i].counted_in &&
		     !bsearch(&m->sources[i].counted_in, m->sources, m->n_processes,
			      sizeof(*m->sources), compare_start);
	if (n)
		measure_add_problem(
			m, DEFECT_NONE, "the traces", "all programs",
			arena_format(m->arena,
				     "%lld forked child%s here without the trace of %s "
				     "parent; what that lost is not judged",
				     (long long)n, n == 1 ? " is" : "ren are",
				     n == 1 ? "its" : "their"));
}

/* They may have been left out; in whichever database the others are. */
static void find_missing_children(struct measure *m)
{
	int64_t n = count_missing(m);

	if (n == 0)
		return;
	measure_add_problem(
		m, DEFECT_CHILDREN, "the traces", "all programs",
		arena_format(
			m->arena,
			"%lld forked child%s a trace of %s own that is not here; name "
			"all traces, or use --ignore-children",
			(long long)n, n == 1 ? " has" : "ren have",
			n == 1 ? "its" : "their"));
}

void measure_finish(struct measure *m)
{
	struct by_run runs = {.arena = m->arena};

	find_missing_children(m);
	note_missing_parents(m);
	fold_programs(m, &runs);
	if (m->n_site_rows)
		qsort(m->site_rows, m->n_site_rows, sizeof(*m->site_rows), compare_sites);
	for (size_t i = 0; i < m->n_site_rows;) {
		struct measure_site site;

		i += fold_site(m, &runs, m->site_rows + i, m->n_site_rows - i, &site);
		m->sites = arena_grow(m->arena, m->sites, m->n_sites, sizeof(site));
		m->sites[m->n_sites++] = site;
	}
	fold_all_owned(m, &runs);
}

static int compare_sources(const void *left, const void *right)
{
	const struct measure_source *a = left, *b = right;

	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->start_ticks > b->start_ticks) - (a->start_ticks < b->start_ticks);
}

void measure_check_sources(struct measure *m)
{
	if (m->n_processes)
		qsort(m->sources, m->n_processes, sizeof(*m->sources), compare_sources);
	for (size_t i = 1; i < m->n_processes; i++) {
		const struct measure_source *a = &m->sources[i - 1], *b = &m->sources[i];

		if (compare_sources(a, b) == 0)
			die("read %s: process %lld (%s) is also in %s (%s); name only "
			    "one of them",
			    b->database, (long long)b->pid, b->trace, a->database,
			    a->trace);
	}
}

static int compare_name(const void *name, const void *program)
{
	return strcmp(name, ((const struct measure_program *)program)->name);
}

const struct measure_program *measure_program(const struct measure *m, const char *name)
{
	return m->n_programs ? bsearch(name, m->programs, m->n_programs,
				       sizeof(*m->programs), compare_name)
			     : NULL;
}

const char *measure_leak_text(struct arena *arena, const int64_t *amounts)
{
	int64_t blocks = amounts[AMOUNT_LEAK_BLOCKS], bytes = amounts[AMOUNT_LEAK_BYTES];

	return arena_format(arena, "%" PRId64 " block%s, %" PRId64 " byte%s", blocks,
			    blocks == 1 ? "" : "s", bytes, bytes == 1 ? "" : "s");
}
