// SPDX-License-Identifier: MIT
/*
 * A wrapper hands on what an allocator gave to whoever calls it. From outside that looks
 * so:
 *   - whatever it allocates comes from few of its lines, and straight from an allocator
 * or from another wrapper: it is above nothing else;
 *   - many functions call it, so main, a parser or a table that grows are none;
 *   - the sizes are its callers': a constructor asks for the same size every time.
 * What grows a buffer or copies a text looks the same. So a function that calls another
 * wrapper is one only if most allocations pass through it, or if its name says that it
 * allocates: then two callers are enough.
 *
 * Wrappers call wrappers, so the rule is asked again with those skipped that were found.
 * A function with one caller may be a link of a chain (sqlite3MemMalloc is called by
 * mallocWithAlarm alone): it is skipped on trial, and is a wrapper if the chain ends in
 * one.
 *
 * Of a stack only the first frames of the program are kept: so many that no chain of
 * wrappers is longer. A function further out is above something else, always.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/libraries.h"
#include "common/array.h"
#include "common/glob.h"
#include "common/map.h"
#include "symbols/short-name.h"

#include "analysis/owner.h"

#define MAX_KEPT 8
#define MAX_LINES 4            /* of a wrapper that allocate */
#define MIN_SITES 4            /* places that it is called from */
#define MIN_CALLERS 4          /* functions that call it */
#define MIN_SHARE 0.05         /* ... of those that allocate */
#define MIN_CALLERS_OF_MOST 3  /* if most allocations pass through it */
#define MIN_CALLERS_OF_NAMED 2 /* if it is called so: xmalloc, Balloc */
#define MANY 0.1               /* of all allocations */
#define MOST 0.5
#define MOST_INDIRECT 0.67 /* if it calls another wrapper */
#define MAX_OTHERS 0.01    /* share of what it may be above of */
#define SAME_SIZE 1.05
#define MAX_TRIALS 4
#define NONE UINT32_MAX

enum state {
	PLAIN,
	ON_TRIAL,
	BY_RULE,
	BY_NAME
};

struct frame {
	uint32_t function, site; /* of the program: a line of the function */
	bool is_library;
};

struct stack {
	double blocks, bytes;
	uint32_t kept[MAX_KEPT]; /* frames of the program */
	uint32_t frame_no[MAX_KEPT];
	uint32_t n_kept;
	bool is_whole; /* no frame of the program is outside of these */
};

struct function {
	bool known, is_library, says_alloc;
	enum state state;
	double far_above; /* blocks that it is further out of than is kept */
	/* Of one round: */
	double blocks, above, varied, direct;
	uint32_t n_lines, n_sites, n_callers;
	uint32_t caller;       /* the first one */
	bool allocates;        /* or calls what does */
	uint32_t trial_caller; /* of the trial that it is on */
};

/* A line of a function that allocates, and the sizes that were asked for there. */
struct line {
	uint32_t function;
	double blocks, min_size, max_size;
};

struct owners {
	const char *const *globs;
	size_t n_globs;
	struct frame *frames; /* by number */
	size_t n_frames, n_frames_max;
	struct stack *stacks;
	size_t n_stacks, n_stacks_max;
	struct function *functions;
	size_t n_functions, n_functions_max;
	struct map sites; /* function and line -> number */
	uint32_t n_sites;
	signed char *modules; /* 0: not known yet, 1: a library, -1: not */
	size_t n_modules_max;
	/* Of one round: */
	struct map seen; /* pairs that were counted */
	struct map line_map;
	struct line *lines;
	size_t n_lines, n_lines_max;
	double blocks;
	size_t n_allocating;
};

struct owners *owners_new(const char *const *globs, size_t n_globs)
{
	struct owners *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->globs = globs;
	o->n_globs = n_globs;
	o->n_frames = 1;
	if (array_grow((void **)&o->frames, &o->n_frames_max, 1, sizeof(*o->frames))) {
		free(o);
		return NULL;
	}
	return o;
}

void owners_free(struct owners *o)
{
	if (!o)
		return;
	free(o->frames);
	free(o->stacks);
	free(o->functions);
	free(o->modules);
	free(o->lines);
	map_fini(&o->sites);
	map_fini(&o->seen);
	map_fini(&o->line_map);
	free(o);
}

static bool is_named(const struct owners *o, const char *name)
{
	char text[SHORT_NAME_SIZE], scoped[SHORT_NAME_SIZE];

	if (o->n_globs == 0)
		return false;
	short_name(name, text, sizeof(text));
	short_name_scoped(name, scoped, sizeof(scoped));
	for (size_t i = 0; i < o->n_globs; i++) {
		if (glob_fits(o->globs[i], name) || glob_fits(o->globs[i], text) ||
		    glob_fits(o->globs[i], scoped))
			return true;
	}
	return false;
}

static int know_function(struct owners *o, const struct owner_frame *frame)
{
	char text[SHORT_NAME_SIZE];
	struct function *f;

	if (array_grow((void **)&o->functions, &o->n_functions_max,
		       (size_t)frame->function + 1, sizeof(*o->functions)))
		return -ENOMEM;
	if (frame->function >= o->n_functions)
		o->n_functions = (size_t)frame->function + 1;
	f = &o->functions[frame->function];
	if (f->known)
		return 0;
	f->known = true;
	f->is_library = library_has_function(frame->name);
	short_name(frame->name, text, sizeof(text));
	f->says_alloc = strcasestr(text, "alloc") || strstr(text, "strdup") ||
			strstr(text, "strndup") || strstr(text, "memdup");
	f->state = is_named(o, frame->name) ? BY_NAME : PLAIN;
	return 0;
}

static int find_module(struct owners *o, const struct owner_frame *frame,
		       bool *is_library)
{
	signed char *known;

	*is_library = false;
	if (frame->module == 0)
		return 0;
	if (array_grow((void **)&o->modules, &o->n_modules_max, (size_t)frame->module + 1,
		       1))
		return -ENOMEM;
	known = &o->modules[frame->module];
	if (*known == 0)
		*known = library_has_module(frame->module_path) ? 1 : -1;
	*is_library = *known > 0;
	return 0;
}

/* A number for each pair of a round or of all; *is_new if it was not there. */
static int number_pair(struct map *map, uint64_t pair, uint32_t next, uint32_t *number)
{
	*number = map_get(map, pair);
	if (*number != MAP_NONE)
		return 0;
	*number = next;
	return map_put(map, pair, next);
}

int owners_add_frame(struct owners *o, const struct owner_frame *row)
{
	struct frame *frame;
	uint64_t line = row->line > 0 && row->line < INT32_MAX
				? (uint64_t)row->line
				: (uint64_t)o->n_frames | 1u << 31;

	if (array_grow((void **)&o->frames, &o->n_frames_max, o->n_frames + 1,
		       sizeof(*o->frames)) ||
	    know_function(o, row))
		return -ENOMEM;
	frame = &o->frames[o->n_frames++];
	*frame = (struct frame){.function = row->function};
	if (find_module(o, row, &frame->is_library) ||
	    number_pair(&o->sites, (uint64_t)row->function << 32 | line, o->n_sites,
			&frame->site))
		return -ENOMEM;
	o->n_sites += frame->site == o->n_sites;
	frame->is_library =
		(frame->is_library || o->functions[row->function].is_library) &&
		o->functions[row->function].state != BY_NAME;
	return 0;
}

int owners_add_stack(struct owners *o, const int64_t *frames, size_t n, double blocks,
		     double bytes)
{
	struct stack *stack;

	if (array_grow((void **)&o->stacks, &o->n_stacks_max, o->n_stacks + 1,
		       sizeof(*o->stacks)))
		return -ENOMEM;
	stack = &o->stacks[o->n_stacks++];
	*stack = (struct stack){.blocks = blocks, .bytes = bytes, .is_whole = true};
	for (size_t i = 0; i < n; i++) {
		const struct frame *frame = &o->frames[frames[i]];

		if (frame->is_library)
			continue;
		if (stack->n_kept < MAX_KEPT) {
			stack->kept[stack->n_kept] = (uint32_t)frames[i];
			stack->frame_no[stack->n_kept++] = (uint32_t)i;
			continue;
		}
		stack->is_whole = false;
		o->functions[frame->function].far_above += blocks;
	}
	return 0;
}

/* The first kept frame that is not of a wrapper; n_kept if there is none. */
static uint32_t find_first(const struct owners *o, const struct stack *stack)
{
	uint32_t i = 0;

	while (i < stack->n_kept &&
	       o->functions[o->frames[stack->kept[i]].function].state != PLAIN)
		i++;
	return i;
}

static void begin_round(struct owners *o)
{
	for (size_t i = 0; i < o->n_functions; i++) {
		struct function *f = &o->functions[i];

		f->blocks = f->varied = f->direct = 0;
		f->above = f->far_above;
		f->n_lines = f->n_sites = f->n_callers = 0;
		f->caller = NONE;
		f->allocates = false;
	}
	map_fini(&o->seen);
	map_fini(&o->line_map);
	o->seen = o->line_map = (struct map){0};
	o->n_lines = 0;
	o->blocks = 0;
	o->n_allocating = 0;
}

static void note_allocating(struct owners *o, uint32_t function)
{
	o->n_allocating += !o->functions[function].allocates;
	o->functions[function].allocates = true;
}

static int count_line(struct owners *o, const struct frame *frame,
		      const struct stack *stack)
{
	double size = stack->bytes / stack->blocks;
	struct line *line;
	uint32_t number;

	if (number_pair(&o->line_map, frame->site, (uint32_t)o->n_lines, &number) ||
	    array_grow((void **)&o->lines, &o->n_lines_max, o->n_lines + 1,
		       sizeof(*o->lines)))
		return -ENOMEM;
	if (number == o->n_lines) {
		o->lines[o->n_lines++] = (struct line){
			.function = frame->function, .min_size = size, .max_size = size};
		o->functions[frame->function].n_lines++;
	}
	line = &o->lines[number];
	line->blocks += stack->blocks;
	line->min_size = size < line->min_size ? size : line->min_size;
	line->max_size = size > line->max_size ? size : line->max_size;
	return 0;
}

/* Whether a pair of numbers is seen for the first time in this round. */
static int is_first(struct owners *o, uint32_t a, uint32_t b, bool is_site, bool *first)
{
	/* Neither reaches 2^31: each is of something with a frame of its own */
	uint64_t key = (uint64_t)a << 32 | b | (uint64_t)is_site << 63;

	*first = map_get(&o->seen, key) == MAP_NONE;
	return *first ? map_put(&o->seen, key, 0) : 0;
}

static int count_caller(struct owners *o, uint32_t function, const struct frame *caller)
{
	struct function *f = &o->functions[function];
	bool first;

	note_allocating(o, caller->function);
	if (is_first(o, function, caller->site, true, &first))
		return -ENOMEM;
	f->n_sites += first;
	if (is_first(o, function, caller->function, false, &first))
		return -ENOMEM;
	f->n_callers += first;
	if (f->caller == NONE)
		f->caller = caller->function;
	return 0;
}

/* Whether no known wrapper is inside of kept frame `first`: a link on trial may be part
 * of what it belongs to. */
static bool calls_allocator(const struct owners *o, const struct stack *stack,
			    uint32_t first)
{
	for (uint32_t i = 0; i < first; i++) {
		if (o->functions[o->frames[stack->kept[i]].function].state != ON_TRIAL)
			return false;
	}
	return true;
}

static int count_stack(struct owners *o, const struct stack *stack)
{
	uint32_t first = find_first(o, stack);
	const struct frame *frame;

	if (stack->blocks <= 0 || first == stack->n_kept)
		return 0;
	frame = &o->frames[stack->kept[first]];
	o->blocks += stack->blocks;
	o->functions[frame->function].blocks += stack->blocks;
	o->functions[frame->function].direct +=
		calls_allocator(o, stack, first) ? stack->blocks : 0;
	note_allocating(o, frame->function);
	if (count_line(o, frame, stack))
		return -ENOMEM;
	for (uint32_t i = first + 1; i < stack->n_kept; i++) {
		const struct frame *outer = &o->frames[stack->kept[i]];

		o->functions[outer->function].above += stack->blocks;
	}
	if (first + 1 < stack->n_kept)
		return count_caller(o, frame->function,
				    &o->frames[stack->kept[first + 1]]);
	return 0;
}

static int count_round(struct owners *o)
{
	begin_round(o);
	for (size_t i = 0; i < o->n_stacks; i++) {
		if (count_stack(o, &o->stacks[i]))
			return -ENOMEM;
	}
	for (size_t i = 0; i < o->n_lines; i++) {
		const struct line *line = &o->lines[i];

		if (line->max_size > line->min_size * SAME_SIZE)
			o->functions[line->function].varied += line->blocks;
	}
	return 0;
}

/* Whether it only calls an allocator: from few lines, and is above nothing else. */
static bool is_thin(const struct function *f)
{
	return f->state == PLAIN && f->blocks > 0 && f->n_lines <= MAX_LINES &&
	       f->above <= MAX_OTHERS * f->blocks;
}

static bool is_wrapper(const struct owners *o, const struct function *f)
{
	bool is_direct;

	if (!is_thin(f) || f->varied * 2 < f->blocks)
		return false;
	if (f->says_alloc && f->n_callers >= MIN_CALLERS_OF_NAMED)
		return true;
	if (f->n_sites < MIN_SITES)
		return false;
	is_direct = f->direct * 2 > f->blocks;
	if (f->blocks > (is_direct ? MOST : MOST_INDIRECT) * o->blocks)
		return f->n_callers >= MIN_CALLERS_OF_MOST;
	return is_direct && f->blocks > MANY * o->blocks && f->n_callers >= MIN_CALLERS &&
	       f->n_callers >= MIN_SHARE * (double)o->n_allocating;
}

/* What was skipped on trial and led to a wrapper is one, too. */
static void confirm_chains(struct owners *o)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < o->n_functions; i++) {
			struct function *f = &o->functions[i];

			if (f->state != ON_TRIAL ||
			    o->functions[f->trial_caller].state != BY_RULE)
				continue;
			f->state = BY_RULE;
			again = true;
		}
	}
}

static size_t confirm(struct owners *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_functions; i++) {
		if (!is_wrapper(o, &o->functions[i]))
			continue;
		o->functions[i].state = BY_RULE;
		n++;
	}
	confirm_chains(o);
	return n;
}

/* Whether the only caller of a function does nothing else. */
static bool hands_on(const struct function *caller, const struct function *f)
{
	return caller->says_alloc || (caller->blocks <= MAX_OTHERS * f->blocks &&
				      caller->above <= (1 + MAX_OTHERS) * f->blocks);
}

static size_t put_on_trial(struct owners *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_functions; i++) {
		struct function *f = &o->functions[i];

		if (!is_thin(f) || f->n_callers != 1 ||
		    !hands_on(&o->functions[f->caller], f))
			continue;
		f->state = ON_TRIAL;
		f->trial_caller = f->caller;
		n++;
	}
	return n;
}

static void end_trials(struct owners *o)
{
	for (size_t i = 0; i < o->n_functions; i++) {
		if (o->functions[i].state == ON_TRIAL)
			o->functions[i].state = PLAIN;
	}
}

int owners_find(struct owners *o)
{
	int n_trials = 0;

	for (;;) {
		if (count_round(o))
			return -ENOMEM;
		if (confirm(o)) {
			end_trials(o);
			n_trials = 0;
		} else if (n_trials++ == MAX_TRIALS || put_on_trial(o) == 0) {
			end_trials(o);
			return 0;
		}
	}
}

enum owner_found owners_wrapper(const struct owners *o, uint32_t function)
{
	switch (function < o->n_functions ? o->functions[function].state : PLAIN) {
	case BY_RULE:
		return OWNER_BY_RULE;
	case BY_NAME:
		return OWNER_BY_NAME;
	default:
		return OWNER_NO_WRAPPER;
	}
}

size_t owners_frame_no(const struct owners *o, size_t number)
{
	const struct stack *stack = &o->stacks[number];
	uint32_t i = find_first(o, stack);

	if (i < stack->n_kept)
		return stack->frame_no[i];
	return stack->n_kept && !stack->is_whole ? stack->frame_no[stack->n_kept - 1] : 0;
}

size_t owners_links(const struct owners *o, const int64_t *frames, size_t frame_no,
		    uint32_t *links)
{
	size_t n = 0;

	for (size_t i = 0; i < frame_no; i++) {
		const struct frame *frame = &o->frames[frames[i]];

		if ((!frame->is_library || !o->frames[frames[i + 1]].is_library) &&
		    n < OWNER_MAX_LINKS - 1)
			links[n++] = frame->function;
	}
	links[n++] = o->frames[frames[frame_no]].function;
	return n;
}

static size_t add_link(char *text, size_t n, const char *name)
{
	static const char arrow[] = " \xe2\x86\x90 ";
	char link[SHORT_NAME_SIZE];
	size_t n_link = short_name(name, link, sizeof(link));

	if (n + strlen(arrow) + n_link >= OWNER_CHAIN_SIZE)
		return n;
	if (n)
		n = (size_t)(stpcpy(text + n, arrow) - text);
	return (size_t)(stpcpy(text + n, link) - text);
}

size_t owners_format_chain(const char *allocator, const char *const *names,
			   size_t n_names, char *text)
{
	size_t n = 0;

	*text = 0;
	if (allocator)
		n = add_link(text, n, allocator);
	for (size_t i = 0; i < n_names; i++)
		n = add_link(text, n, names[i]);
	return n;
}
