// SPDX-License-Identifier: MIT
/*
 * Blocks are read twice: those that are live at the moment, and then, when their pages
 * are known, those that died before it.
 */
#include <stdlib.h>
#include <string.h>

#include "common/map.h"
#include "common/path.h"
#include "database/block-scan.h"
#include "database/db.h"
#include "database/rows.h"
#include "report/memory.h"
#include "report/model.h"
#include "report/numbers.h"
#include "report/read.h"

#include "report/pages-view.h"

#define MAX_WEIGHT 0x1p63 /* as read-blocks.c has it */

static const char *const glibc_names[] = {"libc.so.6", "libc-2."};
static const char *const other_names[] = {
	"libjemalloc", "libtcmalloc", "libmimalloc", "libhoard",
	"librpmalloc", "libsnmalloc", "ld-musl-",    "libc.musl-",
	"libc.so.7",   "libscudo",    "libasan",     "libscalloc",
};

struct reader {
	const struct database *database;
	const struct report *report;
	const struct map *sites;
	struct pages_view *view;
};

static bool begins_with_any(const char *text, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strncmp(text, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

static void take_mapping(struct reader *r, const struct overview_mapping *m)
{
	struct pages_view *view = r->view;
	const char *executable = r->report->process.executable;
	const char *path = m->path ? m->path : "";

	if (executable && strcmp(path, executable) == 0 &&
	    (uint64_t)m->end_address > view->pages.program_end)
		view->pages.program_end = (uint64_t)m->end_address;
	path = path_base(path);
	if (begins_with_any(path, other_names,
			    sizeof(other_names) / sizeof(*other_names))) {
		view->allocator = ALLOCATOR_OTHER;
		free(view->library);
		view->library = memory_text(path);
	} else if (view->allocator == ALLOCATOR_UNKNOWN &&
		   begins_with_any(path, glibc_names,
				   sizeof(glibc_names) / sizeof(*glibc_names))) {
		view->allocator = ALLOCATOR_GLIBC;
	}
}

static void take_mappings(struct reader *r)
{
	struct rows *rows = overview_select_mappings(r->database);
	struct overview_mapping mapping;

	rows_set(rows, 1, r->report->process.process);
	while (rows_next(rows, &mapping))
		take_mapping(r, &mapping);
	rows_close(rows);
	r->view->pages.is_glibc = r->view->allocator != ALLOCATOR_OTHER;
}

static void choose_moment(struct reader *r, const char *at)
{
	const struct report *report = r->report;
	struct pages_view *view = r->view;

	view->moment = at                        ? PAGES_AT_ASKED
		       : report->live_blocks > 0 ? PAGES_AT_END
						 : PAGES_AT_PEAK;
	view->at_ns = report_moment(report, "at",
				    at                             ? at
				    : view->moment == PAGES_AT_END ? "end"
								   : "peak");
	view->pages.until_ns = view->at_ns;
}

/* At the end it is read after the last event. */
static void take_resident(struct reader *r)
{
	struct rows *rows = overview_select_resident(r->database);
	struct overview_resident resident;

	rows_set(rows, 1, r->report->process.process);
	rows_set(rows, 2, r->view->moment == PAGES_AT_END ? INT64_MAX : r->view->at_ns);
	if (rows_next(rows, &resident)) {
		r->view->resident = resident.bytes;
		r->view->resident_ns = number_round(resident.at_ms * 1e6);
	}
	rows_close(rows);
}

enum state {
	BORN_LATER,
	LIVE,
	DEAD,
	END_UNKNOWN
};

/* A free is recorded before it, an allocation after it: one at the moment itself is live
 * then, and what is freed then, dead. */
static enum state state_at(const struct pages_view *view, const struct scanned_lot *lot,
			   const struct scanned_block *block)
{
	if (view->moment == PAGES_AT_END && lot->live)
		return LIVE;
	if (block->alloc_ns > view->at_ns)
		return BORN_LATER;
	if (block->free_ns == INT64_MAX && !lot->live)
		return END_UNKNOWN;
	return block->free_ns > view->at_ns && view->moment != PAGES_AT_END ? LIVE : DEAD;
}

static uint32_t site_of(const struct reader *r, int64_t stack)
{
	uint32_t site = map_get(r->sites, (uint64_t)stack);

	return site < r->report->n_sites ? site : (uint32_t)r->report->n_sites;
}

static double weight_of(const struct scanned_lot *lot)
{
	double weight = lot->weight;

	return weight >= 0 && weight <= MAX_WEIGHT ? weight : 1;
}

static void take_live(struct reader *r, const struct scanned_lot *lot,
		      const struct scanned_block *scanned)
{
	struct pages_view *view = r->view;
	struct page_block block = {.address = (uint64_t)scanned->address,
				   .size = scanned->size > 0 ? (uint64_t)scanned->size
							     : 0,
				   .site = site_of(r, lot->stack)};
	double weight = weight_of(lot);

	view->blocks += weight;
	view->bytes += weight * (double)block.size;
	pages_add(&view->pages, block);
	if (!view->is_estimate)
		pages_add_life(&view->pages, &block, scanned->alloc_ns, INT64_MAX);
	if (view->is_estimate)
		pages_add_cost(&view->pages, block.site, block.size,
			       chunk_may_be_mapped(&view->pages.model, block.address,
						   block.size),
			       weight);
}

static void take_dead(struct reader *r, const struct scanned_lot *lot,
		      const struct scanned_block *scanned)
{
	struct page_block block = {.address = (uint64_t)scanned->address,
				   .size = scanned->size > 0 ? (uint64_t)scanned->size
							     : 0,
				   .site = site_of(r, lot->stack)};

	pages_add_dead(&r->view->pages, &block);
	pages_add_life(&r->view->pages, &block, scanned->alloc_ns,
		       scanned->free_ns == INT64_MAX ? r->view->at_ns : scanned->free_ns);
}

static void scan(struct reader *r, enum state wanted)
{
	struct pages_view *view = r->view;
	struct block_scan *s = block_scan_open(r->database, r->report->process.process);
	bool is_end = view->moment == PAGES_AT_END;
	struct scanned_lot lot;
	struct scanned_block block;

	while (block_scan_next_lot(s, &lot)) {
		if (is_end && lot.live != (wanted == LIVE))
			continue;
		while (block_scan_next(s, &block)) {
			enum state state = state_at(view, &lot, &block);

			if (state == wanted && wanted == LIVE)
				take_live(r, &lot, &block);
			else if (state == wanted)
				take_dead(r, &lot, &block);
			else if (state == END_UNKNOWN && wanted == DEAD && !is_end)
				view->unseen_ends++;
		}
	}
	block_scan_close(s);
}

/* Events are missing, or were before the trace, or of objects that are not traced. */
static bool may_lack_blocks(const struct report *report)
{
	static const char *const reasons[] = {"io",
					      "tracker",
					      "nested",
					      "early",
					      "limit",
					      "overwritten",
					      "unwritten",
					      "foreign_free",
					      "foreign_realloc",
					      "unrecorded_library",
					      "torn_records",
					      "damaged_records",
					      "damaged_regions",
					      "missing_buffers"};
	const struct overview_process *p = &report->process;

	for (size_t i = 0; i < report->n_losses; i++) {
		const char *reason = report->losses[i].reason;

		for (size_t k = 0; reason && k < sizeof(reasons) / sizeof(*reasons);
		     k++) {
			if (strcmp(reason, reasons[k]) == 0)
				return true;
		}
	}
	return p->ring || p->began_late ||
	       (p->capture && strcmp(p->capture, "link") == 0);
}

static void add_up(struct pages_view *view)
{
	for (size_t i = 0; view->pages.is_glibc && i < PAGE_CLASSES; i++)
		view->cost +=
			view->pages.classes[i].headers + view->pages.classes[i].rounding;
}

struct pages_view *pages_read(const struct database *database,
			      const struct report *report, const struct map *sites,
			      const char *at)
{
	struct pages_view *view = memory_new(1, sizeof(*view));
	struct reader r = {database, report, sites, view};

	view->allocator = ALLOCATOR_UNKNOWN;
	view->is_estimate = report->is_estimate;
	view->is_incomplete = view->is_estimate || may_lack_blocks(report);
	view->pages.model = chunks_of_glibc(report->process.pointer_size);
	view->pages.n_sites = report->n_sites + 1;
	pages_init(&view->pages);
	take_mappings(&r);
	choose_moment(&r, at);
	take_resident(&r);
	scan(&r, LIVE);
	pages_compute(&view->pages);
	if (!view->is_estimate) {
		pages_add_costs(&view->pages);
		scan(&r, DEAD);
		pages_estimate(&view->pages);
	}
	add_up(view);
	return view;
}

void pages_view_free(struct pages_view *view)
{
	pages_fini(&view->pages);
	free(view->library);
	free(view);
}
