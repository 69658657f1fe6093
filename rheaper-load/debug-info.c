// SPDX-License-Identifier: MIT
/*
 * Two sorted arrays of address ranges: of all units, made at the start from
 * the units themselves (.debug_aranges is missing in what clang makes), and of
 * the functions of a unit, made when an address first falls into it. From the
 * function on, the tree of lexical blocks and inlined calls is walked down.
 * libdw's own dwarf_getscopes walks a unit's whole tree for each address.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "common/cli.h"

#include "rheaper-load/debug-info.h"

#define MAX_TREE_DEPTH 64
#define MAX_OVERLAP 32 /* ranges looked at that begin before the address */

struct range {
	Dwarf_Addr low, high;
	size_t index;
};

struct ranges {
	struct range *items;
	size_t n, n_max;
};

struct unit {
	Dwarf_Die die;   /* has the lines */
	Dwarf_Die scope; /* has the functions: another one with split DWARF */
	bool indexed;
	struct ranges function_ranges;
	Dwarf_Die *functions;
	size_t n_functions, n_functions_max;
};

struct debug_info {
	struct unit *units;
	size_t n_units, n_units_max;
	struct ranges ranges;
	bool out_of_memory;
};

static void add_ranges(struct debug_info *info, struct ranges *ranges, Dwarf_Die *die,
		       size_t index)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t offset = 0;

	while ((offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0) {
		/* Code that the linker dropped is left at 0 or at the very end. */
		if (low == 0 || low >= high || high == UINT64_MAX)
			continue;
		if (array_grow((void **)&ranges->items, &ranges->n_max, ranges->n + 1,
			       sizeof(*ranges->items))) {
			info->out_of_memory = true;
			return;
		}
		ranges->items[ranges->n++] = (struct range){low, high, index};
	}
}

static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return a->high > b->high ? -1 : a->high < b->high;
}

static void sort_ranges(struct ranges *ranges)
{
	if (ranges->n)
		qsort(ranges->items, ranges->n, sizeof(*ranges->items), compare_ranges);
}

/* The innermost range around an address, or NULL. */
static const struct range *find_range(const struct ranges *ranges, Dwarf_Addr address)
{
	size_t low = 0, high = ranges->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->items[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i > 0 && low - i < MAX_OVERLAP; i--) {
		if (address < ranges->items[i - 1].high)
			return &ranges->items[i - 1];
	}
	return NULL;
}

static void add_unit(struct debug_info *info, const Dwarf_Die *die,
		     const Dwarf_Die *scope)
{
	struct unit *unit;

	if (array_grow((void **)&info->units, &info->n_units_max, info->n_units + 1,
		       sizeof(*info->units))) {
		info->out_of_memory = true;
		return;
	}
	unit = &info->units[info->n_units];
	unit->die = *die;
	unit->scope = *scope;
	add_ranges(info, &info->ranges, &unit->die, info->n_units++);
}

struct debug_info *debug_info_new(Dwarf *dwarf)
{
	struct debug_info *info = calloc(1, sizeof(*info));
	Dwarf_CU *cu = NULL;
	Dwarf_Half version;
	uint8_t type;
	Dwarf_Die die, sub;

	if (!info)
		return NULL;
	while (dwarf_get_units(dwarf, cu, &cu, &version, &type, &die, &sub) == 0) {
		if (type == DW_UT_skeleton && dwarf_tag(&sub) != DW_TAG_invalid)
			add_unit(info, &die, &sub);
		else if (type == DW_UT_compile || type == DW_UT_skeleton)
			add_unit(info, &die, &die);
	}
	sort_ranges(&info->ranges);
	if (info->out_of_memory) {
		debug_info_free(info);
		return NULL;
	}
	return info;
}

void debug_info_free(struct debug_info *info)
{
	if (!info)
		return;
	for (size_t i = 0; i < info->n_units; i++) {
		free(info->units[i].functions);
		free(info->units[i].function_ranges.items);
	}
	free(info->units);
	free(info->ranges.items);
	free(info);
}

static bool holds_functions(int tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		return true;
	}
	return false;
}

static void add_function(struct debug_info *info, struct unit *unit, Dwarf_Die *die)
{
	size_t n_before = unit->function_ranges.n;

	add_ranges(info, &unit->function_ranges, die, unit->n_functions);
	if (unit->function_ranges.n == n_before)
		return;
	if (array_grow((void **)&unit->functions, &unit->n_functions_max,
		       unit->n_functions + 1, sizeof(*unit->functions))) {
		info->out_of_memory = true;
		unit->function_ranges.n = n_before;
		return;
	}
	unit->functions[unit->n_functions++] = *die;
}

static void index_functions(struct debug_info *info, struct unit *unit, Dwarf_Die *parent,
			    int depth)
{
	Dwarf_Die die;

	if (depth == MAX_TREE_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_subprogram)
			add_function(info, unit, &die);
		if (holds_functions(tag))
			index_functions(info, unit, &die, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* The child of a scope that has the address: a block or an inlined call. */
static bool inner_scope(Dwarf_Die *scope, Dwarf_Addr address, Dwarf_Die *inner)
{
	if (dwarf_child(scope, inner) != 0)
		return false;
	do {
		int tag = dwarf_tag(inner);

		if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
		     tag == DW_TAG_try_block || tag == DW_TAG_catch_block) &&
		    dwarf_haspc(inner, address) > 0)
			return true;
	} while (dwarf_siblingof(inner, inner) == 0);
	return false;
}

/* The function and the inlined calls in it around an address, outermost first. */
static size_t find_chain(Dwarf_Die *function, Dwarf_Addr address, Dwarf_Die *chain,
			 size_t max)
{
	Dwarf_Die scope = *function, inner;
	size_t n = 0;

	chain[n++] = scope;
	for (int depth = 0; n < max && depth < 4 * MAX_TREE_DEPTH; depth++) {
		if (!inner_scope(&scope, address, &inner))
			break;
		scope = inner;
		if (dwarf_tag(&scope) == DW_TAG_inlined_subroutine)
			chain[n++] = scope;
	}
	return n;
}

static const char *get_string(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;

	if (!dwarf_attr_integrate(die, name, &attribute))
		return NULL;
	return dwarf_formstring(&attribute);
}

static bool get_number(Dwarf_Die *die, unsigned int name, uint64_t *value)
{
	Dwarf_Attribute attribute;
	Dwarf_Word word;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &word) != 0)
		return false;
	*value = word;
	return true;
}

static void set_names(Dwarf_Die *die, struct debug_frame *frame)
{
	frame->linkage_name = get_string(die, DW_AT_linkage_name);
	if (!frame->linkage_name)
		frame->linkage_name = get_string(die, DW_AT_MIPS_linkage_name);
	frame->name = get_string(die, DW_AT_name);
}

/* Where an inlined function was called. */
static void set_call_site(struct unit *unit, Dwarf_Die *inlined,
			  struct debug_frame *frame)
{
	uint64_t file, line;
	Dwarf_Files *files;
	size_t n_files;

	if (get_number(inlined, DW_AT_call_file, &file) &&
	    dwarf_getsrcfiles(&unit->die, &files, &n_files) == 0 && file < n_files)
		frame->file = dwarf_filesrc(files, file, NULL, NULL);
	/* File 0 is the unit's own since DWARF 5, and libdw's dummy before. */
	if (frame->file && strcmp(frame->file, "???") == 0)
		frame->file = NULL;
	if (get_number(inlined, DW_AT_call_line, &line) && line < INT32_MAX)
		frame->line = (int)line;
}

static void set_line(struct unit *unit, Dwarf_Addr address, struct debug_frame *frame)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);

	if (!line)
		return;
	frame->file = dwarf_linesrc(line, NULL, NULL);
	if (dwarf_lineno(line, &frame->line) != 0)
		frame->line = 0;
}

size_t debug_info_find(struct debug_info *info, Dwarf_Addr address,
		       struct debug_frame *frames, size_t max)
{
	const struct range *range = find_range(&info->ranges, address);
	Dwarf_Die chain[MAX_TREE_DEPTH];
	struct unit *unit;
	size_t n = 0;

	if (!range || max == 0)
		return 0;
	unit = &info->units[range->index];
	if (!unit->indexed) {
		index_functions(info, unit, &unit->scope, 0);
		sort_ranges(&unit->function_ranges);
		unit->indexed = true;
	}
	range = find_range(&unit->function_ranges, address);
	if (range)
		n = find_chain(&unit->functions[range->index], address, chain,
			       max < MAX_TREE_DEPTH ? max : MAX_TREE_DEPTH);
	for (size_t i = 0; i < (n ? n : 1); i++) {
		frames[i] = (struct debug_frame){0};
		frames[i].directory = get_string(&unit->die, DW_AT_comp_dir);
		if (n)
			set_names(&chain[n - 1 - i], &frames[i]);
		if (i == 0)
			set_line(unit, address, &frames[i]);
		else
			set_call_site(unit, &chain[n - i], &frames[i]);
	}
	return n ? n : 1;
}
