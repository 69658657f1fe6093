// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "report/cells.h"
#include "report/memory.h"
#include "report/notes.h"
#include "report/read-parts.h"

#include "report/read.h"

static void sort_sums(struct report *report)
{
	sums_sort(&report->cube);
	sums_sort(&report->uncertain);
	sums_sort(&report->temporaries);
	sums_sort(&report->heat);
	sums_sort(&report->thread_sites);
	sums_sort(&report->thread_site_lives);
	sums_sort(&report->handovers);
}

static void end_reading(struct reading *r)
{
	map_fini(&r->frame_numbers);
	map_fini(&r->module_numbers);
	map_fini(&r->stack_numbers);
	map_fini(&r->thread_numbers);
	free(r->stacks);
	sums_fini(&r->crossed);
	sums_fini(&r->mismatched);
	sums_fini(&r->frees);
}

struct report *report_read(const struct database *database,
			   const struct report_options *options)
{
	struct reading r = {.report = memory_new(1, sizeof(struct report)),
			    .database = database,
			    .options = options};

	reading_take_process(&r);
	reading_take_memory(&r);
	reading_take_stacks(&r);
	reading_take_window(&r);
	reading_take_blocks(&r);
	reading_settle_peak(&r);
	reading_take_growths(&r);
	end_reading(&r);
	sort_sums(r.report);
	cells_index(r.report);
	if (cells_are_needed(r.report))
		cells_recount(r.report);
	cells_find_variances(r.report);
	notes_find(r.report);
	return r.report;
}

struct report *report_read_sites(const struct database *database,
				 const struct report_options *options, struct map *sites)
{
	struct reading r = {.report = memory_new(1, sizeof(struct report)),
			    .database = database,
			    .options = options};

	reading_take_process(&r);
	reading_take_stacks(&r);
	reading_take_window(&r);
	for (size_t i = 0; i < r.n_stacks; i++) {
		if (map_put(sites, (uint64_t)r.stacks[i].number, r.stacks[i].site) != 0)
			memory_fail();
	}
	end_reading(&r);
	return r.report;
}

static void free_notes(struct report_notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		free(notes->notes[i].sentence);
		free(notes->notes[i].remedy);
	}
	free(notes->notes);
}

static void free_process(struct report *report)
{
	process_free_texts(&report->process);
	for (size_t i = 0; i < report->n_processes; i++)
		free(report->others[i].executable);
	free(report->others);
	for (size_t i = 0; i < report->n_threads; i++)
		free(report->threads[i].name);
	free(report->threads);
	for (size_t i = 0; i < report->n_markers; i++)
		free(report->markers[i].text);
	free(report->markers);
	for (size_t i = 0; i < report->n_scopes; i++)
		free((char *)report->scopes[i].name);
	free(report->scopes);
	for (size_t i = 0; i < report->n_losses; i++) {
		free((char *)report->losses[i].reason);
		free((char *)report->losses[i].meaning);
	}
	free(report->losses);
	free(report->timeline);
}

void report_free(struct report *report)
{
	free_process(report);
	for (size_t i = 0; i < report->n_modules; i++) {
		free(report->modules[i].path);
		free(report->modules[i].build_id);
	}
	free(report->modules);
	strings_fini(&report->strings);
	free(report->functions);
	free(report->frames);
	free(report->sites);
	free(report->leaks);
	free(report->frees);
	free(report->growths);
	nodes_fini(&report->tree);
	edges_fini(&report->edges);
	free(report->snapshots.name);
	free(report->snapshots.root);
	free(report->snapshots.full_root);
	free_notes(&report->findings);
	free_notes(&report->unseen);
	sums_fini(&report->cube);
	free(report->site_cells);
	free(report->first_cells);
	sums_fini(&report->uncertain);
	sums_fini(&report->temporaries);
	sums_fini(&report->heat);
	sums_fini(&report->thread_sites);
	sums_fini(&report->thread_site_lives);
	sums_fini(&report->handovers);
	free(report);
}
