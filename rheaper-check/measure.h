/* SPDX-License-Identifier: MIT */
/*
 * What databases say of leaks and of amounts, as a check compares it: call sites by
 * their keys (names.h), programs with their totals, processes whose traces do not tell
 * all. All that the program knows of the schema is behind this. Dies of databases that
 * cannot be read, that are damaged, or of another version.
 *
 * A run is a call of rheaper-load. What the processes of one program did in a run adds
 * up; of several runs counts what at least min_runs of those of the program reach.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database/places.h"
#include "database/terms.h"

struct arena;

enum amount {
	AMOUNT_LEAK_BLOCKS,
	AMOUNT_LEAK_BYTES,
	AMOUNT_ALLOCATIONS,
	AMOUNT_BYTES,
	AMOUNT_PEAK, /* of a program only: of its greatest process */
	N_AMOUNTS
};

/* As options, baselines and reports call them. */
extern const char *const amount_names[N_AMOUNTS];

/* A set of kinds has a bit for each. Which are leaks unless somebody says otherwise. */
#define LEAK_KINDS_LOST (1u << LEAK_DEFINITE | 1u << LEAK_INDIRECT)
#define LEAK_KINDS_DOUBTFUL (LEAK_KINDS_LOST | 1u << LEAK_POSSIBLE)
#define LEAK_KINDS_ALL ((1u << N_LEAK_KINDS) - 1)

/* "definite,possible", as Valgrind names them, or "all" or "none": false: it is not,
 * or says nothing. */
bool leak_kinds_parse(const char *text, unsigned int *kinds);

struct measure_frame {
	const char *sym;  /* as in the database, printable */
	const char *file; /* NULL: unknown */
	int64_t line;     /* 0: unknown */
	const char *module;
	const char *plain; /* names_plain of it */
};

/* What is shown of a call site: one of its stacks. */
struct measure_stack {
	const char *function; /* that allocated; "" if it is unknown */
	const struct measure_frame **frames;
	size_t n_frames;
};

struct measure_site {
	const char *key;
	const struct measure_stack *stack;
	enum leak_kind kind; /* the worst that it has */
	int64_t amounts[N_AMOUNTS];
	int64_t of_kind[N_LEAK_KINDS][N_AMOUNTS]; /* the same, of all runs together */
	unsigned int n_runs;                      /* in which it leaks */
	unsigned int n_of_runs;                   /* in which its program is */
};

struct measure_program {
	const char *name;
	int64_t amounts[N_AMOUNTS];
	size_t n_processes;
	unsigned int n_runs;
	bool partial; /* a trace of it does not have everything: less is not better */
};

enum measure_defect {
	DEFECT_NONE,
	DEFECT_CUT,     /* switched off or copied: what was live then is no leak */
	DEFECT_SAMPLE,  /* estimates: what was not drawn is not seen */
	DEFECT_PARTIAL, /* anything may be missing */
};

/* Of the places that expectations are about. */
enum place_amount {
	PLACE_ALLOCATIONS,
	PLACE_BYTES,
	PLACE_KEPT_BLOCKS, /* live when it ended */
	PLACE_KEPT_BYTES,
	PLACE_LEAK_BLOCKS, /* live when the process ended */
	PLACE_LEAK_BYTES,
	N_PLACE_AMOUNTS
};

extern const char *const place_kind_names[N_PLACE_KINDS];
extern const char *const place_amount_names[N_PLACE_AMOUNTS];

struct measure_place {
	enum place_kind kind;
	const char *program;
	const char *name; /* of the scope or mark, "" of a process */
	size_t first_row, n_rows;
};

/*
 * What a stack allocated in a place. Blocks that a scan found to leak have a row for each
 * kind, in which nothing is allocated; they are not in the row of all others.
 */
struct measure_place_row {
	const struct measure_stack *stack;
	enum leak_kind kind;
	int64_t amounts[N_PLACE_AMOUNTS];
};

/* A trace that does not tell all. */
struct measure_problem {
	enum measure_defect defect;
	const char *trace, *program;
	const char *why;
};

/* A process as its trace names it, and where it was read. */
struct measure_source {
	int64_t pid, start_ns, start_ticks;
	const char *trace, *database;
};

struct measure {
	struct arena *arena;
	struct measure_site *sites; /* sorted by key; all, or those that leak */
	size_t n_sites;
	struct measure_program *programs; /* sorted by name */
	size_t n_programs;
	struct measure_problem *problems;
	size_t n_problems;
	unsigned int n_runs;
	size_t min_runs;                /* SIZE_MAX: all */
	struct measure_source *sources; /* of each process */
	size_t n_processes;
	unsigned int leak_kinds; /* that count: unknown ones always do */
	/* What is lost, or may be, of the kinds that do not count; of all runs. The keys
	 * are those of the programs */
	struct measure_site *uncounted;
	size_t n_uncounted;
	bool all_sites;             /* also those that do not leak */
	bool wanted[N_PLACE_KINDS]; /* which places; to be set before databases are read
				     */
	struct measure_place *places;
	size_t n_places;
	struct measure_place_row *place_rows;
	size_t n_place_rows;
	/* Until measure_finish: what each run said */
	struct measure_site *site_rows;
	size_t n_site_rows;
	struct measure_program *program_rows;
	size_t n_program_rows;
};

void measure_init(struct measure *measure, struct arena *arena, bool all_sites);

/* Add the runs of a database; `name` is for messages. */
void measure_database(struct measure *measure, const char *path, const char *name);

/* Die if a process is in two databases: its run would count as two. */
void measure_check_sources(struct measure *measure);

/* After the last one. */
void measure_finish(struct measure *measure);

/* A program by its name, or NULL. */
const struct measure_program *measure_program(const struct measure *measure,
					      const char *name);

/* Add, and stay at the largest number. */
int64_t measure_add(int64_t a, int64_t b);
