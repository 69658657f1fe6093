// SPDX-License-Identifier: MIT
#include <string.h>

#include "common/json.h"
#include "common/path.h"
#include "report/numbers.h"
#include "report/page.h"

#include "report/facts-json.h"

const char *const report_value_names[N_REPORT_VALUES] = {
	[VALUE_BLOCKS] = "blocks",
	[VALUE_BYTES] = "bytes",
	[VALUE_LIVE_BLOCKS] = "live_blocks",
	[VALUE_LIVE_BYTES] = "live_bytes",
	[VALUE_PEAK_BLOCKS] = "peak_blocks",
	[VALUE_PEAK_BYTES] = "peak_bytes",
	[VALUE_TEMPORARY] = "temporary_blocks",
};

static void put_path(struct json *json, const char *key, const char *path,
		     unsigned int redact)
{
	json_put_text(json, key,
		      path && redact & PAGE_REDACT_PATHS ? path_base(path) : path);
}

static void put_arguments(struct json *json, const struct report *report,
			  unsigned int redact)
{
	const char *words = report->process.command_line;

	json_key(json, "command_line");
	if (words && !(redact & PAGE_REDACT_ARGS))
		json_number(json, words); /* JSON already */
	else
		json_null(json);
}

void facts_write_process_members(struct json *json, const struct report *report,
				 unsigned int redact)
{
	const struct overview_process *p = &report->process;

	json_put_integer(json, "process", p->process);
	json_put_integer(json, "run", p->run);
	json_put_text(json, "label", p->label);
	json_put_integer(json, "pid", p->pid);
	json_put_integer(json, "parent_pid", p->parent_pid);
	put_path(json, "executable", p->executable, redact);
	put_arguments(json, report, redact);
	json_put_text(json, "host", redact & PAGE_REDACT_HOST ? NULL : p->host);
	json_put_text(json, "started_at", p->started_at);
	json_put_real(json, "duration_ms", p->duration_ms, 6);
	json_put_text(json, "ending", p->ending);
}

void facts_write_process(struct json *json, const struct report *report,
			 unsigned int redact)
{
	json_key(json, "process");
	json_begin_object(json);
	facts_write_process_members(json, report, redact);
	json_end_object(json);
	json_put_unsigned(json, "processes", report->n_processes);
}

void facts_write_estimate(struct json *json, const struct report *report)
{
	json_key(json, "estimate");
	if (!report->is_estimate) {
		json_null(json);
		return;
	}
	json_begin_object(json);
	json_put_integer(json, "sample_bytes", report->process.sample_bytes);
	json_put_real(json, "sample_rate", report->process.sample_rate, 6);
	json_put_text(
		json, "meaning",
		"Blocks were sampled by bytes: all blocks and bytes are estimates.");
	json_end_object(json);
}

/* What a scan found to be lost; without one, all that was not freed. */
static struct report_leak sum_leaks(const struct report *report)
{
	struct report_leak sum = {0};

	for (size_t i = 0; i < report->n_leaks; i++) {
		if (report->leaks[i].kind == LEAK_REACHABLE)
			continue;
		sum.blocks += report->leaks[i].blocks;
		sum.bytes += report->leaks[i].bytes;
	}
	return sum;
}

void facts_write_totals(struct json *json, const struct report *report)
{
	const struct report_leak leaked = sum_leaks(report);
	const struct {
		const char *name;
		double value;
	} totals[] = {
		{"allocations", report->blocks},
		{"allocated_bytes", report->bytes},
		{"temporary", report->temporary},
		{"peak_bytes", report->peak_bytes},
		{"peak_blocks", report->peak_blocks},
		{"live_blocks", report->live_blocks},
		{"live_bytes", report->live_bytes},
		{"leaked_blocks", leaked.blocks},
		{"leaked_bytes", leaked.bytes},
	};

	json_key(json, "totals");
	json_begin_object(json);
	for (size_t i = 0; i < sizeof(totals) / sizeof(*totals); i++)
		json_put_integer(json, totals[i].name, number_round(totals[i].value));
	json_put_real(json, "peak_ms", (double)report->peak_ns / 1e6, 6);
	json_end_object(json);
	facts_write_estimate(json, report);
}

void facts_write_times(struct json *json, const struct report *report)
{
	json_key(json, "edges");
	json_begin_array(json);
	for (size_t i = 0; i < report->edges.n; i++)
		json_real(json, (double)report->edges.ns[i] / 1e6, 6);
	json_end_array(json);
	json_put_unsigned(json, "peak_edge", report->peak_edge);
	json_key(json, "window");
	if (report->has_window) {
		json_begin_array(json);
		json_unsigned(json, report->window_from);
		json_unsigned(json, report->window_to);
		json_end_array(json);
	} else {
		json_null(json);
	}
	json_key(json, "markers");
	json_begin_array(json);
	for (size_t i = 0; i < report->n_markers; i++) {
		const struct report_marker *m = &report->markers[i];

		json_begin_object(json);
		json_put_text(json, "text", m->text);
		json_put_unsigned(json, "edge", m->edge);
		json_put_real(json, "at_ms", (double)m->ns / 1e6, 6);
		json_key(json, "thread");
		if (m->thread)
			json_unsigned(json, m->thread - 1);
		else
			json_null(json);
		json_end_object(json);
	}
	json_end_array(json);
}

void facts_write_scopes(struct json *json, const struct report *report)
{
	json_key(json, "scopes");
	json_begin_array(json);
	for (size_t i = 0; i < report->n_scopes; i++) {
		const struct overview_scope *s = &report->scopes[i];

		json_begin_object(json);
		json_put_text(json, "name", s->name);
		json_put_integer(json, "count", s->count);
		json_put_real(json, "total_ms", s->total_ms, 6);
		json_put_integer(json, "allocations", s->allocations);
		json_put_integer(json, "allocated_bytes", s->allocated_bytes);
		json_put_integer(json, "kept_blocks", s->kept_blocks);
		json_put_integer(json, "kept_bytes", s->kept_bytes);
		json_end_object(json);
	}
	json_end_array(json);
}

void facts_write_threads(struct json *json, const struct report *report)
{
	json_key(json, "threads");
	json_begin_array(json);
	for (size_t i = 0; i < report->n_threads; i++) {
		const struct report_thread *t = &report->threads[i];

		json_begin_object(json);
		json_put_integer(json, "number", t->number);
		json_put_integer(json, "tid", t->tid);
		json_put_text(json, "name", t->name);
		json_put_integer(json, "allocations", number_round(t->blocks));
		json_put_integer(json, "allocated_bytes", number_round(t->bytes));
		json_put_integer(json, "live_bytes", number_round(t->live_bytes));
		json_end_object(json);
	}
	json_end_array(json);
}

static void write_findings(struct json *json, const struct report_notes *notes)
{
	json_key(json, "findings");
	json_begin_array(json);
	for (size_t i = 0; i < notes->n; i++) {
		json_begin_object(json);
		json_put_text(json, "sentence", notes->notes[i].sentence);
		json_put_text(json, "view", notes->notes[i].view);
		json_key(json, "site");
		if (notes->notes[i].site)
			json_integer(json, notes->notes[i].site);
		else
			json_null(json);
		json_put_integer(json, "bytes", number_round(notes->notes[i].bytes));
		json_end_object(json);
	}
	json_end_array(json);
}

void facts_write_notes(struct json *json, const struct report *report)
{
	write_findings(json, &report->findings);
	json_key(json, "unseen");
	json_begin_array(json);
	for (size_t i = 0; i < report->unseen.n; i++) {
		json_begin_object(json);
		json_put_text(json, "sentence", report->unseen.notes[i].sentence);
		json_put_text(json, "remedy", report->unseen.notes[i].remedy);
		json_end_object(json);
	}
	json_end_array(json);
	json_key(json, "losses");
	json_begin_array(json);
	for (size_t i = 0; i < report->n_losses; i++) {
		json_begin_object(json);
		json_put_text(json, "reason", report->losses[i].reason);
		json_put_integer(json, "count", report->losses[i].count);
		json_put_text(json, "meaning", report->losses[i].meaning);
		json_end_object(json);
	}
	json_end_array(json);
}

static void put_setting(struct json *json, const char *name, int64_t value,
			const char *meaning)
{
	json_begin_object(json);
	json_put_text(json, "name", name);
	json_put_integer(json, "value", value);
	json_put_text(json, "meaning", meaning);
	json_end_object(json);
}

static void put_text_setting(struct json *json, const char *name, const char *value,
			     const char *meaning)
{
	json_begin_object(json);
	json_put_text(json, "name", name);
	json_put_text(json, "value", value);
	json_put_text(json, "meaning", meaning);
	json_end_object(json);
}

void facts_write_settings(struct json *json, const struct report *report)
{
	const struct overview_process *p = &report->process;

	json_key(json, "settings");
	json_begin_array(json);
	put_text_setting(json, "runtime", p->runtime_version,
			 "Version of the runtime in the program.");
	put_text_setting(
		json, "capture", p->capture,
		"'process': all allocations of the process; 'link': those of the "
		"program's own objects.");
	put_setting(json, "max_stack_depth", p->max_stack_depth,
		    "Frames of a stack that are kept.");
	put_setting(json, "max_trackers", p->max_trackers,
		    "Threads that record at the same time.");
	put_setting(json, "event_buffer", p->event_buffer,
		    "Events in the buffer of a thread.");
	put_setting(json, "max_bytes", p->max_bytes, "Size limit of the trace, 0: none.");
	put_setting(json, "ring", p->ring, "1: the newest max_bytes were kept.");
	put_setting(json, "sample_bytes", p->sample_bytes,
		    "Mean bytes between samples, 0: every block is recorded.");
	put_setting(json, "free_stacks", p->free_stacks,
		    "1: the stacks of frees are whole.");
	json_end_array(json);
}
