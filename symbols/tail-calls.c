// SPDX-License-Identifier: MIT
/*
 * As GDB does it: the call says which function it calls. If another one was entered, that
 * one, or one that it jumps to, or ..., jumped there. All ways are looked for; with more
 * than one nobody knows, and an indirect jump may go anywhere.
 *
 * What a function calls is read when it is first asked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "common/array.h"
#include "common/map.h"
#include "symbols/demangle.h"

#include "symbols/tail-calls.h"

#define MAX_STEPS 256 /* calls looked at for one answer */
#define MAX_DEPTH 32  /* of blocks in a function */

struct call {
	Dwarf_Addr address; /* behind it */
	bool is_jump, is_direct;
	Dwarf_Die called; /* if it is direct */
};

struct function {
	struct call *calls;
	size_t n, n_max;
};

struct tail_calls {
	struct debug_info *info;
	tail_calls_lookup *lookup;
	void *context;
	struct map numbers; /* offset of a function -> index */
	struct function *functions;
	size_t n_functions, n_functions_max;
};

/* One question. */
struct search {
	struct tail_calls *t;
	const struct tail_calls_target *target;
	Dwarf_Off path[TAIL_CALLS_MAX]; /* functions that are being looked at */
	Dwarf_Addr jumps[TAIL_CALLS_MAX], *found;
	size_t n, n_found, n_ways, n_steps;
	bool unclear;
};

struct tail_calls *tail_calls_new(struct debug_info *info, tail_calls_lookup *lookup,
				  void *context)
{
	struct tail_calls *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->info = info;
	t->lookup = lookup;
	t->context = context;
	return t;
}

void tail_calls_free(struct tail_calls *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_functions; i++)
		free(t->functions[i].calls);
	free(t->functions);
	map_fini(&t->numbers);
	free(t);
}

static bool get_address(Dwarf_Die *die, unsigned int name, Dwarf_Addr *address)
{
	Dwarf_Attribute attribute;

	return dwarf_attr(die, name, &attribute) &&
	       dwarf_formaddr(&attribute, address) == 0;
}

static bool get_flag(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	bool flag;

	return dwarf_attr(die, name, &attribute) &&
	       dwarf_formflag(&attribute, &flag) == 0 && flag;
}

static void add_call(struct function *f, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	struct call call = {0};

	if (!get_address(die, DW_AT_call_return_pc, &call.address) &&
	    !get_address(die, DW_AT_low_pc, &call.address)) {
		if (!get_address(die, DW_AT_call_pc, &call.address))
			return;
		call.address++; /* not behind it, but not before it either */
	}
	call.is_jump =
		get_flag(die, DW_AT_call_tail_call) || get_flag(die, DW_AT_GNU_tail_call);
	call.is_direct = (dwarf_attr(die, DW_AT_call_origin, &attribute) ||
			  dwarf_attr(die, DW_AT_abstract_origin, &attribute)) &&
			 dwarf_formref_die(&attribute, &call.called);
	if (array_grow((void **)&f->calls, &f->n_max, f->n + 1, sizeof(*f->calls)) == 0)
		f->calls[f->n++] = call;
}

static void read_calls(struct function *f, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;

	if (depth == MAX_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site)
			add_call(f, &die);
		else if (tag == DW_TAG_lexical_block ||
			 tag == DW_TAG_inlined_subroutine || tag == DW_TAG_try_block ||
			 tag == DW_TAG_catch_block)
			read_calls(f, &die, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* What a function calls; NULL: out of memory. */
static const struct function *get_function(struct tail_calls *t, Dwarf_Die *die)
{
	uint64_t offset = dwarf_dieoffset(die);
	uint32_t number = map_get(&t->numbers, offset);

	if (number != MAP_NONE)
		return &t->functions[number];
	if (array_grow((void **)&t->functions, &t->n_functions_max, t->n_functions + 1,
		       sizeof(*t->functions)) ||
	    map_put(&t->numbers, offset, (uint32_t)t->n_functions))
		return NULL;
	t->functions[t->n_functions] = (struct function){0};
	read_calls(&t->functions[t->n_functions], die, 0);
	return &t->functions[t->n_functions++];
}

static const char *get_name(Dwarf_Die *die, bool *is_linkage)
{
	Dwarf_Attribute attribute;

	*is_linkage = true;
	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		return dwarf_formstring(&attribute);
	*is_linkage = false;
	return dwarf_attr_integrate(die, DW_AT_name, &attribute)
		       ? dwarf_formstring(&attribute)
		       : NULL;
}

static bool is_called(const char *name, const char *linkage_name)
{
	char *owned;
	bool same = strcmp(demangle(linkage_name, &owned), name) == 0;

	free(owned);
	return same;
}

static bool is_same_code(Dwarf_Die *a, Dwarf_Die *b)
{
	Dwarf_Addr a_low, b_low;

	return dwarf_dieoffset(a) == dwarf_dieoffset(b) ||
	       (dwarf_lowpc(a, &a_low) == 0 && dwarf_lowpc(b, &b_low) == 0 &&
		a_low == b_low);
}

static bool is_target(const struct search *s, Dwarf_Die *called)
{
	bool linkage, own_linkage;
	const char *name = get_name(called, &linkage), *own;
	Dwarf_Die target = s->target->function;

	if (!name)
		return false;
	if (!s->target->has_function)
		return strcmp(name, s->target->name) == 0 ||
		       is_called(s->target->name, name);
	if (is_same_code(called, &target))
		return true;
	own = get_name(&target, &own_linkage);
	return own && linkage == own_linkage && strcmp(name, own) == 0;
}

/* The code of a function that a call names. */
static bool find_code(const struct search *s, Dwarf_Die *called, Dwarf_Die *function)
{
	Dwarf_Addr low;
	bool linkage;
	const char *name;

	if (dwarf_lowpc(called, &low) == 0)
		return debug_info_function(s->t->info, low, function);
	name = get_name(called, &linkage);
	return name && s->t->lookup(s->t->context, name, called, function);
}

static void take_way(struct search *s)
{
	memcpy(s->found, s->jumps, s->n * sizeof(*s->jumps));
	s->n_found = s->n;
	s->n_ways++;
}

static bool is_on_path(const struct search *s, Dwarf_Off function)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->path[i] == function)
			return true;
	}
	return false;
}

/* All ways from a function to the target. No deeper than TAIL_CALLS_MAX. */
static void look(struct search *s, Dwarf_Die *called)
{
	const struct function *f;
	const struct call *calls;
	size_t n_calls;
	Dwarf_Die function;

	if (!find_code(s, called, &function) || is_on_path(s, dwarf_dieoffset(&function)))
		return;
	f = get_function(s->t, &function);
	if (!f || s->n == TAIL_CALLS_MAX) {
		s->unclear = true;
		return;
	}
	s->path[s->n++] = dwarf_dieoffset(&function);
	calls = f->calls; /* *f moves when others are read */
	n_calls = f->n;
	for (size_t i = 0; i < n_calls && !s->unclear && s->n_ways < 2; i++) {
		struct call call = calls[i];

		if (!call.is_jump)
			continue;
		if (!call.is_direct || s->n_steps++ == MAX_STEPS) {
			s->unclear = true;
			break;
		}
		s->jumps[s->n - 1] = call.address;
		if (is_target(s, &call.called))
			take_way(s);
		else
			look(s, &call.called);
	}
	s->n--;
}

static const struct call *find_call(struct tail_calls *t, Dwarf_Addr return_address)
{
	const struct function *f;
	Dwarf_Die function;

	if (!debug_info_function(t->info, return_address - 1, &function))
		return NULL;
	f = get_function(t, &function);
	for (size_t i = 0; f && i < f->n; i++) {
		if (f->calls[i].address == return_address && !f->calls[i].is_jump)
			return &f->calls[i];
	}
	return NULL;
}

size_t tail_calls_find(struct tail_calls *t, Dwarf_Addr return_address,
		       const struct tail_calls_target *target,
		       Dwarf_Addr jumps[TAIL_CALLS_MAX])
{
	const struct call *call = find_call(t, return_address);
	struct search s = {.t = t, .target = target, .found = jumps};
	Dwarf_Die called;

	if (!call || !call->is_direct)
		return 0;
	called = call->called;
	if (is_target(&s, &called))
		return 0;
	look(&s, &called);
	return s.n_ways == 1 && !s.unclear ? s.n_found : 0;
}
