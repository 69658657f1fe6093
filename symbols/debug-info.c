// SPDX-License-Identifier: MIT
/*
 * A tree of scopes: the units; the functions of each, wherever it nests them; the lexical
 * blocks and inlined calls of each, and so on. What is in a scope is read when an address
 * first falls into it, and is then sorted by address, so no entry is read twice. libdw's
 * own dwarf_getscopes walks a unit's whole tree for each address. The ranges of the units
 * come from the units: .debug_aranges is missing in what clang makes.
 *
 * Many entries may have one long list of ranges in common. In a file that compilers
 * made each list belongs to one entry, so its size bounds how many ranges are believed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "common/array.h"

#include "symbols/debug-info.h"
#include "symbols/debug-name.h"
#include "symbols/live-lines.h"

#define MAX_TREE_DEPTH 64
#define MAX_SCOPES_DEPTH 256
#define MAX_OVERLAP 32 /* ranges looked at that begin before the address */
#define SPARE_RANGES ((size_t)1 << 20) /* of a file that is compressed */

struct range {
	Dwarf_Addr low, high;
	size_t index;
};

struct ranges {
	struct range *items;
	size_t n, n_max;
};

struct scope {
	Dwarf_Die die;
	bool indexed;        /* what follows is there */
	struct scope *inner; /* functions of a unit; blocks and inlined calls of others */
	size_t n_inner, n_inner_max;
	struct ranges ranges; /* of `inner` */
};

struct unit {
	Dwarf_Die die;      /* has the lines */
	struct scope scope; /* has the functions: another entry with split DWARF */
	bool looked_at_lines;
	struct live_lines *lines; /* instead of libdw's, or NULL */
};

struct debug_info {
	Dwarf *dwarf;
	struct unit *units;
	size_t n_units, n_units_max;
	struct ranges ranges;
	struct debug_names names;
	size_t n_ranges_left, n_lines_left;
	bool out_of_memory;
};

static void add_ranges(struct debug_info *info, struct ranges *ranges, Dwarf_Die *die,
		       size_t index)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t offset = 0;

	while (info->n_ranges_left &&
	       (offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0) {
		info->n_ranges_left--;
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

static bool begins_until(const void *range, const void *address)
{
	return ((const struct range *)range)->low <= *(const Dwarf_Addr *)address;
}

/* The innermost range around an address, or NULL. */
static const struct range *find_range(const struct ranges *ranges, Dwarf_Addr address)
{
	size_t low = array_lower_bound(ranges->items, ranges->n, sizeof(*ranges->items),
				       &address, begins_until);

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
	unit->scope.die = *scope;
	add_ranges(info, &info->ranges, &unit->die, info->n_units++);
}

struct debug_info *debug_info_new(Dwarf *dwarf)
{
	struct debug_info *info = calloc(1, sizeof(*info));
	Dwarf_CU *cu = NULL;
	Dwarf_Half version;
	uint8_t type;
	Dwarf_Die die, sub;
	size_t size = 0;

	if (!info)
		return NULL;
	elf_rawfile(dwarf_getelf(dwarf), &size);
	info->dwarf = dwarf;
	info->n_ranges_left = info->n_lines_left = size + SPARE_RANGES;
	info->names.n_steps_left = size + SPARE_RANGES;
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

static void free_scope(struct scope *scope)
{
	for (size_t i = 0; i < scope->n_inner; i++)
		free_scope(&scope->inner[i]);
	free(scope->inner);
	free(scope->ranges.items);
}

void debug_info_free(struct debug_info *info)
{
	if (!info)
		return;
	for (size_t i = 0; i < info->n_units; i++) {
		free_scope(&info->units[i].scope);
		live_lines_free(info->units[i].lines);
	}
	free(info->units);
	free(info->ranges.items);
	debug_names_fini(&info->names);
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

/* An entry that has code of its own. */
static void add_inner(struct debug_info *info, struct scope *scope, Dwarf_Die *die)
{
	size_t n_before = scope->ranges.n;

	add_ranges(info, &scope->ranges, die, scope->n_inner);
	if (scope->ranges.n == n_before)
		return;
	if (array_grow((void **)&scope->inner, &scope->n_inner_max, scope->n_inner + 1,
		       sizeof(*scope->inner))) {
		info->out_of_memory = true;
		scope->ranges.n = n_before;
		return;
	}
	scope->inner[scope->n_inner++].die = *die;
}

static void index_functions(struct debug_info *info, struct scope *unit,
			    Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;

	if (depth == MAX_TREE_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_subprogram)
			add_inner(info, unit, &die);
		if (holds_functions(tag))
			index_functions(info, unit, &die, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static void index_blocks(struct debug_info *info, struct scope *function)
{
	Dwarf_Die die;

	if (dwarf_child(&function->die, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
		    tag == DW_TAG_try_block || tag == DW_TAG_catch_block)
			add_inner(info, function, &die);
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* The scope in another that has an address, or NULL. */
static struct scope *find_inner(struct debug_info *info, struct scope *scope,
				Dwarf_Addr address, bool is_unit)
{
	const struct range *range;

	if (!scope->indexed) {
		if (is_unit)
			index_functions(info, scope, &scope->die, 0);
		else
			index_blocks(info, scope);
		sort_ranges(&scope->ranges);
		scope->indexed = true;
	}
	range = find_range(&scope->ranges, address);
	return range ? &scope->inner[range->index] : NULL;
}

bool debug_info_function(struct debug_info *info, Dwarf_Addr address, Dwarf_Die *function)
{
	const struct range *range = find_range(&info->ranges, address);
	struct scope *scope = NULL;

	if (range)
		scope = find_inner(info, &info->units[range->index].scope, address, true);
	if (scope)
		*function = scope->die;
	return scope != NULL;
}

/* The function and the inlined calls in it around an address, outermost first. */
static size_t find_chain(struct debug_info *info, struct unit *unit, Dwarf_Addr address,
			 Dwarf_Die **chain, size_t max)
{
	struct scope *scope = find_inner(info, &unit->scope, address, true);
	size_t n = 0;

	for (int depth = 0; scope && n < max && depth < MAX_SCOPES_DEPTH; depth++) {
		if (n == 0 || dwarf_tag(&scope->die) == DW_TAG_inlined_subroutine)
			chain[n++] = &scope->die;
		scope = find_inner(info, scope, address, false);
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

/* The name of an inlined function that has no linkage name, with its parameters, or
 * NULL. */
static const char *full_name(struct debug_info *info, Dwarf_Die *inlined)
{
	Dwarf_Attribute attribute;
	Dwarf_Die function;

	if (dwarf_tag(inlined) != DW_TAG_inlined_subroutine ||
	    !dwarf_attr(inlined, DW_AT_abstract_origin, &attribute) ||
	    !dwarf_formref_die(&attribute, &function))
		return NULL;
	return debug_names_get(&info->names, &function);
}

static void set_names(struct debug_info *info, Dwarf_Die *die, struct debug_frame *frame)
{
	frame->linkage_name = get_string(die, DW_AT_linkage_name);
	if (!frame->linkage_name)
		frame->linkage_name = get_string(die, DW_AT_MIPS_linkage_name);
	if (!frame->linkage_name)
		frame->name = full_name(info, die);
	if (!frame->name)
		frame->name = get_string(die, DW_AT_name);
}

static void set_file(struct unit *unit, uint64_t file, struct debug_frame *frame)
{
	Dwarf_Files *files;
	size_t n_files;

	if (dwarf_getsrcfiles(&unit->die, &files, &n_files) == 0 && file < n_files)
		frame->file = dwarf_filesrc(files, file, NULL, NULL);
	/* File 0 is the unit's own since DWARF 5, and libdw's dummy before. */
	if (frame->file && strcmp(frame->file, "???") == 0)
		frame->file = NULL;
}

/* Where an inlined function was called. */
static void set_call_site(struct unit *unit, Dwarf_Die *inlined,
			  struct debug_frame *frame)
{
	uint64_t file, line;

	if (get_number(inlined, DW_AT_call_file, &file))
		set_file(unit, file, frame);
	if (get_number(inlined, DW_AT_call_line, &line) && line < INT32_MAX)
		frame->line = (int)line;
}

static void look_at_lines(struct debug_info *info, struct unit *unit)
{
	if (!unit->looked_at_lines && live_lines_needed(&unit->die))
		unit->lines =
			live_lines_new(info->dwarf, &unit->die, &info->n_lines_left);
	unit->looked_at_lines = true;
}

static void set_line(struct debug_info *info, struct unit *unit, Dwarf_Addr address,
		     struct debug_frame *frame)
{
	Dwarf_Line *line;
	size_t file;

	look_at_lines(info, unit);
	if (unit->lines) {
		if (live_lines_find(unit->lines, address, &file, &frame->line))
			set_file(unit, file, frame);
		return;
	}
	line = dwarf_getsrc_die(&unit->die, address);
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
	Dwarf_Die *chain[MAX_TREE_DEPTH];
	const char *directory;
	struct unit *unit;
	size_t n;

	if (!range || max == 0)
		return 0;
	unit = &info->units[range->index];
	n = find_chain(info, unit, address, chain,
		       max < MAX_TREE_DEPTH ? max : MAX_TREE_DEPTH);
	directory = get_string(&unit->die, DW_AT_comp_dir);
	for (size_t i = 0; i < (n ? n : 1); i++) {
		frames[i] = (struct debug_frame){.directory = directory};
		if (n)
			set_names(info, chain[n - 1 - i], &frames[i]);
		if (i == 0)
			set_line(info, unit, address, &frames[i]);
		else
			set_call_site(unit, chain[n - i], &frames[i]);
	}
	return n ? n : 1;
}
