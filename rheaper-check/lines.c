// SPDX-License-Identifier: MIT
/*
 * A finding without a line looks like a fault of ours. What is said is the same as in a
 * report (database/terms.h). A module of which other frames have lines is made of objects
 * that were built in different ways.
 */
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/findings.h"

#include "rheaper-check/lines.h"

#define MOST_MODULES 10

struct bare_modules {
	struct {
		const struct measure_frame *first; /* without a line */
		bool has_lines;
	} list[MOST_MODULES];
	size_t n;
};

/* The owner, if it should have a line and has none. Lost names are another matter. */
static const struct measure_frame *find_bare(const struct finding *f)
{
	const struct measure_stack *stack = f->site ? f->site->stack : NULL;
	const struct measure_frame *owner =
		stack && stack->n_frames ? stack->frames[stack->owner] : NULL;

	return owner && owner->line == 0 && owner->module[0] == '/' &&
			       !owner->is_library && !owner->lost
		       ? owner
		       : NULL;
}

static size_t find_module(const struct bare_modules *modules, const char *module)
{
	size_t i = 0;

	while (i < modules->n && strcmp(modules->list[i].first->module, module) != 0)
		i++;
	return i;
}

static void collect(const struct verdict *v, struct bare_modules *modules)
{
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct measure_frame *bare = find_bare(&v->findings[i]);

		if (bare && modules->n < MOST_MODULES &&
		    find_module(modules, bare->module) == modules->n)
			modules->list[modules->n++].first = bare;
	}
}

/* Which of them have lines elsewhere. */
static void look_for_lines(const struct verdict *v, struct bare_modules *modules)
{
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct measure_site *site = v->findings[i].site;

		for (size_t k = 0; site && k < site->stack->n_frames; k++) {
			const struct measure_frame *frame = site->stack->frames[k];
			size_t module = frame->line > 0
						? find_module(modules, frame->module)
						: modules->n;

			if (module < modules->n)
				modules->list[module].has_lines = true;
		}
	}
}

void lines_note(struct verdict *v)
{
	struct bare_modules modules = {0};

	collect(v, &modules);
	if (modules.n)
		look_for_lines(v, &modules);
	for (size_t i = 0; i < modules.n; i++) {
		const struct measure_frame *first = modules.list[i].first;
		struct module_gap gap =
			module_find_gap(first->symbols, !first->is_unnamed);

		findings_note(
			v, modules.list[i].has_lines
				   ? arena_format(v->arena,
						  "an object in %s, with %s, has no "
						  "%s; %s",
						  first->module, first->name, gap.what,
						  gap.remedy)
				   : arena_format(v->arena, "%s has no %s; %s",
						  first->module, gap.what, gap.remedy));
	}
}
