// SPDX-License-Identifier: MIT
/*
 * A type is written from its end to its begin: "const" and "*" stand behind what they
 * belong to, so they are put before what is there already. What is left at last has a
 * name.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "common/array.h"
#include "symbols/name-parts.h"

#include "symbols/debug-name.h"

#define MAX_NAME 1024
#define MAX_DEPTH 16
#define MAX_SIGNS 128 /* bytes of "const*&" */

struct text {
	char *at;
	size_t left;
	size_t *n_steps_left; /* from one entry to the next */
};

static bool put(struct text *text, const char *piece)
{
	size_t n = strlen(piece);

	if (n >= text->left)
		return false;
	memcpy(text->at, piece, n + 1);
	text->at += n;
	text->left -= n;
	return true;
}

/* gcc's names of some types are not those of demanglers; NULL: not known. */
static const char *base_type(const char *name)
{
	static const char *const types[][2] = {
		{"bool", "bool"},
		{"char", "char"},
		{"signed char", "signed char"},
		{"unsigned char", "unsigned char"},
		{"wchar_t", "wchar_t"},
		{"char8_t", "char8_t"},
		{"char16_t", "char16_t"},
		{"char32_t", "char32_t"},
		{"short int", "short"},
		{"short unsigned int", "unsigned short"},
		{"int", "int"},
		{"unsigned int", "unsigned int"},
		{"long int", "long"},
		{"long unsigned int", "unsigned long"},
		{"long long int", "long long"},
		{"long long unsigned int", "unsigned long long"},
		{"__int128", "__int128"},
		{"__int128 unsigned", "unsigned __int128"},
		{"float", "float"},
		{"double", "double"},
		{"long double", "long double"},
	};

	for (size_t i = 0; name && i < sizeof(types) / sizeof(*types); i++) {
		if (strcmp(types[i][0], name) == 0)
			return types[i][1];
	}
	return NULL;
}

/* Classes of namespace std that linkage names abbreviate. */
static const char *const abbreviated[][2] = {
	{"basic_istream<char, std::char_traits<char> >", "istream"},
	{"basic_ostream<char, std::char_traits<char> >", "ostream"},
	{"basic_iostream<char, std::char_traits<char> >", "iostream"},
	{"basic_string<char, std::char_traits<char>, std::allocator<char> >", "string"},
};

static const char *abbreviation(const char *name)
{
	for (size_t i = 0; i < sizeof(abbreviated) / sizeof(*abbreviated); i++) {
		if (strcmp(abbreviated[i][0], name) == 0)
			return abbreviated[i][1];
	}
	return name;
}

/* Whether all compilers write a class's name so: among the arguments of its templates are
 * no values, no types with a space, and none that may be abbreviated. */
static bool is_common(const char *name)
{
	char before = '<';

	if (strstr(name, "std::basic_") || strstr(name, "nullptr"))
		return false;
	for (; *name; before = *name++) {
		bool begins = before == '<' || before == ' ';

		if (strchr("({\"'-.", *name) || (begins && isdigit((unsigned char)*name)))
			return false;
		if (*name == ' ' && before != ',' && before != '>')
			return false;
	}
	return true;
}

/* Where an attribute points to. An entry that cannot be found is left as it is; libdw
 * leaves it without a unit, which its functions need. */
static bool follow(Dwarf_Attribute *attribute, Dwarf_Die *to)
{
	Dwarf_Die found;

	if (!dwarf_formref_die(attribute, &found))
		return false;
	*to = found;
	return true;
}

static bool get_type(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_attr_integrate(die, DW_AT_type, &attribute) &&
	       follow(&attribute, type);
}

static bool has_flag(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	bool flag = false;

	return dwarf_attr_integrate(die, name, &attribute) &&
	       dwarf_formflag(&attribute, &flag) == 0 && flag;
}

static bool is_class(int tag)
{
	return tag == DW_TAG_class_type || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_union_type;
}

static bool put_class(struct text *text, const char *name, bool is_of_std)
{
	return name && is_common(name) &&
	       put(text, is_of_std ? abbreviation(name) : name);
}

/* The entry behind another one. What many entries share, many may walk through, so all
 * steps in a file are bounded. */
static bool step(struct text *text, Dwarf_Die *die)
{
	if (*text->n_steps_left == 0)
		return false;
	--*text->n_steps_left;
	return dwarf_siblingof(die, die) == 0;
}

/*
 * Finds what is around an entry, from the unit inwards; -1: it is too deep, or not there.
 * Entries follow each other, so it is in the last one that begins before it.
 */
static int find_scopes(struct text *text, Dwarf_Die *die, Dwarf_Die scopes[MAX_DEPTH])
{
	Dwarf_Die around, next;

	if (!dwarf_diecu(die, &around, NULL, NULL))
		return -1;
	for (int n = 0; n < MAX_DEPTH; n++) {
		if (dwarf_child(&around, &next) != 0 || next.addr > die->addr)
			return -1;
		do {
			if (next.addr <= around.addr)
				return -1;
			around = next;
		} while (step(text, &next) && next.addr <= die->addr);
		if (around.addr == die->addr)
			return n;
		scopes[n] = around;
	}
	return -1;
}

/* The namespaces and classes around a function or type; and whether that is namespace std
 * alone. */
static bool put_scopes(struct text *text, Dwarf_Die *die, bool *is_std)
{
	Dwarf_Die scopes[MAX_DEPTH];
	int n = find_scopes(text, die, scopes);
	bool ok = n >= 0;

	*is_std = false;
	for (int i = 0; ok && i < n; i++) {
		const char *name = dwarf_diename(&scopes[i]);
		int tag = dwarf_tag(&scopes[i]);

		if (tag == DW_TAG_namespace)
			ok = put(text, name ? name : "(anonymous namespace)");
		else
			ok = is_class(tag) && put_class(text, name, *is_std);
		ok = ok && put(text, "::");
		*is_std = i == 0 && name && strcmp(name, "std") == 0;
	}
	return ok;
}

static bool put_named(struct text *text, Dwarf_Die *type)
{
	bool is_of_std;

	return put_scopes(text, type, &is_of_std) &&
	       put_class(text, dwarf_diename(type), is_of_std);
}

/* Typedefs are other names of a type; qualifiers of a parameter itself are no part of
 * its function's type. */
static bool strip(Dwarf_Die *type, bool qualifiers_too)
{
	for (int i = 0; i < MAX_DEPTH; i++) {
		int tag = dwarf_tag(type);

		if (tag != DW_TAG_typedef &&
		    !(qualifiers_too &&
		      (tag == DW_TAG_const_type || tag == DW_TAG_volatile_type)))
			return true;
		if (!get_type(type, type))
			return false;
	}
	return false;
}

static const char *sign_of(int tag)
{
	switch (tag) {
	case DW_TAG_const_type:
		return " const";
	case DW_TAG_volatile_type:
		return " volatile";
	case DW_TAG_pointer_type:
		return "*";
	case DW_TAG_reference_type:
		return "&";
	case DW_TAG_rvalue_reference_type:
		return "&&";
	}
	return NULL;
}

static bool put_type(struct text *text, Dwarf_Die *type)
{
	char signs[MAX_SIGNS], *begin = signs + sizeof(signs) - 1;
	const char *name = NULL;
	int tag = DW_TAG_invalid;

	*begin = 0;
	for (int i = 0; i < MAX_DEPTH && strip(type, false); i++) {
		const char *sign = sign_of(tag = dwarf_tag(type));
		size_t n = sign ? strlen(sign) : 0;

		if (!sign)
			break;
		if ((size_t)(begin - signs) < n)
			return false;
		begin -= n;
		memcpy(begin, sign, n);
		if (!get_type(type, type)) {
			name = "void";
			break;
		}
	}
	if (!name && tag == DW_TAG_base_type)
		name = base_type(dwarf_diename(type));
	if (name)
		return put(text, name) && put(text, begin);
	return (is_class(tag) || tag == DW_TAG_enumeration_type) &&
	       put_named(text, type) && put(text, begin);
}

static bool put_parameter(struct text *text, Dwarf_Die *parameter)
{
	Dwarf_Die type;

	if (dwarf_tag(parameter) == DW_TAG_unspecified_parameters)
		return put(text, "...");
	return get_type(parameter, &type) && strip(&type, true) && put_type(text, &type);
}

/* Those that the compiler adds, as "this", are no part of a name. */
static bool put_parameters(struct text *text, Dwarf_Die *function)
{
	const char *between = "";
	Dwarf_Die die;

	if (dwarf_child(function, &die) != 0)
		return true;
	do {
		int tag = dwarf_tag(&die);

		if ((tag != DW_TAG_formal_parameter &&
		     tag != DW_TAG_unspecified_parameters) ||
		    has_flag(&die, DW_AT_artificial))
			continue;
		if (!put(text, between) || !put_parameter(text, &die))
			return false;
		between = ", ";
	} while (step(text, &die));
	return *text->n_steps_left > 0; /* else there may be more */
}

/* What stands behind the parameters of a member: of what "this" points to, and of what it
 * may be called. */
static bool put_qualifiers(struct text *text, Dwarf_Die *function, Dwarf_Die *declaration)
{
	Dwarf_Attribute attribute;
	Dwarf_Die self, type;
	bool is_const = false, is_volatile = false;

	if (!dwarf_attr_integrate(function, DW_AT_object_pointer, &attribute))
		return true;
	if (!follow(&attribute, &self) || !get_type(&self, &type) ||
	    !strip(&type, true) || dwarf_tag(&type) != DW_TAG_pointer_type ||
	    !get_type(&type, &type))
		return false;
	for (int i = 0; i < 2; i++) {
		bool has_const = dwarf_tag(&type) == DW_TAG_const_type;
		bool has_volatile = dwarf_tag(&type) == DW_TAG_volatile_type;

		is_const |= has_const;
		is_volatile |= has_volatile;
		if ((has_const || has_volatile) && !get_type(&type, &type))
			break;
	}
	if ((is_const && !put(text, " const")) ||
	    (is_volatile && !put(text, " volatile")))
		return false;
	if (has_flag(declaration, DW_AT_reference))
		return put(text, " &");
	return !has_flag(declaration, DW_AT_rvalue_reference) || put(text, " &&");
}

static bool is_cplusplus(Dwarf_Die *unit)
{
	enum {
		CPLUSPLUS_17 = 0x2b,
		CPLUSPLUS_20,
		CPLUSPLUS_23 = 0x3a
	}; /* after 2017 */

	switch (dwarf_srclang(unit)) {
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
	case CPLUSPLUS_17:
	case CPLUSPLUS_20:
	case CPLUSPLUS_23:
		return true;
	}
	return false;
}

/* With -g1 there are functions, but neither types nor parameters. */
static bool has_types(struct text *text, Dwarf_Die *unit)
{
	Dwarf_Die die;

	if (dwarf_child(unit, &die) != 0)
		return false;
	do {
		if (dwarf_tag(&die) == DW_TAG_base_type)
			return true;
	} while (step(text, &die));
	return false;
}

/* The entry in the namespace or class of the function, where that is another one. */
static Dwarf_Die declaration_of(Dwarf_Die *function)
{
	Dwarf_Attribute attribute;
	Dwarf_Die entry = *function;

	for (int i = 0; i < MAX_DEPTH; i++) {
		if (!dwarf_attr(&entry, DW_AT_specification, &attribute) &&
		    !dwarf_attr(&entry, DW_AT_abstract_origin, &attribute))
			break;
		if (!follow(&attribute, &entry))
			break;
	}
	return entry;
}

/* Not that of a template, which has its arguments, and not of a conversion: compilers
 * write its type in several ways. */
static bool is_plain(const char *name)
{
	size_t n = name_operator_length(name);

	return !strchr(name + n, '<') &&
	       (n == 0 || (name[n] != ' ' && !isalnum((unsigned char)name[n])));
}

static bool write_name(Dwarf_Die *function, char *text, size_t size, size_t *n_steps_left)
{
	struct text out = {text, size, n_steps_left};
	const char *name = dwarf_diename(function);
	Dwarf_Die declaration = declaration_of(function), unit;
	bool is_of_std;

	return name && is_plain(name) && !has_flag(function, DW_AT_external) &&
	       dwarf_diecu(function, &unit, NULL, NULL) && is_cplusplus(&unit) &&
	       has_types(&out, &unit) && put_scopes(&out, &declaration, &is_of_std) &&
	       put(&out, name) && put(&out, "(") && put_parameters(&out, function) &&
	       put(&out, ")") && put_qualifiers(&out, function, &declaration);
}

const char *debug_names_get(struct debug_names *names, Dwarf_Die *function)
{
	uint64_t key = (uintptr_t)function->addr;
	uint32_t number = map_get(&names->numbers, key);
	char text[MAX_NAME];

	if (number != MAP_NONE)
		return names->texts[number];
	number = (uint32_t)names->n_texts;
	if (array_grow((void **)&names->texts, &names->n_texts_max, names->n_texts + 1,
		       sizeof(*names->texts)) ||
	    map_put(&names->numbers, key, number))
		return NULL;
	if (write_name(function, text, sizeof(text), &names->n_steps_left))
		names->texts[number] = strdup(text);
	return names->texts[names->n_texts++];
}

void debug_names_fini(struct debug_names *names)
{
	for (size_t i = 0; i < names->n_texts; i++)
		free(names->texts[i]);
	free(names->texts);
	map_fini(&names->numbers);
}
