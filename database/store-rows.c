// SPDX-License-Identifier: MIT
/*
 * The small tables: rows written one by one, and read again when a database is
 * continued. Nothing that is read is believed before it was compared with its kind:
 * the file may come from anywhere.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "analysis/registry.h"
#include "analysis/scopes.h"
#include "analysis/tally.h"
#include "common/cli.h"
#include "common/text.h"
#include "config.h"
#include "database/store-parts.h"
#include "trace/format.h"

#include "database/store.h"

/* Bytes as UTF-8, for one insert; NULL stays NULL. */
static char *utf8(const char *bytes)
{
	char *text = bytes ? text_utf8(bytes, strlen(bytes)) : NULL;

	if (bytes && !text)
		die("write names: out of memory");
	return text;
}

void store_run(struct store *s, int64_t run, const char *label, const char *loaded)
{
	char *text = utf8(label);

	store_insert(s, INSERT_RUN, "ittt", run, text, loaded, RHEAPER_VERSION);
	free(text);
}

void store_process(struct store *s, const struct store_process *p)
{
	const struct rhp_file_header *h = p->header;
	char *trace = utf8(p->trace), *executable = utf8(p->executable);
	char *version = utf8(h->runtime_version);

	store_insert(s, INSERT_PROCESS, "iitizttttfitiiiiiifitiittzi", p->process, p->run,
		     trace, (int64_t)p->pid, (int64_t)p->parent_pid, executable,
		     p->command_line, p->host, p->started, p->duration_ms,
		     (int64_t)h->pointer_size, p->scope, (int64_t)h->max_stack_depth,
		     (int64_t)h->max_trackers, (int64_t)h->event_buffer,
		     (int64_t)h->max_bytes, (int64_t)h->ring, (int64_t)h->sample_bytes,
		     (double)h->sample_rate_ppm / 1e6, (int64_t)h->free_stacks, version,
		     (int64_t)h->start_realtime_ns, (int64_t)h->start_ticks, p->ending,
		     p->leak_scan, p->leak_scan_ns, (int64_t)p->leak_scan_threads);
	free(trace);
	free(executable);
	free(version);
}

void store_thread(struct store *s, const struct store_trace *trace, uint64_t number,
		  uint64_t tid, const char *name)
{
	store_insert(s, INSERT_THREAD, "iiiit", trace->threads + (int64_t)number,
		     trace->process, (int64_t)number, (int64_t)tid, name);
}

void store_module(struct store *s, uint32_t number, const char *path_bytes,
		  const char *build_id)
{
	char *path = utf8(path_bytes);

	store_insert(s, INSERT_MODULE, "itt", (int64_t)number, path, build_id);
	free(path);
}

void store_mapping(struct store *s, int64_t process, uint32_t module, uint64_t start,
		   uint64_t end, uint64_t bias)
{
	store_insert(s, INSERT_MAPPING, "iiiii", process, (int64_t)module, (int64_t)start,
		     (int64_t)end, (int64_t)bias);
}

void store_function(struct store *s, uint32_t number, const char *name,
		    const char *family)
{
	store_insert(s, INSERT_FUNCTION, "itt", (int64_t)number, name, family);
}

void store_frame(struct store *s, const struct store_frame *f)
{
	char *file = utf8(f->file);

	store_insert(s, INSERT_FRAME, "iiizittz", f->frame, (int64_t)f->address,
		     (int64_t)f->exact, (int64_t)f->module, (int64_t)f->inline_depth,
		     f->sym, file, (int64_t)(f->line > 0 ? f->line : 0));
	free(file);
}

void store_stack(struct store *s, const struct store_stack *k)
{
	store_insert(s, INSERT_STACK, "itiiiiiii", (int64_t)k->stack, k->signature,
		     (int64_t)k->function, (int64_t)k->depth, (int64_t)k->truncated,
		     (int64_t)k->incomplete, (int64_t)k->unsampled, (int64_t)k->top_down,
		     (int64_t)k->bottom_up);
}

void store_stack_frame(struct store *s, uint32_t stack, uint32_t frame_no, int64_t frame)
{
	store_insert(s, INSERT_STACK_FRAME, "iii", (int64_t)stack, (int64_t)frame_no,
		     frame);
}

static void store_node(struct store *s, enum statement which, uint32_t node,
		       uint32_t parent, uint32_t depth, const char *sym)
{
	if (node == 0)
		store_insert(s, which, "izit", (int64_t)0, (int64_t)0, (int64_t)0, sym);
	else
		store_insert(s, which, "iiit", (int64_t)node, (int64_t)parent,
			     (int64_t)depth, sym);
}

void store_top_down(struct store *s, uint32_t node, uint32_t parent, uint32_t depth,
		    const char *sym)
{
	store_node(s, INSERT_TOP_DOWN, node, parent, depth, sym);
}

void store_bottom_up(struct store *s, uint32_t node, uint32_t parent, uint32_t depth,
		     const char *sym)
{
	store_node(s, INSERT_BOTTOM_UP, node, parent, depth, sym);
}

void store_mark(struct store *s, const struct store_trace *trace, double at_ms,
		uint64_t thread, const char *text)
{
	store_insert(s, INSERT_MARKER, "ifit", trace->process, at_ms,
		     thread ? trace->threads + (int64_t)thread : 0, text);
}

void store_scopes(struct store *s, const struct store_trace *trace,
		  const struct scopes *scopes)
{
	int64_t first = store_ask(s, "SELECT max(scope) FROM scopes") + 1;

	for (size_t i = 0; i < scopes->n_scopes; i++) {
		const struct scope *scope = &scopes->scopes[i];
		bool inside = scope->parent != SCOPE_NONE;

		store_insert(s, INSERT_SCOPE, "iiitziiii", first + (int64_t)i,
			     trace->process, trace->threads + (int64_t)scope->thread,
			     scope->name, inside ? first + (int64_t)scope->parent : 0,
			     (int64_t)scope->depth, scope->begin_ns, scope->end_ns,
			     (int64_t)scope->ending);
	}
	for (size_t i = 0; i < scopes->n_changes; i++) {
		const struct scope_change *change = &scopes->changes[i];
		bool inside = change->scope != SCOPE_NONE;

		store_insert(s, INSERT_SCOPE_CHANGE, "iiz",
			     trace->threads + (int64_t)change->thread, change->at_ns,
			     inside ? first + (int64_t)change->scope : 0);
	}
}

void store_loss(struct store *s, int64_t process, const char *reason, uint64_t count,
		const char *meaning)
{
	store_insert(s, INSERT_LOSS, "itit", process, reason,
		     (int64_t)(count < INT64_MAX ? count : INT64_MAX), meaning);
}

void store_total(struct store *s, int64_t process, const char *name, double value,
		 const char *meaning)
{
	store_insert(s, INSERT_TOTAL, "itft", process, name, value, meaning);
}

static void store_stack_total(struct store *s, int64_t process,
			      const struct catalog_stack *k)
{
	store_insert(s, INSERT_STACK_TOTAL, "iiiiiiiiiiii", (int64_t)k->number, process,
		     (int64_t)llround(k->allocations), (int64_t)llround(k->bytes),
		     (int64_t)llround(k->live_blocks), (int64_t)llround(k->live_bytes),
		     (int64_t)llround(k->peak_blocks), (int64_t)llround(k->peak_bytes),
		     (int64_t)llround(k->own_peak_bytes), k->own_peak_ns,
		     (int64_t)llround(k->temporary), (int64_t)k->recorded);
}

void store_tally(struct store *s, int64_t process, const struct catalog *catalog,
		 const struct tally *tally)
{
	int64_t last_ns = -1;

	for (size_t i = 0; i < catalog->n_stacks; i++) {
		if (catalog->stacks[i].recorded)
			store_stack_total(s, process, &catalog->stacks[i]);
	}
	for (size_t i = 0; i < tally->n_points; i++) {
		const struct tally_point *p = &tally->points[i];
		bool last = i + 1 == tally->n_points;
		bool changed = i == 0 || p->allocations > 0 ||
			       p->live_bytes != p[-1].live_bytes ||
			       p->live_blocks != p[-1].live_blocks;

		if ((!changed && !last) || p->end_ns == last_ns)
			continue;
		last_ns = p->end_ns;
		store_insert(
			s, INSERT_TIMELINE, "ifiiiii", process, (double)p->end_ns / 1e6,
			(int64_t)llround(p->live_bytes), (int64_t)llround(p->live_blocks),
			(int64_t)llround(p->peak_bytes), (int64_t)llround(p->allocations),
			(int64_t)llround(p->bytes));
	}
}
