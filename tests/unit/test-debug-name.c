// SPDX-License-Identifier: MIT
/* The debug information is that of named.cpp, as g++ makes it. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dwarf.h>
#include <elfutils/libdw.h>

#include "symbols/debug-name.h"

#define ENOUGH 10000
#define MOST_REFERENCES 64

static const char *path; /* of the object */

/* Its bytes, which may be changed. */
struct object {
	char *bytes;
	Elf *elf;
	Dwarf *dwarf;
};

static void open_object(struct object *o)
{
	FILE *in = fopen(path, "re");
	long size;

	assert_non_null(in);
	assert_int_equal(fseek(in, 0, SEEK_END), 0);
	size = ftell(in);
	rewind(in);
	o->bytes = malloc((size_t)size);
	assert_int_equal(fread(o->bytes, 1, (size_t)size, in), size);
	fclose(in);
	elf_version(EV_CURRENT);
	o->elf = elf_memory(o->bytes, (size_t)size);
	o->dwarf = dwarf_begin_elf(o->elf, DWARF_C_READ, NULL);
	assert_non_null(o->dwarf);
}

static void close_object(struct object *o)
{
	dwarf_end(o->dwarf);
	elf_end(o->elf);
	free(o->bytes);
}

/* The definition of a function: an entry of that name, or that specifies one. */
static bool find_in(Dwarf_Die *around, const char *name, Dwarf_Die *found)
{
	Dwarf_Die die;

	if (dwarf_child(around, &die) != 0)
		return false;
	do {
		const char *own = dwarf_diename(&die);

		if (dwarf_tag(&die) == DW_TAG_subprogram && own &&
		    strcmp(own, name) == 0 && dwarf_hasattr(&die, DW_AT_low_pc)) {
			*found = die;
			return true;
		}
		if (find_in(&die, name, found))
			return true;
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

static Dwarf_Die find_function(const struct object *o, const char *name)
{
	Dwarf_Off offset = 0, next;
	Dwarf_Die unit, found;
	size_t header;

	while (dwarf_nextcu(o->dwarf, offset, &next, &header, NULL, NULL, NULL) == 0) {
		assert_non_null(dwarf_offdie(o->dwarf, offset + header, &unit));
		if (find_in(&unit, name, &found))
			return found;
		offset = next;
	}
	fail_msg("no function %s in %s", name, path);
	return found;
}

/* Whether the name is the expected one; else there must be none. */
static bool has_name(Dwarf_Die *function, size_t n_steps, const char *expected)
{
	struct debug_names names = {.n_steps_left = n_steps};
	const char *name = debug_names_get(&names, function);
	bool has = name != NULL;

	if (has)
		assert_string_equal(name, expected);
	assert_ptr_equal(debug_names_get(&names, function), name);
	debug_names_fini(&names);
	return has;
}

static const char copy_name[] =
	"outer::(anonymous namespace)::copy(outer::Node const* const*, unsigned long, "
	"char*, outer::inner::Tree&)";

static void names_are_as_demanglers_write_them(void **state)
{
	struct object o;
	Dwarf_Die function;

	(void)state;
	open_object(&o);
	function = find_function(&o, "copy");
	assert_true(has_name(&function, ENOUGH, copy_name));
	function = find_function(&o, "find"); /* other files see it: it has a linkage
						 name */
	assert_false(has_name(&function, ENOUGH, ""));
	close_object(&o);
}

/* Wherever the steps end, there is no part of a name. */
static void a_name_is_whole_or_not_there(void **state)
{
	struct object o;
	Dwarf_Die function;
	size_t n = 0;

	(void)state;
	open_object(&o);
	function = find_function(&o, "copy");
	while (n < ENOUGH && !has_name(&function, n, copy_name))
		n++;
	assert_true(n >= 10 && n < ENOUGH);
	for (size_t i = n; i < n + 10; i++)
		assert_true(has_name(&function, i, copy_name));
	close_object(&o);
}

static size_t n_references;
static unsigned char *references[MOST_REFERENCES];

static int take_reference(Dwarf_Attribute *attribute, void *none)
{
	(void)none;
	if (dwarf_whatattr(attribute) != DW_AT_sibling &&
	    dwarf_whatform(attribute) == DW_FORM_ref4 && n_references < MOST_REFERENCES)
		references[n_references++] = (unsigned char *)(uintptr_t)attribute->valp;
	return DWARF_CB_OK;
}

static void take_references(Dwarf_Die *die)
{
	Dwarf_Die child;

	assert_int_equal(dwarf_getattrs(die, take_reference, NULL, 0), 1);
	if (dwarf_child(die, &child) != 0)
		return;
	do {
		take_references(&child);
	} while (dwarf_siblingof(&child, &child) == 0);
}

/* The declaration and the types of parameters, each of which leads out of the unit once.
 */
static void a_reference_to_nowhere_makes_no_name(void **state)
{
	struct object o;
	Dwarf_Die function;
	size_t n_unnamed = 0;

	(void)state;
	open_object(&o);
	function = find_function(&o, "copy");
	take_references(&function);
	assert_true(n_references >= 4 && n_references <= MOST_REFERENCES);
	for (size_t i = 0; i < n_references; i++) {
		unsigned char before[4];

		memcpy(before, references[i], sizeof(before));
		memset(references[i], 0xff, sizeof(before));
		n_unnamed += !has_name(&function, ENOUGH, copy_name);
		memcpy(references[i], before, sizeof(before));
	}
	/* Its result does not count */
	assert_true(n_unnamed >= 4 && n_unnamed <= n_references);
	assert_true(has_name(&function, ENOUGH, copy_name));
	close_object(&o);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_as_demanglers_write_them),
		cmocka_unit_test(a_name_is_whole_or_not_there),
		cmocka_unit_test(a_reference_to_nowhere_makes_no_name),
	};

	if (argc != 2)
		return 2;
	path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
