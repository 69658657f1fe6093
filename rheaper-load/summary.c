// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/text.h"
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

static const struct {
	const char *text, *key;
} leak_names[RHP_N_LEAK_KINDS] = {
	[RHP_LEAK_UNKNOWN] = {"not scanned", "not_scanned"},
	[RHP_LEAK_DEFINITE] = {"definitely lost", "definitely_lost"},
	[RHP_LEAK_INDIRECT] = {"indirectly lost", "indirectly_lost"},
	[RHP_LEAK_POSSIBLE] = {"possibly lost", "possibly_lost"},
	[RHP_LEAK_REACHABLE] = {"still reachable", "still_reachable"},
};

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
		for (int kind = 0; kind < RHP_N_LEAK_KINDS; kind++) {
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
	       leak_names[kind].text, p->leak_blocks[kind],
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
	for (int kind = RHP_LEAK_DEFINITE; kind < RHP_N_LEAK_KINDS; kind++)
		print_kind(&all, kind, kind == RHP_LEAK_DEFINITE ? "" : ", ");
	if (all.leak_blocks[RHP_LEAK_UNKNOWN])
		print_kind(&all, RHP_LEAK_UNKNOWN, ", ");
	putchar('\n');
}

static void print_text(const char *bytes)
{
	char *text = text_utf8(bytes, strlen(bytes));

	if (!text)
		die("write the summary: out of memory");
	text_print_json(stdout, text);
	free(text);
}

static void print_counts(const struct load_process *p)
{
	printf("\"events\":%" PRIu64 ",\"allocations\":%" PRIu64
	       ",\"live_blocks\":%" PRIu64 ",\"live_bytes\":%" PRIu64
	       ",\"lost\":%" PRIu64,
	       p->events, p->allocations, p->live_blocks, p->live_bytes, p->lost);
	for (int kind = 0; kind < RHP_N_LEAK_KINDS && p->leaks_known; kind++)
		printf(",\"%s_blocks\":%" PRIu64 ",\"%s_bytes\":%" PRIu64,
		       leak_names[kind].key, p->leak_blocks[kind], leak_names[kind].key,
		       p->leak_bytes[kind]);
}

void summary_print_json(const struct load_result *r, const char *database)
{
	struct load_process all = sum(r);

	printf("{\"database\":");
	print_text(database);
	printf(",\"run\":%" PRId64 ",", r->run);
	print_counts(&all);
	printf(",\"rows\":%" PRIu64 ",\"seconds\":%.3f,\"database_size\":%" PRIu64
	       ",\"processes\":[",
	       r->n_rows, r->seconds, r->database_size);
	for (size_t i = 0; i < r->n_processes; i++) {
		const struct load_process *p = &r->processes[i];

		printf("%s\n{\"process\":%" PRId64 ",\"trace\":", i ? "," : "",
		       p->process);
		print_text(p->trace);
		printf(",\"pid\":%" PRIu32 ",\"executable\":", p->pid);
		print_text(p->executable ? p->executable : "");
		printf(",\"ending\":\"%s\",", trace_rows_ending(p->ending));
		print_counts(p);
		putchar('}');
	}
	printf("]}\n");
}
