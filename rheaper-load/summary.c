// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>

#include "common/json.h"
#include "database/terms.h"
#include "loading/load.h"
#include "loading/trace-rows.h"

#include "rheaper-load/summary.h"

/* A block is live for good only where the program came to its own end. */
static const char *ending_text(enum rhp_trace_state ending)
{
	switch (ending) {
	case RHP_STATE_EXITED:
		return "at exit";
	case RHP_STATE_STOPPED:
		return "when tracing was switched off";
	case RHP_STATE_FULL:
		return "when the trace was full";
	case RHP_STATE_FAILED:
		return "when the trace could not be written any more";
	default:
		return "when the trace ended";
	}
}

static struct load_process sum(const struct load_result *r)
{
	struct load_process all = {.ending = r->processes[0].ending};

	for (size_t i = 0; i < r->n_processes; i++) {
		const struct load_process *p = &r->processes[i];

		all.events += p->events;
		all.allocations += p->allocations;
		all.live_blocks += p->live_blocks;
		all.live_bytes += p->live_bytes;
		all.lost += p->lost;
		all.leaks_known |= p->leaks_known;
		for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
			all.leak_blocks[kind] += p->leak_blocks[kind];
			all.leak_bytes[kind] += p->leak_bytes[kind];
		}
		if (p->ending != all.ending)
			all.ending = RHP_STATE_RUNNING; /* "when the trace ended" */
	}
	return all;
}

static void print_kind(const struct load_process *p, int kind, const char *before)
{
	printf("%s%s: %" PRIu64 " block%s (%" PRIu64 " bytes)", before,
	       leak_kind_names[kind], p->leak_blocks[kind],
	       p->leak_blocks[kind] == 1 ? "" : "s", p->leak_bytes[kind]);
}

void summary_print(const struct load_result *r)
{
	struct load_process all = sum(r);
	double seconds = r->seconds > 0 ? r->seconds : 1e-9;

	if (r->n_processes > 1)
		printf("%zu processes, ", r->n_processes);
	printf("%" PRIu64 " events, %" PRIu64 " allocations, %" PRIu64
	       " live %s (%" PRIu64 " bytes), %" PRIu64 " lost; %" PRIu64
	       " rows in %.2f s (%.2f million/s)\n",
	       all.events, all.allocations, all.live_blocks, ending_text(all.ending),
	       all.live_bytes, all.lost, r->n_rows, r->seconds,
	       (double)r->n_rows / seconds / 1e6);
	if (!all.leaks_known)
		return;
	for (int kind = LEAK_DEFINITE; kind < N_LEAK_KINDS; kind++)
		print_kind(&all, kind, kind == LEAK_DEFINITE ? "" : ", ");
	if (all.leak_blocks[LEAK_UNKNOWN])
		print_kind(&all, LEAK_UNKNOWN, ", ");
	putchar('\n');
}

static void put_leaks(struct json *json, const char *kind, const char *unit,
		      uint64_t number)
{
	char key[64];

	snprintf(key, sizeof(key), "%s %s", kind, unit);
	json_put_unsigned(json, key, number);
}

static void put_counts(struct json *json, const struct load_process *p)
{
	json_put_unsigned(json, "events", p->events);
	json_put_unsigned(json, "allocations", p->allocations);
	json_put_unsigned(json, "live_blocks", p->live_blocks);
	json_put_unsigned(json, "live_bytes", p->live_bytes);
	json_put_unsigned(json, "lost", p->lost);
	for (int kind = 0; kind < N_LEAK_KINDS && p->leaks_known; kind++) {
		put_leaks(json, leak_kind_names[kind], "blocks", p->leak_blocks[kind]);
		put_leaks(json, leak_kind_names[kind], "bytes", p->leak_bytes[kind]);
	}
}

static void put_process(struct json *json, const struct load_process *p)
{
	json_begin_object(json);
	json_put_integer(json, "process", p->process);
	json_put_text(json, "trace", p->trace);
	json_put_unsigned(json, "pid", p->pid);
	json_put_text(json, "executable", p->executable ? p->executable : "");
	json_put_text(json, "ending", trace_rows_ending(p->ending));
	put_counts(json, p);
	json_end_object(json);
}

void summary_print_json(const struct load_result *r, const char *database)
{
	struct load_process all = sum(r);
	struct json json = json_open(stdout);

	json_begin_object(&json);
	json_put_text(&json, "database", database);
	json_put_integer(&json, "run", r->run);
	put_counts(&json, &all);
	json_put_unsigned(&json, "rows", r->n_rows);
	json_put_real(&json, "seconds", r->seconds, 3);
	json_put_unsigned(&json, "database_size", r->database_size);
	json_key(&json, "processes");
	json_begin_lines(&json);
	for (size_t i = 0; i < r->n_processes; i++)
		put_process(&json, &r->processes[i]);
	json_end_array(&json);
	json_end_object(&json);
	putchar('\n');
}
