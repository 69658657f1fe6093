// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "database/db.h"
#include "database/rows.h"

#include "database/processes.h"

static const struct row_column process_columns[] = {
	ROW_COLUMN(process_facts, process, "p.process"),
	ROW_COLUMN(process_facts, run, "p.run"),
	ROW_COLUMN(process_facts, pid, "p.pid"),
	ROW_COLUMN(process_facts, started_unix_ns, "p.started_unix_ns"),
	ROW_COLUMN(process_facts, started_ticks, "p.started_ticks"),
	ROW_COLUMN(process_facts, trace_path, "p.trace_path"),
	ROW_COLUMN(process_facts, executable, "p.executable"),
	ROW_COLUMN(process_facts, command_line, "p.command_line"),
	ROW_COLUMN(process_facts, ending, "p.ending"),
	ROW_COLUMN(process_facts, is_ring, "p.ring <> 0 AND p.max_bytes <> 0"),
	ROW_COLUMN(process_facts, is_sample, "p.sample_bytes <> 0"),
	ROW_COLUMN(process_facts, has_sampled_stacks, "p.sample_rate < 1"),
	ROW_COLUMN(process_facts, leak_scan, "p.leak_scan"),
	ROW_COLUMN(process_facts, leak_scan_error, "p.leak_scan_error"),
	ROW_COLUMN(process_facts, leak_scan_threads, "p.leak_scan_threads"),
	ROW_COLUMN(process_facts, exit_threads, "p.exit_threads"),
	ROW_COLUMN(process_facts, is_forked, "p.forked"),
	ROW_COLUMN(process_facts, counted_in, "ifnull(p.counted_in, 0)"),
	ROW_COLUMN(process_facts, began_late, "p.began_late AND p.counted_in IS NULL"),
	ROW_COLUMN(process_facts, is_of_link, "p.capture = 'link'"),
	ROW_COLUMN(process_facts, unseen, "ifnull(u.count, 0)"),
	ROW_COLUMN(process_facts, foreign, "ifnull(f.count, 0)"),
	ROW_COLUMN(process_facts, unrecorded_library,
		   "(SELECT max(count) FROM losses l WHERE l.process = p.process AND"
		   " l.reason = 'unrecorded_library')"),
	ROW_COLUMN(process_facts, other_stack,
		   "(SELECT max(count) FROM losses l WHERE l.process = p.process AND"
		   " l.reason = 'scan_on_other_stack')"),
	ROW_COLUMN(process_facts, quiet_children,
		   "(SELECT max(count) FROM losses l WHERE l.process = p.process AND"
		   " l.reason = 'quiet_children')"),
	ROW_COLUMN(process_facts, untraced_programs,
		   "(SELECT max(count) FROM losses l WHERE l.process = p.process AND"
		   " l.reason = 'untraced_programs')"),
	ROW_COLUMN(process_facts, unpaired_scope_ends, "ifnull(e.count, 0)"),
	ROW_COLUMN(process_facts, silent_children, "p.silent_children"),
	ROW_COLUMN(process_facts, followed_children, "p.followed_children"),
	ROW_COLUMN(process_facts, has_definite, "k.definite"),
	ROW_COLUMN(process_facts, has_weights, "w.weighed"),
	ROW_COLUMN(process_facts, live_blocks, "k.live"),
	ROW_COLUMN(process_facts, live_blocks_in_totals, "t.value"),
};

struct rows *processes_select(const struct database *d)
{
	static const struct row_list list = ROW_LIST(process_columns);

	return rows_open(
		d, &list,
		"FROM processes p LEFT JOIN (SELECT process, max(leak_kind = 1) AS "
		"definite,"
		"  sum(last_block - first_block + 1) AS live FROM lots"
		"  WHERE ending IN (SELECT ending FROM block_endings WHERE live)"
		"  GROUP BY process) k USING (process)"
		" LEFT JOIN (SELECT process, min(weight) <> 1 OR max(weight) <> 1"
		"  AS weighed FROM lots GROUP BY process) w USING (process)"
		" LEFT JOIN losses u ON u.process = p.process AND u.reason = "
		"'unseen_free'"
		" LEFT JOIN (SELECT process, sum(count) AS count FROM losses"
		"  WHERE reason IN ('foreign_free', 'foreign_realloc')"
		"  GROUP BY process) f ON f.process = p.process"
		" LEFT JOIN losses e ON e.process = p.process AND e.reason = "
		"'unpaired_scope_end'"
		" LEFT JOIN totals t ON t.process = p.process AND t.name = 'live_blocks'"
		" ORDER BY run, p.process");
}

static const struct row_column module_columns[] = {
	ROW_COLUMN(process_module, path, "m.path"),
	ROW_COLUMN(process_module, symbols, "m.symbols"),
};

struct rows *processes_select_modules(const struct database *d, int64_t process)
{
	static const struct row_list list = ROW_LIST(module_columns);
	struct rows *rows = rows_open(d, &list,
				      "FROM process_modules i JOIN modules m USING "
				      "(module) WHERE i.process = ? GROUP BY m.path, "
				      "m.symbols ORDER BY m.path");

	rows_set(rows, 1, process);
	return rows;
}

#define HARMLESS                                                                         \
	"('foreign_free', 'foreign_realloc', 'unseen_free', 'unpaired_scope_end',"       \
	" 'clock_inversions', 'unrecorded_library', 'scan_on_other_stack', "             \
	"'quiet_children',"                                                              \
	" 'untraced_programs')"
#define UNWRITTEN "('unwritten', 'missing')"

static const struct row_column loss_columns[] = {
	ROW_COLUMN(process_loss, count, "count"),
	ROW_COLUMN(process_loss, meaning, "meaning"),
};

bool processes_find_loss(const struct database *d, int64_t process, int64_t under_way,
			 struct process_loss *loss)
{
	static const struct row_list list = ROW_LIST(loss_columns);
	struct rows *rows =
		rows_open(d, &list,
			  "FROM (SELECT count, meaning FROM losses WHERE process = ?1"
			  "  AND count <> 0 AND reason NOT IN " HARMLESS
			  "  AND NOT (?2 <> 0 AND reason IN " UNWRITTEN ")"
			  "  UNION ALL SELECT value, 'Events lost.' FROM totals"
			  "  WHERE process = ?1 AND name = 'lost_events' AND value NOT "
			  "IN (0, ?2))");
	bool found;

	rows_set(rows, 1, process);
	rows_set(rows, 2, under_way);
	found = rows_next(rows, loss);
	if (found)
		loss->meaning = strdup(loss->meaning ? loss->meaning : "");
	if (found && !loss->meaning)
		die("read %s: out of memory", d->name);
	rows_close(rows);
	return found;
}

static const struct row_column unwritten_columns[] = {
	ROW_COLUMN(process_loss, count, "ifnull(sum(count), 0)"),
};

int64_t processes_count_unwritten(const struct database *d, int64_t process)
{
	static const struct row_list list = ROW_LIST(unwritten_columns);
	struct rows *rows = rows_open(
		d, &list, "FROM losses WHERE process = ? AND reason IN " UNWRITTEN);
	struct process_loss loss = {0};

	rows_set(rows, 1, process);
	rows_next(rows, &loss);
	rows_close(rows);
	return loss.count;
}

struct total {
	const char *name;
	int64_t value;
};

static const struct row_column total_columns[] = {
	ROW_COLUMN(total, name, "name"),
	ROW_COLUMN(total, value, "value"),
};

bool processes_find_total(const struct database *d, int64_t process, const char *name,
			  int64_t *value)
{
	static const struct row_list list = ROW_LIST(total_columns);
	struct rows *rows = rows_open(d, &list, "FROM totals WHERE process = ?");
	struct total total;
	bool found = false;

	rows_set(rows, 1, process);
	while (!found && rows_next(rows, &total))
		found = total.name && strcmp(total.name, name) == 0;
	if (found)
		*value = total.value;
	rows_close(rows);
	return found;
}
