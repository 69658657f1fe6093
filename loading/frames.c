// SPDX-License-Identifier: MIT
/*
 * places.c asks for one module at a time, each once, whatever number of traces used it:
 * so one is open. Places are frames, whose names have numbers: a stack becomes a path in
 * the call trees without its texts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/owner.h"
#include "analysis/places.h"
#include "analysis/registry.h"
#include "analysis/tree.h"
#include "common/array.h"
#include "common/cli.h"
#include "common/path.h"
#include "common/text.h"
#include "database/store.h"
#include "database/terms.h"
#include "loading/signer.h"
#include "loading/stack-owners.h"
#include "symbols/signature.h"
#include "symbols/symbol-files.h"
#include "symbols/symbolize.h"

#include "loading/frames.h"

#define MAX_NUMBER 21 /* digits of a frame's number, and a comma */

struct frames {
	struct registry *registry;
	struct store *store;
	size_t n_modules, n_functions, n_stacks; /* that are written */
	struct places places;
	struct tree top_down, bottom_up;
	struct signer signer;
	char *text; /* frames of a stack */
	size_t n_text_max;
	uint32_t module;                        /* whose symbols are open */
	struct symbols *symbols;                /* NULL: there are none */
	const struct symbol_settings *settings; /* NULL: no symbols are wanted */
	uint64_t begun_ns;                      /* when the first process began */
	struct stack_owners *owners;            /* while stacks are written */
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
	places_init(&f->places, registry);
	return f;
}

void frames_free(struct frames *f)
{
	places_fini(&f->places);
	tree_fini(&f->top_down);
	tree_fini(&f->bottom_up);
	signer_fini(&f->signer);
	free(f->text);
	free(f);
}

void frames_know_frame(struct frames *f, const struct frame_row *frame, const char *sym)
{
	struct place place = {
		.module = (uint32_t)frame->module,
		.inferred = frame->inferred,
		.line = frame->line,
		.file = PLACE_NO_FILE,
	};

	if (places_know(&f->places, &place, sym))
		die_of_memory();
}

void frames_know_inferred(struct frames *f, const struct inferred_pair *pair,
			  const int64_t *frames, size_t n)
{
	const int64_t *known;

	if (inferred_get(&f->places.inferred, pair, &known) == 0 &&
	    inferred_put(&f->places.inferred, pair, frames, n))
		die_of_memory();
}

static uint32_t know_node(struct frames *f, struct tree *tree, uint32_t parent,
			  int64_t frame)
{
	uint32_t node = tree_child(tree, parent, f->places.places[frame].function);

	if (node == MAP_NONE)
		die_of_memory();
	return node;
}

uint32_t frames_know_top_down(struct frames *f, uint32_t parent, int64_t frame)
{
	return know_node(f, &f->top_down, parent, frame);
}

uint32_t frames_know_bottom_up(struct frames *f, uint32_t parent, int64_t frame)
{
	return know_node(f, &f->bottom_up, parent, frame);
}

void frames_know_registry(struct frames *f)
{
	f->n_modules = f->registry->n_modules;
	f->n_functions = f->registry->n_functions;
	f->n_stacks = f->registry->n_stacks;
	places_know_registry(&f->places);
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
	enum module_symbols state;
	int problem;

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
	state = terms[problem];
	if (problem == 0 && symbols_are_unreadable(f->symbols))
		state = MODULE_UNREADABLE;
	if (problem == 0 && is_newer(f, m)) {
		state = MODULE_NEWER;
		warn("read symbols of %s: it has no build-id, and was written after the "
		     "trace was begun; its names and lines may be wrong; link with "
		     "-Wl,--build-id",
		     m->path);
	}
	store_module_symbols(f->store, number, module_symbols_names[state]);
}

static int open_for_places(void *context, uint32_t module, struct symbols **symbols)
{
	struct frames *f = context;

	open_module(f, module);
	*symbols = f->symbols;
	return 0;
}

static const char *get_sym(const struct frames *f, int64_t frame)
{
	return f->places.functions.texts[f->places.places[frame].function];
}

static void write_frame(struct frames *f, size_t number)
{
	const struct place *p = &f->places.places[number];
	struct frame_row frame = {
		.frame = (int64_t)number,
		.address = (int64_t)p->address,
		.exact = p->exact,
		.module = p->module,
		.inline_depth = p->inline_depth,
		.inferred = p->inferred,
		.function = get_sym(f, (int64_t)number),
		.file = p->file == PLACE_NO_FILE ? NULL : f->places.files.texts[p->file],
		.line = p->line,
	};

	store_frame(f->store, &frame);
}

static void write_locations(struct frames *f)
{
	size_t n_known = f->places.n;

	if (places_look_up(&f->places, open_for_places, f))
		die_of_memory();
	symbols_close(f->symbols);
	f->symbols = NULL;
	f->module = 0;
	for (size_t i = n_known + 1; i <= f->places.n; i++)
		write_frame(f, i);
}

/* The frames of a stack, innermost first, into f->places.stack. */
static void collect_stack(struct frames *f, const struct registry_stack *stack)
{
	if (places_collect(&f->places, stack))
		die_of_memory();
}

static const char *get_allocator(const struct frames *f, uint32_t function)
{
	return function ? f->registry->functions[function - 1].name : NULL;
}

/* The numbers of the frames of the stack in hand, as JSON. */
static const char *format_frames(struct frames *f)
{
	size_t n = 0;

	if (array_grow((void **)&f->text, &f->n_text_max,
		       f->places.n_stack * MAX_NUMBER + 3, 1))
		die_of_memory();
	f->text[n++] = '[';
	for (size_t i = 0; i < f->places.n_stack; i++) {
		char digits[MAX_NUMBER];
		size_t first = sizeof(digits);
		uint64_t number = (uint64_t)f->places.stack[i];

		do
			digits[--first] = (char)('0' + number % 10);
		while (number /= 10);
		if (i > 0)
			f->text[n++] = ',';
		memcpy(f->text + n, digits + first, sizeof(digits) - first);
		n += sizeof(digits) - first;
	}
	f->text[n++] = ']';
	f->text[n] = 0;
	return f->text;
}

/* One step into a tree; a node that is new is written. */
static uint32_t step_into(struct frames *f, enum store_tree which, int64_t parent,
			  uint32_t depth, int64_t frame)
{
	struct tree *tree = which == STORE_TOP_DOWN ? &f->top_down : &f->bottom_up;
	uint32_t n_nodes = tree->n_nodes;
	uint32_t node =
		tree_child(tree, (uint32_t)parent, f->places.places[frame].function);

	if (node == MAP_NONE)
		die_of_memory();
	if (node > n_nodes)
		store_node(f->store, which, node, (uint32_t)parent, depth, frame);
	return node;
}

/* Of the stack in hand. */
static void set_owner(struct frames *f, struct stack_row *row)
{
	row->depth = (int64_t)f->places.n_stack;
	stack_owners_set(f->owners, get_allocator(f, (uint32_t)row->allocator),
			 f->places.stack, (const char *const *)f->places.functions.texts,
			 row);
	row->owner_frame = row->depth ? f->places.stack[row->owner_frame_no] : 0;
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
	if (signer_sign(&f->signer, &f->places, get_allocator(f, stack->function),
			signature))
		die_of_memory();
	row.first_frame = f->places.n_stack ? f->places.stack[0] : 0;
	row.frames = format_frames(f);
	set_owner(f, &row);
	for (uint32_t i = 0; i < f->places.n_stack; i++)
		row.bottom_up_node = step_into(f, STORE_BOTTOM_UP, row.bottom_up_node,
					       i + 1, f->places.stack[i]);
	for (uint32_t i = 0; i < f->places.n_stack; i++)
		row.top_down_node = step_into(f, STORE_TOP_DOWN, row.top_down_node, i + 1,
					      f->places.stack[f->places.n_stack - 1 - i]);
	store_stack(f->store, &row);
}

/* All that allocated has a say in what a wrapper is, what is there already, too. */
static void find_owners(struct frames *f, const struct owner_settings *settings)
{
	size_t n_stacks = f->registry->n_stacks;

	f->owners = stack_owners_new(f->store, settings, n_stacks);
	for (size_t i = 1; i <= f->places.n; i++) {
		const struct place *frame = &f->places.places[i];
		const struct registry_module *m = get_module(f, frame->module);

		stack_owners_add_frame(
			f->owners,
			&(struct owner_frame){
				.function = frame->function,
				.name = f->places.functions.texts[frame->function],
				.module = frame->module,
				.module_path = m ? m->path : NULL,
				.line = frame->line,
			});
	}
	for (size_t i = 0; i < n_stacks; i++) {
		collect_stack(f, &f->registry->stacks[i]);
		stack_owners_add_stack(f->owners, f->places.stack, f->places.n_stack);
	}
	stack_owners_find(f->owners, (const char *const *)f->places.functions.texts,
			  f->places.functions.n_texts);
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
		store_node(f->store, STORE_TOP_DOWN, 0, 0, 0, 0);
		store_node(f->store, STORE_BOTTOM_UP, 0, 0, 0, 0);
	}
	find_owners(f, owners);
	for (size_t i = 0; i < f->n_stacks; i++)
		rewrite_owner(f, (uint32_t)i);
	for (size_t i = f->n_stacks; i < f->registry->n_stacks; i++)
		write_stack(f, (uint32_t)i);
	stack_owners_free(f->owners);
	frames_know_registry(f);
}
