// SPDX-License-Identifier: MIT
#include "config.h"

#include "common/json.h"
#include "common/path.h"
#include "report/facts-json.h"
#include "report/numbers.h"
#include "report/sources.h"

#include "report/page-parts.h"

static void write_modules(struct making *m, struct json *json)
{
	json_key(json, "modules");
	json_begin_array(json);
	for (size_t i = 0; i < m->report->n_modules; i++) {
		const struct report_module *module = &m->report->modules[i];

		json_begin_object(json);
		json_put_text(json, "path", m->modules[i]);
		json_put_text(json, "build_id", module->build_id);
		json_put_bool(json, "has_functions", module->has_functions);
		json_put_bool(json, "has_lines", module->has_lines);
		json_end_object(json);
	}
	json_end_array(json);
}

static void write_kinds(struct making *m, struct json *json)
{
	json_key(json, "leak_kinds");
	json_begin_array(json);
	for (int kind = 0; kind < N_LEAK_KINDS; kind++)
		json_text(json, leak_kind_names[kind]);
	json_end_array(json);
	json_put_text(json, "leak_scan", m->report->process.leak_scan);
}

static void write_pruned(const struct making *m, struct json *json)
{
	json_key(json, "pruned");
	json_begin_object(json);
	json_put_real(json, "threshold", m->pruned.threshold, 8);
	json_put_unsigned(json, "nodes", m->pruned.n_folded);
	json_put_text(
		json, "meaning",
		"Nodes with less than this share of all bytes, blocks, bytes at the "
		"peak, bytes at the end and bytes times lifetime are added up as "
		"\"smaller\".");
	json_end_object(json);
}

static void write_redacted(const struct making *m, struct json *json)
{
	static const char *const names[] = {"args", "paths", "host"};

	json_key(json, "redacted");
	json_begin_array(json);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (m->options->redact >> i & 1)
			json_text(json, names[i]);
	}
	json_end_array(json);
}

static void write_strings(const struct making *m, struct json *json)
{
	json_key(json, "strings");
	json_begin_array(json);
	for (size_t i = 0; i < m->strings.names.n_texts; i++)
		json_text(json, m->strings.names.texts[i]);
	json_end_array(json);
}

void page_write_text(void *making, struct json *json)
{
	struct making *m = making;
	const char *executable = m->report->process.executable;

	json_begin_object(json);
	json_put_integer(json, "version", 1);
	json_put_text(json, "kind", "report");
	json_put_text(json, "generator", "rheaper-report " RHEAPER_VERSION);
	json_put_text(json, "title", executable ? path_base(executable) : "?");
	json_put_text(json, "command", m->options->command);
	facts_write_process(json, m->report, m->options->redact);
	facts_write_totals(json, m->report);
	facts_write_times(json, m->report);
	facts_write_scopes(json, m->report);
	facts_write_threads(json, m->report);
	write_modules(m, json);
	write_kinds(m, json);
	facts_write_notes(json, m->report);
	facts_write_settings(json, m->report);
	write_pruned(m, json);
	page_write_holders(m, json);
	sources_write(m, json);
	write_redacted(m, json);
	write_strings(m, json);
	json_key(json, "columns");
	bundle_list(&m->bundle, json);
	json_end_object(json);
}
