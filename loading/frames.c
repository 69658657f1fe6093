// SPDX-License-Identifier: MIT
/*
 * New locations are sorted by module and address: one module at a time is open, each
 * once, whatever number of traces used it. A location becomes consecutive frames, one
 * for each function inlined there. Frames know the numbers of their names, so that a
 * stack becomes a path in the call trees without its texts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/owner.h"
#include "analysis/registry.h"
#include "analysis/tree.h"
#include "common/array.h"
#include "common/cli.h"
#include "common/path.h"
#include "common/text.h"
#include "database/store.h"
#include "database/terms.h"
#include "loading/inferred.h"
#include "loading/stack-owners.h"
#include "symbols/signature.h"
#include "symbols/symbol-files.h"
#include "symbols/symbolize.h"

#include "loading/frames.h"

struct known_frame {
	uint32_t name, module;
	bool inferred;
	int64_t line;
};

struct frames {
	struct registry *registry;
	struct store *store;
	size_t n_modules, n_functions, n_locations, n_nodes,
		n_stacks; /* that are written */
	struct names names;
	struct known_frame *frames; /* by number; 0 is none */
	size_t n_frames, n_frames_max;
	struct inferred inferred;
	struct tree top_down, bottom_up;
	uint32_t module;                        /* whose symbols are open */
	struct symbols *symbols;                /* NULL: there are none */
	const struct symbol_settings *settings; /* NULL: no symbols are wanted */
	uint64_t begun_ns;                      /* when the first process began */
	int64_t *stack;                         /* frames of the stack in hand */
	size_t n_stack, n_stack_max;
	struct stack_owners *owners; /* while stacks are written */
};

static _Noreturn void die_of_memory(void)
{
	die("write the stacks: out of memory");
}

struct frames *frames_new(struct registry *registry, struct store *store)
{
	struct frames *f = calloc(1, sizeof(*f));

	if (!f)
		die_of_memory();
	f->registry = registry;
	f->store = store;
	return f;
}

void frames_free(struct frames *f)
{
	names_fini(&f->names);
	tree_fini(&f->top_down);
	tree_fini(&f->bottom_up);
	free(f->frames);
	inferred_fini(&f->inferred);
	free(f->stack);
	free(f);
}

static uint32_t name_number(struct frames *f, const char *sym)
{
	uint32_t number = names_number(&f->names, sym);

	if (number == MAP_NONE)
		die_of_memory();
	return number;
}

void frames_know_frame(struct frames *f, const struct frame_row *frame, const char *sym)
{
	if (array_grow((void **)&f->frames, &f->n_frames_max, f->n_frames + 2,
		       sizeof(*f->frames)))
		die_of_memory();
	f->frames[++f->n_frames] = (struct known_frame){
		.name = name_number(f, sym),
		.module = (uint32_t)frame->module,
		.inferred = frame->inferred,
		.line = frame->line,
	};
}

void frames_know_inferred(struct frames *f, const struct inferred_pair *pair,
			  const int64_t *frames, size_t n)
{
	const int64_t *known;

	if (inferred_get(&f->inferred, pair, &known) == 0 &&
	    inferred_put(&f->inferred, pair, frames, n))
		die_of_memory();
}

void frames_know_top_down(struct frames *f, uint32_t parent, const char *sym)
{
	if (tree_child(&f->top_down, parent, name_number(f, sym)) == MAP_NONE)
		die_of_memory();
}

void frames_know_bottom_up(struct frames *f, uint32_t parent, const char *sym)
{
	if (tree_child(&f->bottom_up, parent, name_number(f, sym)) == MAP_NONE)
		die_of_memory();
}

void frames_know_registry(struct frames *f)
{
	f->n_modules = f->registry->n_modules;
	f->n_functions = f->registry->n_functions;
	f->n_locations = f->registry->n_locations;
	f->n_nodes = f->registry->n_nodes;
	f->n_stacks = f->registry->n_stacks;
}

static int compare_locations(const void *left, const void *right)
{
	const struct registry_location *a = *(struct registry_location *const *)left;
	const struct registry_location *b = *(struct registry_location *const *)right;

	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (int)a->exact - (int)b->exact;
}

static void warn_module(const struct registry_module *m, int problem)
{
	static const char *const reasons[] = {
		[SYMBOLS_NO_FILE] = "it cannot be opened",
		[SYMBOLS_NOT_ELF] = "it is not an ELF object file",
		[SYMBOLS_OTHER_BUILD] = "its build-id differs from that of the traced "
					"file",
	};

	/* The vDSO and the like have no file. */
	if (problem == 0 || (problem == SYMBOLS_NO_FILE && m->path[0] != '/'))
		return;
	warn("read symbols of %s: %s; its functions appear as %s+0xOFFSET%s", m->path,
	     reasons[problem], path_base(m->path),
	     problem == SYMBOLS_NOT_ELF || m->build_id_size == 0
		     ? ""
		     : "; load traces before rebuilding, or run with "
		       "RHEAPER_SYMBOLS=keep");
}

/* Whether a file that nothing identifies was written after the program began. */
static bool is_newer(const struct frames *f, const struct registry_module *m)
{
	struct stat status;

	return m->build_id_size == 0 && m->path[0] == '/' && !f->settings->sysroot &&
	       stat(m->path, &status) == 0 &&
	       (uint64_t)status.st_mtim.tv_sec * 1000000000u +
			       (uint64_t)status.st_mtim.tv_nsec >
		       f->begun_ns;
}

static const struct registry_module *get_module(const struct frames *f, uint32_t number)
{
	return number ? &f->registry->modules[number - 1] : NULL;
}

static void open_module(struct frames *f, uint32_t number)
{
	static const enum module_symbols terms[] = {
		[0] = MODULE_FOUND,
		[SYMBOLS_NO_FILE] = MODULE_NO_FILE,
		[SYMBOLS_NOT_ELF] = MODULE_NOT_ELF,
		[SYMBOLS_OTHER_BUILD] = MODULE_OTHER_BUILD,
	};
	const struct registry_module *m = get_module(f, number);
	int problem;
	bool newer;

	if (number == f->module)
		return;
	symbols_close(f->symbols);
	f->symbols = NULL;
	f->module = number;
	if (!m || !f->settings)
		return;
	problem = symbols_open(&f->symbols, f->settings, m->path, m->build_id,
			       m->build_id_size);
	if (problem < 0)
		die("read symbols of %s: out of memory", m->path);
	warn_module(m, problem);
	newer = problem == 0 && is_newer(f, m);
	if (newer)
		warn("read symbols of %s: it has no build-id, and was written after the "
		     "trace was begun; its names and lines may be wrong; link with "
		     "-Wl,--build-id",
		     m->path);
	store_module_symbols(f->store, number,
			     module_symbols_names[newer ? MODULE_NEWER : terms[problem]]);
}

static void write_frame(struct frames *f, struct frame_row *frame, const char *sym)
{
	char *name = text_utf8(sym, strlen(sym));

	if (!name)
		die_of_memory();
	frames_know_frame(f, frame, name);
	frame->frame = (int64_t)f->n_frames;
	frame->function = name;
	store_frame(f->store, frame);
	free(name);
}

/* Frames of the functions at an address of a module; the number of the first one. */
static int64_t write_address(struct frames *f, const struct registry_location *l,
			     bool inferred, uint32_t *n_frames)
{
	const struct symbol *found = NULL;
	const struct registry_module *m = get_module(f, l->module);
	int64_t first = (int64_t)f->n_frames + 1;
	char offset[256];
	size_t n = 0;

	/* A return address may be past the end of its function. */
	if (f->symbols)
		n = symbols_find(f->symbols, l->address - !l->exact, &found);
	symbol_format_offset(m ? m->path : NULL, l->address, offset, sizeof(offset));
	*n_frames = n ? (uint32_t)n : 1;
	for (uint32_t i = 0; i < *n_frames; i++) {
		struct frame_row frame = {
			.address = (int64_t)l->address,
			.exact = l->exact,
			.module = l->module,
			.inline_depth = i,
			.inferred = inferred,
			.file = n ? found[i].file : NULL,
			.line = n && found[i].line > 0 ? found[i].line : 0,
		};
		write_frame(f, &frame, n && found[i].name ? found[i].name : offset);
	}
	return first;
}

/* The frames between a call and what it really entered, of the module that is open. */
static void infer_frames(struct frames *f, const struct inferred_pair *pair)
{
	const struct registry *r = f->registry;
	struct registry_location jump = r->locations[pair->outer];
	bool is_allocator = pair->inner == INFERRED_ALLOCATOR;
	uint64_t entered = 0, jumps[SYMBOLS_MAX_JUMPS];
	int64_t frames[SYMBOLS_MAX_JUMPS * SYMBOLS_MAX_INLINED];
	size_t n, n_frames = 0;

	if (!is_allocator)
		entered = r->locations[pair->inner].address -
			  !r->locations[pair->inner].exact;
	n = symbols_find_jumps(
		f->symbols, jump.address, entered,
		is_allocator ? r->functions[pair->allocator - 1].name : NULL, jumps);
	while (n--) {
		uint32_t n_here;
		int64_t first;

		jump.address = jumps[n];
		first = write_address(f, &jump, true, &n_here);
		for (uint32_t i = 0; i < n_here; i++)
			frames[n_frames++] = first + i;
	}
	if (n_frames && inferred_put(&f->inferred, pair, frames, n_frames))
		die_of_memory();
}

/* The pairs of the module that is open, from *next on. */
static void infer_module(struct frames *f, size_t *next)
{
	const struct registry *r = f->registry;
	struct inferred *inferred = &f->inferred;

	while (*next < inferred->n_pairs &&
	       r->locations[inferred->pairs[*next].outer].module < f->module)
		(*next)++;
	while (*next < inferred->n_pairs &&
	       r->locations[inferred->pairs[*next].outer].module == f->module) {
		if (f->symbols)
			infer_frames(f, &inferred->pairs[*next]);
		(*next)++;
	}
}

static void write_locations(struct frames *f)
{
	struct registry *registry = f->registry;
	size_t n = registry->n_locations - f->n_locations;
	struct registry_location **sorted = calloc(n + 1, sizeof(*sorted));
	size_t next = 0;

	if (!sorted)
		die_of_memory();
	for (size_t i = 0; i < n; i++)
		sorted[i] = &registry->locations[f->n_locations + i];
	qsort(sorted, n, sizeof(*sorted), compare_locations);
	if (inferred_collect(&f->inferred, registry, f->n_nodes, f->n_stacks))
		die_of_memory();
	for (size_t i = 0; i < n; i++) {
		struct registry_location *l = sorted[i];

		open_module(f, l->module);
		l->first_frame = write_address(f, l, false, &l->n_frames);
		if (i + 1 == n || sorted[i + 1]->module != l->module)
			infer_module(f, &next);
	}
	symbols_close(f->symbols);
	f->symbols = NULL;
	f->module = 0;
	free(sorted);
}

static void reserve_stack(struct frames *f, size_t n)
{
	if (array_grow((void **)&f->stack, &f->n_stack_max, f->n_stack + n,
		       sizeof(*f->stack)))
		die_of_memory();
}

static void collect_inferred(struct frames *f, const struct inferred_pair *pair)
{
	const int64_t *frames;
	size_t n = inferred_get(&f->inferred, pair, &frames);

	reserve_stack(f, n);
	for (size_t i = 0; i < n; i++)
		f->stack[f->n_stack++] = frames[i];
}

/* The frames of a stack, innermost first, into f->stack. */
static void collect_stack(struct frames *f, const struct registry_stack *stack)
{
	const struct registry *l = f->registry;
	struct inferred_pair pair = {.inner = INFERRED_ALLOCATOR,
				     .allocator = stack->function};

	f->n_stack = 0;
	for (uint32_t node = stack->node; node; node = l->nodes[node].parent) {
		const struct registry_location *at =
			&l->locations[l->nodes[node].location];

		pair.outer = l->nodes[node].location;
		collect_inferred(f, &pair);
		reserve_stack(f, at->n_frames);
		for (uint32_t i = 0; i < at->n_frames; i++)
			f->stack[f->n_stack++] = at->first_frame + i;
		pair.inner = pair.outer;
	}
}

static const char *get_sym(const struct frames *f, int64_t frame)
{
	return f->names.texts[f->frames[frame].name];
}

static const char *get_allocator(const struct frames *f, uint32_t function)
{
	return function ? f->registry->functions[function - 1].name : NULL;
}

static void sign_stack(const struct frames *f, uint32_t function, char *text)
{
	uint64_t hash = SIGNATURE_BEGIN;

	if (function)
		hash = signature_add(hash, get_allocator(f, function));
	for (size_t i = 0; i < f->n_stack; i++) {
		const char *sym = get_sym(f, f->stack[i]);

		if (!signature_is_startup(sym) && !f->frames[f->stack[i]].inferred)
			hash = signature_add(hash, sym);
		if (strcmp(sym, "main") == 0)
			break;
	}
	signature_format(hash, text);
}

/* One step into a tree; a node that is new is written. */
static uint32_t step_into(struct frames *f, enum store_tree which, int64_t parent,
			  uint32_t depth, int64_t frame)
{
	struct tree *tree = which == STORE_TOP_DOWN ? &f->top_down : &f->bottom_up;
	uint32_t n_nodes = tree->n_nodes;
	uint32_t node = tree_child(tree, (uint32_t)parent, f->frames[frame].name);

	if (node == MAP_NONE)
		die_of_memory();
	if (node > n_nodes)
		store_node(f->store, which, node, (uint32_t)parent, depth,
			   get_sym(f, frame));
	return node;
}

/* Of the stack in hand. */
static void set_owner(struct frames *f, struct stack_row *row)
{
	row->depth = (int64_t)f->n_stack;
	stack_owners_set(f->owners, get_allocator(f, (uint32_t)row->allocator), f->stack,
			 (const char *const *)f->names.texts, row);
}

static void write_stack(struct frames *f, uint32_t number)
{
	const struct registry_stack *stack = &f->registry->stacks[number];
	char signature[SIGNATURE_TEXT_SIZE];
	struct stack_row row = {
		.stack = number,
		.signature = signature,
		.allocator = stack->function,
		.truncated = stack->flags & STACK_TRUNCATED,
		.incomplete = stack->flags & STACK_INCOMPLETE,
		.damaged = stack->flags & STACK_DAMAGED,
		.unsampled = stack->flags & STACK_UNSAMPLED,
	};

	collect_stack(f, stack);
	sign_stack(f, stack->function, signature);
	set_owner(f, &row);
	for (uint32_t i = 0; i < f->n_stack; i++) {
		store_stack_frame(f->store, number, i, f->stack[i]);
		row.bottom_up_node = step_into(f, STORE_BOTTOM_UP, row.bottom_up_node,
					       i + 1, f->stack[i]);
	}
	for (uint32_t i = 0; i < f->n_stack; i++)
		row.top_down_node = step_into(f, STORE_TOP_DOWN, row.top_down_node, i + 1,
					      f->stack[f->n_stack - 1 - i]);
	store_stack(f->store, &row);
}

/* All that allocated has a say in what a wrapper is, what is there already, too. */
static void find_owners(struct frames *f, const struct owner_settings *settings)
{
	size_t n_stacks = f->registry->n_stacks;

	f->owners = stack_owners_new(f->store, settings, n_stacks);
	for (size_t i = 1; i <= f->n_frames; i++) {
		const struct known_frame *frame = &f->frames[i];
		const struct registry_module *m = get_module(f, frame->module);

		stack_owners_add_frame(f->owners,
				       &(struct owner_frame){
					       .function = frame->name,
					       .name = f->names.texts[frame->name],
					       .module = frame->module,
					       .module_path = m ? m->path : NULL,
					       .line = frame->line,
				       });
	}
	for (size_t i = 0; i < n_stacks; i++) {
		collect_stack(f, &f->registry->stacks[i]);
		stack_owners_add_stack(f->owners, f->stack, f->n_stack);
	}
	stack_owners_find(f->owners, (const char *const *)f->names.texts,
			  f->names.n_texts);
}

static void rewrite_owner(struct frames *f, uint32_t number)
{
	const struct registry_stack *stack = &f->registry->stacks[number];
	struct stack_row row = {.stack = number, .allocator = stack->function};

	collect_stack(f, stack);
	set_owner(f, &row);
	store_owner(f->store, &row);
}

static void write_names(struct frames *f)
{
	const struct registry *l = f->registry;

	for (size_t i = f->n_modules; i < l->n_modules; i++) {
		const struct registry_module *m = &l->modules[i];
		char build_id[2 * 64 + 1] = "";

		for (size_t k = 0; k < m->build_id_size && k < 64; k++)
			sprintf(build_id + 2 * k, "%02x", m->build_id[k]);
		store_module(f->store, (uint32_t)i + 1, m->path, build_id);
	}
	for (size_t i = f->n_functions; i < l->n_functions; i++)
		store_allocator(f->store, (uint32_t)i + 1, l->functions[i].name,
				l->functions[i].family);
}

void frames_write(struct frames *f, const struct symbol_settings *symbols,
		  const struct owner_settings *owners, uint64_t begun_ns)
{
	f->settings = symbols;
	f->begun_ns = begun_ns;
	write_names(f);
	write_locations(f);
	if (f->n_stacks == 0) { /* of a new database */
		store_node(f->store, STORE_TOP_DOWN, 0, 0, 0, "[all]");
		store_node(f->store, STORE_BOTTOM_UP, 0, 0, 0, "[all]");
	}
	find_owners(f, owners);
	for (size_t i = 0; i < f->n_stacks; i++)
		rewrite_owner(f, (uint32_t)i);
	for (size_t i = f->n_stacks; i < f->registry->n_stacks; i++)
		write_stack(f, (uint32_t)i);
	stack_owners_free(f->owners);
	frames_know_registry(f);
}
