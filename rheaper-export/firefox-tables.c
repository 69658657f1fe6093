// SPDX-License-Identifier: MIT
/*
 * Functions, the places in them that were called from, and the tree of calls. A table is
 * an object with an array for each column.
 */
#include <stdlib.h>

#include "common/array.h"
#include "common/cli.h"

#include "rheaper-export/firefox-parts.h"

void firefox_reserve(void **array, size_t *n_max, size_t n, size_t size)
{
	if (array_grow(array, n_max, n, size))
		die("write the profile: out of memory");
}

void firefox_column(struct firefox *f, const char *name, size_t n, firefox_put_fn *put)
{
	json_key(&f->json, name);
	json_begin_array(&f->json);
	for (size_t i = 0; i < n; i++)
		put(f, i);
	json_end_array(&f->json);
}

void firefox_same(struct firefox *f, const char *name, size_t n, const char *value)
{
	json_key(&f->json, name);
	json_begin_array(&f->json);
	for (size_t i = 0; i < n; i++)
		json_number(&f->json, value);
	json_end_array(&f->json);
}

void firefox_begin_table(struct firefox *f, const char *name, size_t n)
{
	json_key(&f->json, name);
	json_begin_object(&f->json);
	json_put_integer(&f->json, "length", (int64_t)n);
}

static void put_index(struct firefox *f, size_t i)
{
	json_integer(&f->json, (int64_t)i);
}

static void add_place(void *context, const struct profile_place *place)
{
	struct firefox *f = context;
	uint32_t lib = numbers_find(&f->libs, place->module);

	firefox_reserve((void **)&f->places, &f->n_places_max, f->n_places + 1,
			sizeof(*f->places));
	if ((size_t)place->number > f->n_functions) {
		firefox_reserve((void **)&f->functions, &f->n_functions_max,
				f->n_functions + 1, sizeof(*f->functions));
		f->functions[f->n_functions++] = (struct function){
			place->file != NULL, lib == NUMBERS_NONE ? -1 : (int64_t)lib};
	}
	numbers_put(&f->frames, place->frame, (uint32_t)f->n_places);
	f->places[f->n_places++] = (struct place){(uint32_t)f->n_functions - 1,
						  place->line, place->inline_depth};
}

static void put_file(struct firefox *f, size_t i)
{
	if (f->functions[i].has_file)
		json_integer(&f->json, (int64_t)(f->n_functions + i));
	else
		json_null(&f->json);
}

static void put_resource(struct firefox *f, size_t i)
{
	json_integer(&f->json, f->functions[i].module);
}

static void put_functions(struct firefox *f)
{
	size_t n = f->n_functions;

	firefox_begin_table(f, "funcTable", n);
	firefox_column(f, "name", n, put_index);
	firefox_column(f, "fileName", n, put_file);
	firefox_column(f, "resource", n, put_resource);
	firefox_same(f, "isJS", n, "false");
	firefox_same(f, "relevantForJS", n, "false");
	firefox_same(f, "lineNumber", n, "null");
	firefox_same(f, "columnNumber", n, "null");
	json_end_object(&f->json);
}

static void put_function(struct firefox *f, size_t i)
{
	json_integer(&f->json, f->places[i].function);
}

static void put_line(struct firefox *f, size_t i)
{
	if (f->places[i].line > 0)
		json_integer(&f->json, f->places[i].line);
	else
		json_null(&f->json);
}

static void put_inline_depth(struct firefox *f, size_t i)
{
	json_integer(&f->json, f->places[i].inline_depth);
}

static void put_places(struct firefox *f)
{
	size_t n = f->n_places;

	firefox_begin_table(f, "frameTable", n);
	firefox_column(f, "func", n, put_function);
	firefox_column(f, "line", n, put_line);
	firefox_column(f, "inlineDepth", n, put_inline_depth);
	firefox_same(f, "address", n, "-1");
	firefox_same(f, "category", n, "0");
	firefox_same(f, "subcategory", n, "0");
	firefox_same(f, "nativeSymbol", n, "null");
	firefox_same(f, "innerWindowID", n, "0");
	firefox_same(f, "implementation", n, "null");
	firefox_same(f, "column", n, "null");
	json_end_object(&f->json);
}

static void put_lib_name(struct firefox *f, size_t i)
{
	json_integer(&f->json, (int64_t)(2 * f->n_functions + i));
}

static void put_resources(struct firefox *f)
{
	size_t n = f->libs.n;

	firefox_begin_table(f, "resourceTable", n);
	firefox_column(f, "lib", n, put_index);
	firefox_column(f, "name", n, put_lib_name);
	firefox_same(f, "host", n, "null");
	firefox_same(f, "type", n, "1"); /* a library */
	json_end_object(&f->json);
	firefox_begin_table(f, "nativeSymbols", 0);
	for (size_t i = 0; i < 4; i++)
		firefox_same(f,
			     (const char *const[]){"libIndex", "address", "name",
						   "functionSize"}[i],
			     0, "0");
	json_end_object(&f->json);
}

static void begin_stack(void *context, const struct profile_stack *stack)
{
	(void)stack;
	((struct firefox *)context)->call = 0;
}

static void add_frame(void *context, const struct profile_frame *frame)
{
	struct firefox *f = context;

	f->call = calls_child(&f->calls, f->call, numbers_find(&f->frames, frame->frame));
}

static void end_stack(void *context, const struct profile_stack *stack)
{
	struct firefox *f = context;

	numbers_put(&f->stacks, stack->stack, f->call);
}

static void put_prefix(struct firefox *f, size_t i)
{
	uint32_t parent = f->calls.nodes[i + 1].parent;

	if (parent)
		json_integer(&f->json, parent - 1);
	else
		json_null(&f->json);
}

static void put_frame(struct firefox *f, size_t i)
{
	json_integer(&f->json, f->calls.nodes[i + 1].frame);
}

static void put_calls(struct firefox *f)
{
	size_t n = f->calls.n_nodes ? f->calls.n_nodes - 1 : 0;

	firefox_begin_table(f, "stackTable", n);
	firefox_column(f, "prefix", n, put_prefix);
	firefox_column(f, "frame", n, put_frame);
	firefox_same(f, "category", n, "0");
	firefox_same(f, "subcategory", n, "0");
	json_end_object(&f->json);
}

void firefox_read_stacks(struct firefox *f)
{
	struct profile_visitor visitor = {
		.stack = begin_stack,
		.frame = add_frame,
		.end = end_stack,
		.context = f,
		.outermost_first = true,
	};

	profile_each_place(f->profile, true, add_place, f);
	profile_each_stack(f->profile, &visitor);
	visitor.freed = true;
	profile_each_stack(f->profile, &visitor);
}

void firefox_put_stacks(struct firefox *f)
{
	put_functions(f);
	put_places(f);
	put_resources(f);
	put_calls(f);
}
