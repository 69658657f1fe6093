// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "database/db.h"
#include "database/rows.h"

#include "database/choice.h"

struct rows *choice_open(const struct database *d, const struct choice *choice,
			 const struct row_list *list, const char *rest)
{
	struct rows *rows = rows_open(d, list, rest);

	rows_set(rows, 1, choice->run);
	rows_set(rows, 2, choice->process);
	return rows;
}

struct run {
	int64_t run;
	const char *label;
};

static const struct row_column run_columns[] = {
	ROW_COLUMN(run, run, "p.run"),
	ROW_COLUMN(run, label, "r.label"),
};
static const struct row_list run_list = ROW_LIST(run_columns);

/* The number that a text is; 0: it is none, or no run's. */
static int64_t parse_number(const char *text)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	return errno || *end || end == text || number < 0 ? 0 : number;
}

/* Find the run of that number or label, or the last one if `name` is NULL; 0: none.
 * Counts the runs that have processes. */
static int64_t find_run(const struct database *d, const char *name, size_t *n_runs)
{
	struct rows *rows = rows_open(d, &run_list,
				      "FROM (SELECT DISTINCT run FROM processes) p"
				      " LEFT JOIN runs r ON r.run = p.run ORDER BY 1");
	int64_t number = name ? parse_number(name) : 0, numbered = 0, last = 0;
	struct run run;

	*n_runs = 0;
	while (rows_next(rows, &run)) {
		(*n_runs)++;
		if (!name || (run.label && run.label[0] && strcmp(run.label, name) == 0))
			last = run.run;
		if (number && run.run == number)
			numbered = number;
	}
	rows_close(rows);
	return numbered ? numbered : last;
}

struct count {
	int64_t n, largest;
};

static const struct row_column count_columns[] = {
	ROW_COLUMN(count, n, "count(*) OVER ()"),
	ROW_COLUMN(count, largest, "p.process"),
};
static const struct row_list count_list = ROW_LIST(count_columns);

size_t choice_count(const struct database *d, const struct choice *choice,
		    int64_t *largest)
{
	struct rows *rows =
		choice_open(d, choice, &count_list,
			    "FROM processes p LEFT JOIN totals t"
			    " ON t.process = p.process AND t.name = 'peak_bytes'"
			    " WHERE p.process IN " CHOICE_PROCESSES
			    " ORDER BY t.value DESC, p.process LIMIT 1");
	struct count count = {0, 0};

	rows_next(rows, &count);
	rows_close(rows);
	if (largest)
		*largest = count.largest;
	return (size_t)count.n;
}

struct choice choice_make(const struct database *d, const char *name, int64_t process,
			  size_t *n_runs)
{
	struct choice choice = {0, process};
	bool all = (name && strcmp(name, "all") == 0) || (!name && process);
	size_t n = 0;

	if (!all)
		choice.run = find_run(d, name, &n);
	*n_runs = name || process ? 0 : n;
	if (name && !all && choice.run == 0)
		die("read %s: no run has the number or label %s; the table runs lists"
		    " them",
		    d->name, name);
	if (process && choice_count(d, &choice, NULL) == 0)
		die("read %s: %s has no process %lld; the view process_totals lists"
		    " them",
		    d->name, choice.run ? "this run" : "the database",
		    (long long)process);
	return choice;
}
