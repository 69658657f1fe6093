// SPDX-License-Identifier: MIT
/*
 * The symbol table has all variables with their sizes; what it does not have, the source
 * line, comes from the debug information, whose variables are few beside its functions.
 * So all of it is read at once, when a module is first asked for a variable. Where a
 * variable of the debug information has a fixed place, it is that of the symbol.
 *
 * Units, namespaces and functions (for static variables) are looked into; no function of
 * a class, for the variables of these stand outside it, too.
 */
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "common/array.h"

#include "symbols/split-file.h"
#include "symbols/variables.h"

#define MAX_DEPTH 16
#define MAX_OVERLAP 16

struct table {
	struct variable *items;
	size_t n, n_max;
};

struct variables {
	struct table globals, thread_locals; /* by address */
	struct split_file split;
	Dwarf_Addr bias;
	uint64_t tls_begin;
	bool out_of_memory;
};

static uint64_t round_up(uint64_t value, uint64_t alignment)
{
	return alignment > 1 ? (value + alignment - 1) / alignment * alignment : value;
}

/* Where the TLS segment of a program begins, seen from the thread pointer: before it, or,
 * on ARM, behind two words. */
static uint64_t find_tls_begin(Dwfl_Module *module)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);
	GElf_Ehdr header;
	size_t n;

	if (!elf || !gelf_getehdr(elf, &header) || elf_getphdrnum(elf, &n))
		return 0;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_TLS)
			continue;
		if (header.e_machine == EM_AARCH64 || header.e_machine == EM_ARM)
			return round_up(header.e_ident[EI_CLASS] == ELFCLASS64 ? 16 : 8,
					segment.p_align);
		return -round_up(segment.p_memsz, segment.p_align);
	}
	return 0;
}

static void add(struct variables *v, struct table *table, const struct variable *variable)
{
	if (array_grow((void **)&table->items, &table->n_max, table->n + 1,
		       sizeof(*table->items))) {
		v->out_of_memory = true;
		return;
	}
	table->items[table->n++] = *variable;
}

static void add_symbol(struct variables *v, Dwfl_Module *module, int index)
{
	GElf_Sym symbol;
	GElf_Addr address;
	GElf_Word section;
	Elf *elf;
	const char *name = dwfl_module_getsym_info(module, index, &symbol, &address,
						   &section, &elf, NULL);
	int type = GELF_ST_TYPE(symbol.st_info);

	if (!name || !name[0] || section == SHN_UNDEF || section == SHN_ABS ||
	    symbol.st_size == 0)
		return;
	address = split_file_address(&v->split, module, elf, &symbol, address);
	if (type == STT_OBJECT)
		add(v, &v->globals,
		    &(struct variable){name, address, symbol.st_size, NULL, NULL, 0});
	else if (type == STT_TLS)
		add(v, &v->thread_locals,
		    &(struct variable){name, symbol.st_value + v->tls_begin,
				       symbol.st_size, NULL, NULL, 0});
}

/* Of symbols for the same place (aliases) the smallest comes last, and is found. */
static int compare(const void *left, const void *right)
{
	const struct variable *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return strcmp(b->name, a->name);
}

static void sort(struct table *table)
{
	if (table->n)
		qsort(table->items, table->n, sizeof(*table->items), compare);
}

static bool begins_until(const void *variable, const void *address)
{
	return ((const struct variable *)variable)->address <= *(const uint64_t *)address;
}

static struct variable *find(const struct table *table, uint64_t address)
{
	size_t low = array_lower_bound(table->items, table->n, sizeof(*table->items),
				       &address, begins_until);

	for (size_t i = low; i > 0 && low - i < MAX_OVERLAP; i--) {
		struct variable *variable = &table->items[i - 1];

		if (address - variable->address < variable->size)
			return variable;
	}
	return NULL;
}

/* A fixed place: "addr X", or "const X, form a thread's address" (GNU's, or DWARF's). */
static struct variable *find_place(struct variables *v, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t n;

	if (!dwarf_attr(die, DW_AT_location, &attribute) ||
	    dwarf_getlocation(&attribute, &ops, &n))
		return NULL;
	if (n == 1 && ops[0].atom == DW_OP_addr)
		return find(&v->globals, ops[0].number + v->bias);
	if (n == 2 && (ops[1].atom == DW_OP_GNU_push_tls_address ||
		       ops[1].atom == DW_OP_form_tls_address))
		return find(&v->thread_locals, ops[0].number + v->tls_begin);
	return NULL;
}

/* A static variable of a function has a number behind its name in the symbol table. */
static void set_name(struct variable *variable, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	if (name && strncmp(variable->name, "_Z", 2) != 0 &&
	    strncmp(variable->name, "_R", 2) != 0)
		variable->name = name;
}

/* The line is that of the declaration, if the variable is declared elsewhere (of a class,
 * say); file and line are of one entry. */
static void set_line(struct variable *variable, Dwarf_Die *unit, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die other;
	const char *file = dwarf_decl_file(die);

	if (!file && dwarf_attr_integrate(die, DW_AT_decl_file, &attribute) &&
	    dwarf_formref_die(dwarf_attr(die, DW_AT_specification, &attribute), &other)) {
		die = &other;
		file = dwarf_decl_file(die);
	}
	if (!file || dwarf_decl_line(die, &variable->line))
		return;
	variable->file = file;
	if (dwarf_attr(unit, DW_AT_comp_dir, &attribute))
		variable->directory = dwarf_formstring(&attribute);
}

static bool has_variables(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_subprogram ||
	       tag == DW_TAG_lexical_block;
}

/* The entry behind another one: in a file that was made to, it may lead back. */
static bool go_on(Dwarf_Die *die)
{
	Dwarf_Off before = dwarf_dieoffset(die);

	return dwarf_siblingof(die, die) == 0 && dwarf_dieoffset(die) > before;
}

/* Through the tree without recursion; `way` has the entries above. */
static void read_unit(struct variables *v, Dwarf_Die *unit)
{
	Dwarf_Die way[MAX_DEPTH];
	int depth = 0;
	bool is_there = dwarf_child(unit, &way[0]) == 0;

	while (is_there || depth > 0) {
		Dwarf_Die *die = &way[depth];
		struct variable *variable;
		int tag;

		if (!is_there) {
			is_there = go_on(&way[--depth]);
			continue;
		}
		tag = dwarf_tag(die);
		variable = tag == DW_TAG_variable ? find_place(v, die) : NULL;
		if (variable && !variable->file) {
			set_name(variable, die);
			set_line(variable, unit, die);
		}
		if (has_variables(tag) && depth + 1 < MAX_DEPTH &&
		    dwarf_child(die, &way[depth + 1]) == 0)
			depth++;
		else
			is_there = go_on(die);
	}
}

static void read_lines(struct variables *v, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit, split;
	uint8_t type;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &unit, &split) == 0) {
		if (type == DW_UT_skeleton && dwarf_tag(&split) != DW_TAG_invalid)
			read_unit(v, &split);
		else
			read_unit(v, &unit);
	}
}

struct variables *variables_new(Dwfl_Module *module, Dwarf *dwarf, Dwarf_Addr bias)
{
	struct variables *v = calloc(1, sizeof(*v));
	int n = dwfl_module_getsymtab(module);

	if (!v)
		return NULL;
	v->bias = bias;
	v->tls_begin = find_tls_begin(module);
	for (int i = 1; i < n; i++)
		add_symbol(v, module, i);
	sort(&v->globals);
	sort(&v->thread_locals);
	if (dwarf && (v->globals.n || v->thread_locals.n))
		read_lines(v, dwarf);
	if (v->out_of_memory) {
		variables_free(v);
		return NULL;
	}
	return v;
}

void variables_free(struct variables *v)
{
	if (!v)
		return;
	free(v->globals.items);
	free(v->thread_locals.items);
	free(v);
}

const struct variable *variables_find(const struct variables *v, uint64_t address)
{
	return find(&v->globals, address);
}

const struct variable *variables_find_thread_local(const struct variables *v,
						   int64_t distance)
{
	return find(&v->thread_locals, (uint64_t)distance);
}
