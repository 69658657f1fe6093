// SPDX-License-Identifier: MIT
/* What a database says of call sites. */
#include <stdlib.h>
#include <string.h>

#include "analysis/libraries.h"
#include "common/array.h"
#include "common/cli.h"
#include "database/owners.h"
#include "database/rows.h"
#include "database/sites.h"
#include "database/terms.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/details.h"
#include "rheaper-check/measure.h"
#include "rheaper-check/names.h"
#include "rheaper-check/paths.h"
#include "symbols/name-parts.h"
#include "symbols/signature.h"

#include "rheaper-check/measure-parts.h"

/* Why a frame has no name although its file had one, or has: then "one and the same code"
 * means nothing. NULL: it has a name, or was never given one. */
static const char *why_lost(struct reading *r, const struct site_frame *row,
			    const char *module)
{
	static const char *const reasons[N_MODULE_SYMBOLS] = {
		[MODULE_NO_FILE] = "is gone",
		[MODULE_NOT_ELF] = "is no object file now",
		[MODULE_OTHER_BUILD] = "was built again since it was traced",
	};
	enum module_symbols symbols = module_symbols_find(row->symbols);

	if (module[0] != '/')
		return NULL; /* the vDSO: no file */
	if (symbols == MODULE_NOT_ASKED)
		return "the database was loaded without symbols (--no-symbols), and its "
		       "code has no names: load the traces again";
	if (symbols == MODULE_NEWER)
		return arena_format(r->arena,
				    "%s was written after the trace was begun and has "
				    "no build-id, so its names may be wrong: link with "
				    "-Wl,--build-id",
				    module);
	if (!reasons[symbols])
		return NULL;
	return arena_format(r->arena,
			    "%s %s, and its code has no names: load traces before "
			    "rebuilding, or run with RHEAPER_SYMBOLS=keep",
			    module, reasons[symbols]);
}

static bool is_unnamed(const char *function)
{
	size_t length = strlen(function);
	size_t module = name_cut_offset(function, length);

	return module > 0 && module < length;
}

static void take_file(struct reading *r, struct measure_frame *frame,
		      const struct site_frame *row)
{
	struct path path;

	frame->is_library = frame->is_bare =
		owner_is_library(row->function ? row->function : "", row->module_path);
	if (!row->file)
		return;
	frame->file = reading_text(r, row->file);
	frame->line = row->line;
	path = paths_find(r->m->paths, frame->file);
	frame->path = path.name;
	frame->is_below_root = path.is_below_root;
	frame->is_bare = frame->is_library && !reading_is_own(frame);
}

/* Code of libraries has its names alone: their files and types are others' affair. */
static void make_line(struct reading *r, struct measure_frame *frame)
{
	bool is_own = !frame->is_bare && r->m->version >= NAMES_WITH_FILES;
	const char *details = frame->is_bare || frame->is_unnamed || frame->inferred
				      ? ""
				      : details_of(r->arena, frame->sym);

	if (r->m->version < NAMES_WITH_DETAILS) {
		r->m->lacks_details = r->m->lacks_details || details[0];
		details = "";
	}
	frame->line_of_key =
		names_line(r->arena, frame->plain, is_own ? frame->path : NULL,
			   frame->is_below_root, details);
}

static void take_frame(struct reading *r, const struct site_frame *row)
{
	struct measure_frame frame = {
		.sym = reading_text_or(r, row->function, ""),
		.name = reading_short(r, row->function ? row->function : ""),
		.module = reading_text_or(r, row->module_path, ""),
		.plain = row->inferred ? ""
				       : names_plain(r->arena,
						     row->function ? row->function : ""),
		.symbols = module_symbols_find(row->symbols),
		.is_unnamed = row->function && is_unnamed(row->function),
		.inferred = row->inferred,
		.inline_depth = row->inline_depth,
		.has_parameters = row->function && details_are_full(row->function),
	};

	if (row->module_path && !row->file && frame.is_unnamed) {
		frame.plain = names_unnamed(r->arena, row->function,
					    row->build_id ? row->build_id : "");
		frame.lost = why_lost(r, row, frame.module);
	} else if (frame.symbols == MODULE_NEWER) {
		frame.lost = why_lost(r, row, frame.module);
	}
	take_file(r, &frame, row);
	make_line(r, &frame);
	if (r->n_frames >= MAP_NONE ||
	    map_put(&r->frame_numbers, (uint64_t)row->frame, (uint32_t)r->n_frames))
		die("read %s: out of memory", r->database.name);
	reading_note_code(r, row->module, &frame);
	r->frames = arena_grow(r->arena, r->frames, r->n_frames, sizeof(frame));
	r->frames[r->n_frames++] = frame;
}

static void read_frames(struct reading *r)
{
	struct rows *rows = sites_select_frames(&r->database);
	struct site_frame row;

	while (rows_next(rows, &row))
		take_frame(r, &row);
	rows_close(rows);
	reading_find_linked(r);
}

/*
 * The number of frames without those that run before main and before the function of a
 * thread. A function of the program's own may have such a name: around it are main, or
 * others of libc's.
 */
static size_t count_named(const struct measure_stack *stack)
{
	bool is_libc_known = false;
	size_t n = stack->n_frames;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(stack->frames[i]->plain, "main") == 0)
			return n;
	}
	for (; n > 0 && !stack->gap; n--) {
		const struct measure_frame *frame = stack->frames[n - 1];
		bool is_of_libc = library_has_module(frame->module);

		if (!signature_is_startup(frame->sym) ||
		    (!is_of_libc && (is_libc_known || frame->file)))
			break;
		is_libc_known |= is_of_libc;
	}
	return n;
}

/* What tells a file's language, without the dot; "": it is not known. */
static const char *file_ending(const char *file)
{
	const char *dot = file ? strrchr(file, '.') : NULL;

	return dot ? dot + 1 : "";
}

static bool is_of_cxx(const char *file)
{
	static const char *const endings[] = {"cc",  "cpp", "cxx", "C",   "c++", "cp",
					      "hpp", "hh",  "hxx", "h++", "ipp", "tpp"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		if (strcmp(file_ending(file), endings[i]) == 0)
			return true;
	}
	return false;
}

/* Whether names of Rust lack types and numbers of closures: legacy ones have them from
 * debug information only (rust-name.h). Where a stack has a name with a hash, or a
 * closure without a number, that is not there. Closures of the library itself, which
 * others built, tell nothing. */
static bool is_legacy_rust(const struct measure_stack *stack)
{
	for (size_t i = 0; i < stack->n_frames; i++) {
		const char *name = stack->frames[i]->sym;
		size_t length = strlen(name);

		if (name_cut_rust_hash(name, length) < length)
			return true;
		if (strstr(name, "{{closure}}") && !strstr(name, "::lang_start_internal"))
			return true;
	}
	return false;
}

/* Whether names of a frame's language lack what tells functions apart: those of D have no
 * parameters, however they were compiled (d-name.h). */
static bool is_vague(const struct measure_frame *frame, const struct measure_stack *stack)
{
	const char *ending = file_ending(frame->file);

	return strcmp(ending, "d") == 0 ||
	       (strcmp(ending, "rs") == 0 && is_legacy_rust(stack));
}

/*
 * Whether a function of the program's own that was inlined lacks its parameters, by which
 * C++ tells it from others of its name. Of a function that was not, the symbol table has
 * them, unless it is one of C, or its name is too long.
 */
static bool lacks_details(const struct measure_stack *stack, size_t n)
{
	bool is_cxx = false, lacks = false;

	for (size_t i = 0; i < n && strcmp(stack->frames[i]->plain, "main") != 0; i++) {
		const struct measure_frame *frame = stack->frames[i];
		const struct measure_frame *next =
			i + 1 < stack->n_frames ? stack->frames[i + 1] : NULL;
		bool is_inlined = next && next->inline_depth == frame->inline_depth + 1;

		if (frame->is_bare)
			continue;
		if (is_vague(frame, stack))
			return true;
		is_cxx = is_cxx || frame->has_parameters || is_of_cxx(frame->file);
		lacks = lacks || (frame->plain[0] && !frame->has_parameters &&
				  (is_inlined || details_are_cut(frame->sym)));
	}
	return is_cxx && lacks;
}

/* *blur, unless it is NULL: why other callers than those of the stack may have this key,
 * or NULL. */
static const char *make_key(struct reading *r, const struct process *process,
			    const struct measure_stack *stack, const char **blur)
{
	size_t n = count_named(stack);
	const char *lack = blur ? reading_find_lack(process, stack, n) : NULL;

	if (array_grow((void **)&r->plain, &r->n_plain_max, stack->n_frames,
		       sizeof(*r->plain)))
		die("read %s: out of memory", r->database.name);
	for (size_t i = 0; i < stack->n_frames; i++)
		r->plain[i] = stack->frames[i]->line_of_key;
	if (blur && names_exceed(r->plain, n))
		*blur = "have more functions than a baseline keeps of them";
	else if (blur)
		*blur = stack->gap                ? stack->gap
			: lack                    ? lack
			: lacks_details(stack, n) ? measure_no_details
						  : NULL;
	return names_key(r->arena, process->program, r->plain, n);
}

static void take_amounts(struct reading *r, struct measure_site *site,
			 const struct site_facts *row)
{
	site->amounts[AMOUNT_LEAK_BLOCKS] = reading_count(r, row->leak_blocks);
	site->amounts[AMOUNT_LEAK_BYTES] = reading_count(r, row->leak_bytes);
	site->amounts[AMOUNT_ALLOCATIONS] = reading_count(r, row->allocations);
	site->amounts[AMOUNT_BYTES] = reading_count(r, row->allocated_bytes);
	site->kind = row->leak_kind > 0 && row->leak_kind < N_LEAK_KINDS
			     ? (enum leak_kind)row->leak_kind
			     : LEAK_UNKNOWN;
	if (row->leak_owner >= 0)
		site->owner = reading_stack(r, row->leak_owner);
}

static void take_owned(struct reading *r, const struct process *process,
		       const struct measure_site *site)
{
	struct measure *m = r->m;
	struct measure_owned owned = {
		.owner_stack = site->owner,
		.stack = site->stack,
		.run = process->run,
		.cut = process->cut,
	};

	if (!site->owner)
		return;
	owned.owner = make_key(r, process, site->owner, NULL);
	owned.key = site->key;
	memcpy(owned.amounts, site->amounts, sizeof(owned.amounts));
	m->owned_rows =
		arena_grow(r->arena, m->owned_rows, m->n_owned_rows, sizeof(owned));
	m->owned_rows[m->n_owned_rows++] = owned;
}

static void take_site(struct reading *r, const struct site_facts *row)
{
	struct measure *m = r->m;
	const struct process *process = reading_process(r, row->process);
	struct measure_site site = {
		.stack = reading_stack(r, row->stack),
		.n_runs = process->run,
		.pid = process->pid,
		.cut = process->cut,
	};

	take_amounts(r, &site, row);
	if (process->scanned && site.kind == LEAK_UNKNOWN)
		r->m->n_younger =
			measure_add(r->m->n_younger, site.amounts[AMOUNT_LEAK_BLOCKS]);
	if (!reading_judges(process, site.kind))
		site.amounts[AMOUNT_LEAK_BLOCKS] = site.amounts[AMOUNT_LEAK_BYTES] = 0;
	if (site.amounts[AMOUNT_LEAK_BLOCKS] == 0 && !m->all_sites)
		return;
	site.key = make_key(r, process, site.stack, &site.blur);
	reading_note_lost(r, process->program, site.stack);
	m->site_rows = arena_grow(r->arena, m->site_rows, m->n_site_rows, sizeof(site));
	m->site_rows[m->n_site_rows++] = site;
	take_owned(r, process, &site);
}

static void read_sites(struct reading *r)
{
	struct rows *rows = sites_select(
		&r->database, r->m->leak_kinds | 1u << LEAK_UNKNOWN, r->m->all_sites);
	struct site_facts row;

	while (rows_next(rows, &row))
		take_site(r, &row);
	rows_close(rows);
}

/* What lies in blocks that leak is told with them, and is no leak itself. */
static void take_inner(struct reading *r, const struct site_facts *row)
{
	const struct process *process = reading_process(r, row->process);
	struct measure_site site = {.stack = reading_stack(r, row->stack)};

	take_amounts(r, &site, row);
	if (!reading_judges(process, site.kind))
		return;
	site.key = make_key(r, process, site.stack, NULL);
	take_owned(r, process, &site);
}

static void read_inner(struct reading *r)
{
	struct rows *rows = sites_select_inner(&r->database);
	struct site_facts row;

	while (rows_next(rows, &row))
		take_inner(r, &row);
	rows_close(rows);
}

static void take_uncounted(struct reading *r, const struct site_facts *row)
{
	struct measure *m = r->m;
	const struct process *process = reading_process(r, row->process);
	struct measure_site site = {
		.key = process->program,
		.stack = reading_stack(r, row->stack),
	};

	take_amounts(r, &site, row);
	if (!reading_judges(process, site.kind))
		return;
	m->uncounted = arena_grow(r->arena, m->uncounted, m->n_uncounted, sizeof(site));
	m->uncounted[m->n_uncounted++] = site;
	take_owned(r, process, &site);
}

static void read_uncounted(struct reading *r)
{
	struct rows *rows = sites_select(&r->database,
					 LEAK_KINDS_DOUBTFUL & ~r->m->leak_kinds, false);
	struct site_facts row;

	while (rows_next(rows, &row))
		take_uncounted(r, &row);
	rows_close(rows);
}

void measure_database(struct measure *m, const char *path, const char *name)
{
	struct reading r = {.m = m,
			    .arena = m->arena,
			    .first_problem = m->n_problems,
			    .database = db_open(path, name)};

	db_check_pages(&r.database);
	reading_take_processes(&r);
	read_frames(&r);
	r.owners = owner_table_new(&r.database, m->wrappers, m->n_wrappers);
	r.stack_frames = sites_select_stack(&r.database);
	r.stack_allocator = sites_select_allocator(&r.database);
	read_sites(&r);
	read_inner(&r);
	read_uncounted(&r);
	reading_take_places(&r);
	rows_close(r.stack_frames);
	rows_close(r.stack_allocator);
	map_fini(&r.process_numbers);
	map_fini(&r.frame_numbers);
	map_fini(&r.code_numbers);
	map_fini(&r.stack_numbers);
	free(r.plain);
	owner_table_free(r.owners);
	db_close(&r.database);
}
