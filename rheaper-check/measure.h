/* SPDX-License-Identifier: MIT */
/*
 * Measures databases for a check: call sites by their keys (names.h), programs with their
 * totals, and processes whose traces are not complete. Only the files measure*.c know
 * what a database contains. Every function dies if a database cannot be read, is damaged,
 * or has another version.
 *
 * A run is a call of rheaper-load. The amounts of all processes of a program in a run are
 * added up. If a program has several runs, its amount is what at least min_runs of them
 * reach.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database/places.h"
#include "database/terms.h"
#include "rheaper-check/names.h"

struct arena;
struct baseline_entry;
struct paths;

enum amount {
	AMOUNT_LEAK_BLOCKS,
	AMOUNT_LEAK_BYTES,
	AMOUNT_ALLOCATIONS,
	AMOUNT_BYTES,
	AMOUNT_PEAK, /* of programs only: the peak of the process with the largest one */
	N_AMOUNTS
};

/* The names of amounts in options, baselines and reports. */
extern const char *const amount_names[N_AMOUNTS];

/* A set of kinds of leaks has a bit for each. LOST is the default of --leak-kinds. */
#define LEAK_KINDS_LOST (1u << LEAK_DEFINITE | 1u << LEAK_INDIRECT)
#define LEAK_KINDS_DOUBTFUL (LEAK_KINDS_LOST | 1u << LEAK_POSSIBLE)
#define LEAK_KINDS_ALL ((1u << N_LEAK_KINDS) - 1)

/* Parse a list of kinds as Valgrind names them, "definite,possible", or "all" or "none".
 * Returns false if it is empty or wrong. */
bool leak_kinds_parse(const char *text, unsigned int *kinds);

struct measure_frame {
	const char *sym;    /* as in the database, printable */
	const char *name;   /* its short form (symbols/short-name.h), printable */
	const char *file;   /* NULL: unknown */
	int64_t line;       /* 0: unknown */
	const char *path;   /* of the file, as reports have it; NULL: unknown */
	bool is_below_root; /* the file, of the sources' */
	bool is_library;    /* code of C's, C++'s or Rust's, by its name or module, */
	bool is_bare;       /* ... and in no file of the program's: keys have the name */
	const char *module;
	const char *plain; /* what names_plain makes of `sym`; "" if it is inferred: keys
			    * are what they are without */
	const char *line_of_key;     /* the same with what keys have of it */
	enum module_symbols symbols; /* of the module */
	bool is_unnamed;             /* the module has no name for it */
	bool inferred;               /* a tail call left no frame of it */
	bool has_parameters;  /* `sym` has, as names of C++ have where they are whole */
	int64_t inline_depth; /* that of the next frame is one more: it was inlined */
	const char *lost;     /* why it has no name, NULL: it has, or its file has none */
	unsigned int linked;  /* the libraries, linked into its file, that it may be of */
};

/*
 * Libraries that are linked into a file are known by a function that each always has.
 * What is not of the file's own sources may be of them: a function without source lines,
 * in a file that has them for others.
 */
enum measure_library {
	LIBRARY_C,   /* "libc" */
	LIBRARY_CXX, /* "libstdc++" */
	N_MEASURE_LIBRARIES
};

/* What is said of stacks of which a baseline has names and no source files, or not all of
 * their paths, no parameters, or numbers of lambdas that mean nothing here. */
extern const char measure_no_files[], measure_no_directories[];
extern const char measure_no_details[], measure_other_lambdas[];

/* Return the set, a bit for one, of the library of a name; 0 if it is none of these. */
unsigned int measure_linked(const char *name);

/* A stack; of the stacks of a call site, one is shown. */
struct measure_stack {
	const char *function; /* the allocation function; "" if it is unknown */
	const char *name;     /* its short form */
	const char *chain;    /* how memory came to the owner (database/owners.h) */
	const struct measure_frame **frames;
	size_t n_frames;
	size_t owner; /* index of the owner's; 0 if there are none */
	const char
		*gap; /* why outer frames are missing that may be own; NULL: none are */
};

struct measure_site {
	const char *key;
	const struct measure_stack *stack;
	enum leak_kind kind; /* the worst of its kinds */
	int64_t amounts[N_AMOUNTS];
	int64_t of_kind[N_LEAK_KINDS][N_AMOUNTS]; /* by kind, sum of all runs */
	unsigned int n_runs;                      /* in which it leaks */
	unsigned int n_of_runs;  /* in which its program ran, and its leaks are judged */
	int64_t pid;             /* of a process in which it leaks, the lowest, */
	bool has_more_processes; /* ... and whether it does in others */
	bool cut;                /* of a row: its trace was cut short */
	bool is_owned; /* all that it leaks hangs below lost blocks that are known */
	bool is_known; /* the baseline accepts it; findings_compare says so, */
	const struct baseline_entry *before; /* ... and what it is there, or NULL */
	/* Why leaks of other callers have the same key, as in measure_no_files; NULL:
	 * none have */
	const char *blur;
	/* Of a row: the stack of the lost blocks that its own hang below, or NULL */
	const struct measure_stack *owner;
};

/* What a call site leaks that hangs below the definitely lost blocks of another one, its
 * owner, or of itself. */
struct measure_owned {
	const char *owner, *key; /* of both sites */
	const struct measure_stack *owner_stack, *stack;
	unsigned int run; /* of a row, */
	bool cut;         /* ... and whether its trace was cut short */
	int64_t amounts[N_AMOUNTS];
};

struct measure_program {
	const char *name;
	const char *path;       /* of its file; of several, the first by name, */
	bool has_more_paths;    /* ... and that there are several */
	const char *command;    /* of a row: of the process */
	uint64_t commands;      /* of its first run, */
	bool has_more_commands; /* ... and that a run has others */
	int64_t amounts[N_AMOUNTS];
	unsigned int run;      /* of a row */
	int64_t pid, start_ns; /* of a row: of its trace */
	bool goes_on,
		is_late; /* ... of a process that may have another one, later; had one */
	size_t n_processes; /* that as many runs reach as must */
	unsigned int n_runs;
	unsigned int n_ended; /* of them, runs with a process whose leaks are judged */
	bool cut;             /* of a row: they are not, but for what is lost */
	bool partial; /* traces are missing or not complete, so less is no improvement */
	bool lacks_stacks; /* not all of its blocks have one (RHEAPER_SAMPLE_RATE) */
};

enum measure_defect {
	DEFECT_NONE,
	DEFECT_CUT,    /* switched off or a snapshot: what is live is no leak of itself */
	DEFECT_SAMPLE, /* a sample: amounts are estimates, and leaks may be missing */
	DEFECT_PARTIAL,  /* anything may be missing */
	DEFECT_CHILDREN, /* of the process nothing, but of its forked children */
	DEFECT_PROGRAMS, /* of the process nothing, but programs of the baseline did not
			    run */
	DEFECT_NAMES,    /* code has no name for want of a file that had it */
	DEFECT_STACKS,   /* what a rule says hangs on frames that stacks have not */
	DEFECT_SCOPES,   /* ... on scopes whose beginning is not known */
};

/* The amounts of places, which expectations limit. */
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

/* What a stack allocated in a place: leaks of each kind and owner have a row of their
 * own. */
struct measure_place_row {
	const struct measure_stack *stack;
	const struct measure_stack *owner; /* as that of a site's row */
	enum leak_kind kind;
	int64_t amounts[N_PLACE_AMOUNTS];
};

/* What other threads allocated while scopes of a name were open, in none of these. */
struct measure_beside {
	const char *program, *name;
	int64_t allocations;
};

/* A reason why a trace is not complete, or why its leaks may be wrong. */
struct measure_problem {
	enum measure_defect defect;
	const char *trace, *program;
	const char *why;
};

/* A process as its trace names it, and where it was read. */
struct measure_source {
	int64_t pid, start_ns, start_ticks;
	int64_t counted_in; /* start_ns of the trace that counts it as a child; 0: none */
	int64_t n_followed; /* children that have traces, as it says; */
	int64_t n_found;    /* ... and that are here */
	const char *trace, *database;
};

/* A program or library whose file is not the traced one, or may be another one. */
struct measure_rebuilt {
	const char *path, *sentence;
	const char *trace, *program; /* of the first process */
	size_t n_processes;
	bool is_told; /* by another problem, of its names */
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
	/* The set that counts. LEAK_UNKNOWN always does, where memory was not scanned */
	unsigned int leak_kinds;
	/* Lost and possibly lost blocks of the other kinds, in all runs. Their keys are
	 * names of programs */
	struct measure_site *uncounted;
	size_t n_uncounted;
	const struct paths *paths; /* for the files of frames */
	const char **wrappers;     /* patterns, for the owners of stacks */
	size_t n_wrappers;
	struct measure_owned *owned; /* sorted by owner and key */
	size_t n_owned;
	int64_t n_younger; /* blocks than the scan that was made */
	int64_t n_forked;  /* children with traces, which do not have what they began with
			    */
	bool all_sites;    /* measure also sites that do not leak */
	enum names_version version; /* of keys, as in a baseline */
	bool lacks_details;         /* ... so they are without some */
	bool wanted[N_PLACE_KINDS]; /* places to measure; set before databases are read,
				     */
	bool wants_names;           /* ... and whether rules for them name functions */
	struct measure_place *places;
	size_t n_places;
	struct measure_place_row *place_rows;
	size_t n_place_rows;
	struct measure_beside *besides;
	size_t n_besides;
	struct measure_rebuilt *rebuilt;
	size_t n_rebuilt;
	/* Until measure_finish: the rows of each run */
	struct measure_site *site_rows;
	size_t n_site_rows;
	struct measure_owned *owned_rows;
	size_t n_owned_rows;
	struct measure_program *program_rows;
	size_t n_program_rows;
};

/* Make an empty measure. With all_sites it has call sites that do not leak, too. */
void measure_init(struct measure *measure, struct arena *arena, bool all_sites);

/* Read the runs of the database at `path`, which messages call `name`. */
void measure_database(struct measure *measure, const char *path, const char *name);

/* Die if a process is in two databases, because its run would count twice. */
void measure_check_sources(struct measure *measure);

/* Add a problem, whose texts live as long as the arena. */
void measure_add_problem(struct measure *measure, enum measure_defect defect,
			 const char *trace, const char *program, const char *why);

/* Note each program and library that was built again since it was traced, once. Call it
 * after the last database. */
void measure_note_rebuilt(struct measure *measure);

/* Compare the command lines of a program's n rows of a run with those of its first run,
 * or keep them if this is the first one: before it is counted. */
void measure_compare_commands(struct arena *arena, struct measure_program *program,
			      const struct measure_program *rows, size_t n);

/* Add up the runs, and find children whose traces are in none. Call it after the last
 * database. */
void measure_finish(struct measure *measure);

/* Find a program by its name. Returns NULL if there is none. */
const struct measure_program *measure_program(const struct measure *measure,
					      const char *name);

/* Find what hangs below what a site leaks. Returns the first entry, of *n, or NULL. */
const struct measure_owned *measure_owned_by(const struct measure *measure,
					     const char *key, size_t *n);

/* Add two numbers. Returns INT64_MAX if the sum is larger. */
int64_t measure_add(int64_t a, int64_t b);

/* Format the leaked amounts: "1 block, 5 bytes". */
const char *measure_leak_text(struct arena *arena, const int64_t *amounts);
