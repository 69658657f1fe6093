// SPDX-License-Identifier: MIT
/*
 * What Valgrind's massif writes, for ms_print and massif-visualizer: at most about a
 * hundred snapshots of what was live, some with the tree of calls, from the allocators'
 * callers outwards. Of several points of the timeline the snapshot is the one at which
 * most was live, so none is invented and high ones stay.
 *
 * The trees are one in memory, of the innermost calls, with the bytes of each moment.
 * As with massif, what is below a hundredth of the whole is a sum.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/text.h"
#include "database/past.h"

#include "rheaper-export/sum.h"
#include "rheaper-export/calls.h"
#include "rheaper-export/formats.h"

#define MAX_SNAPSHOTS 100 /* massif's defaults */
#define MAX_DEPTH 30
#define THRESHOLD 1 /* percent */
#define MAX_BRANCHES (100 / THRESHOLD)
#define ROOT_LABEL "(heap allocation functions) malloc/new/new[], --alloc-fns, etc."
#define UNKNOWN INT64_MIN /* no frame has this number */

enum {
	PEAK = PAST_MOMENTS,
	END,
	N_TREES
};

struct snapshot {
	double at_ms;
	int64_t bytes;
	int tree; /* -1: none */
};

/* A call of the present tree. */
struct branch {
	int64_t bytes;
	uint32_t call;
};

struct massif {
	FILE *out;
	struct snapshot *snapshots;
	size_t n_snapshots, n_snapshots_max;
	size_t n_points, points_each; /* of the timeline, for each snapshot */
	struct past *past;
	int64_t live[N_TREES]; /* of the stack that is visited */
	uint32_t call;
	int depth;
	struct calls calls;
	struct numbers frames;
	int64_t (*bytes)[N_TREES]; /* of each call */
	size_t n_bytes_max;
	uint32_t *order; /* calls by parent */
	size_t *first;   /* of each parent, in it */
	bool *needed;    /* the label of each frame */
	char **labels;
};

static _Noreturn void die_of_memory(void)
{
	die("write the profile: out of memory");
}

static void add_snapshot(struct massif *m, double at_ms, int64_t bytes, int tree)
{
	if (array_grow((void **)&m->snapshots, &m->n_snapshots_max, m->n_snapshots + 1,
		       sizeof(*m->snapshots)))
		die_of_memory();
	m->snapshots[m->n_snapshots++] = (struct snapshot){at_ms, bytes, tree};
}

static void count_point(void *context, const struct past_point *point)
{
	(void)point;
	((struct massif *)context)->n_points++;
}

static void take_point(void *context, const struct past_point *point)
{
	struct massif *m = context;
	struct snapshot *last;

	if (m->n_points++ % m->points_each == 0) {
		add_snapshot(m, point->at_ms, point->live_bytes, -1);
		return;
	}
	last = &m->snapshots[m->n_snapshots - 1];
	if (point->live_bytes > last->bytes)
		*last = (struct snapshot){point->at_ms, point->live_bytes, -1};
}

static int compare_snapshots(const void *left, const void *right)
{
	const struct snapshot *a = left, *b = right;

	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	return a->tree < b->tree ? -1 : a->tree > b->tree;
}

static void take_snapshots(struct massif *m, struct profile *profile,
			   const struct profile_process *process)
{
	add_snapshot(m, 0, 0, -1);
	past_each_point(profile, count_point, m);
	m->points_each = 1 + m->n_points / (MAX_SNAPSHOTS - 3);
	m->n_points = 0;
	past_each_point(profile, take_point, m);
	add_snapshot(m, (double)process->peak_ns / 1e6, 0, PEAK);
	add_snapshot(m, (double)process->duration_ns / 1e6, 0, END);
	qsort(m->snapshots, m->n_snapshots, sizeof(*m->snapshots), compare_snapshots);
}

/* Give some snapshots, spread over the run, a tree. Events at the time of a point belong
 * to the next one, but those at the end. */
static void choose_moments(struct massif *m, int64_t moments[PAST_MOMENTS])
{
	double end_ms = m->snapshots[m->n_snapshots - 1].at_ms;

	for (int i = 0; i < PAST_MOMENTS; i++) {
		struct snapshot *s = &m->snapshots[m->n_snapshots * (size_t)(i + 1) /
						   (PAST_MOMENTS + 1)];

		moments[i] = -1;
		if (s->tree >= 0)
			continue;
		s->tree = i;
		moments[i] = (int64_t)(s->at_ms * 1e6 + 0.5) - (s->at_ms < end_ms);
	}
}

static void add_bytes(struct massif *m, uint32_t call)
{
	if (array_grow((void **)&m->bytes, &m->n_bytes_max, (size_t)call + 1,
		       sizeof(*m->bytes)))
		die_of_memory();
	for (int i = 0; i < N_TREES; i++)
		m->bytes[call][i] = sum_saturated(m->bytes[call][i], m->live[i]);
	m->call = call;
	m->depth++;
}

static void begin_stack(void *context, const struct profile_stack *stack)
{
	struct massif *m = context;
	struct past_stack past = past_find(m->past, stack->stack);

	memcpy(m->live, past.live_bytes, sizeof(past.live_bytes));
	m->live[PEAK] = stack->values[PROFILE_PEAK_BYTES];
	m->live[END] = stack->values[PROFILE_LIVE_BYTES];
	m->depth = 0;
	add_bytes(m, 0);
}

static bool is_any_live(const struct massif *m)
{
	for (int i = 0; i < N_TREES; i++) {
		if (m->live[i])
			return true;
	}
	return false;
}

static void add_call(struct massif *m, int64_t frame)
{
	if (m->depth <= MAX_DEPTH && is_any_live(m))
		add_bytes(m, calls_child(&m->calls, m->call,
					 numbers_add(&m->frames, frame)));
}

static void add_frame(void *context, const struct profile_frame *frame)
{
	add_call(context, frame->frame);
}

static void end_stack(void *context, const struct profile_stack *stack)
{
	struct massif *m = context;

	(void)stack;
	if (m->depth == 1)
		add_call(m, UNKNOWN);
}

static void grow_trees(struct massif *m, struct profile *profile)
{
	int64_t moments[PAST_MOMENTS];

	choose_moments(m, moments);
	m->past = past_open(profile, moments);
	profile_each_stack(profile, &(struct profile_visitor){
					    .stack = begin_stack,
					    .frame = add_frame,
					    .end = end_stack,
					    .context = m,
				    });
	past_close(m->past);
	for (size_t i = 0; i < m->n_snapshots; i++) {
		struct snapshot *s = &m->snapshots[i];

		if (s->tree >= 0)
			s->bytes = m->n_bytes_max ? m->bytes[0][s->tree] : 0;
	}
}

/* Put the calls of one parent side by side: a counting sort. */
static void sort_calls(struct massif *m)
{
	size_t n = m->calls.n_nodes;

	m->order = calloc(n + 1, sizeof(*m->order));
	m->first = calloc(n + 2, sizeof(*m->first));
	if (!m->order || !m->first)
		die_of_memory();
	for (size_t i = 1; i < n; i++)
		m->first[m->calls.nodes[i].parent + 2]++;
	for (size_t i = 2; i < n + 2; i++)
		m->first[i] += m->first[i - 1];
	for (size_t i = 1; i < n; i++)
		m->order[m->first[m->calls.nodes[i].parent + 1]++] = (uint32_t)i;
}

static bool is_significant(const struct massif *m, uint32_t call, int tree)
{
	int64_t bytes = m->bytes[call][tree];

	return bytes > 0 && (double)bytes * 100 >= (double)m->bytes[0][tree] * THRESHOLD;
}

static void put_label_if_needed(void *context, const struct profile_frame *frame)
{
	struct massif *m = context;
	uint32_t number = numbers_find(&m->frames, frame->frame);

	if (number == NUMBERS_NONE || !m->needed[number])
		return;
	m->labels[number] = calls_label(frame);
	/* ms_print takes what follows for a comment. */
	for (char *at = m->labels[number]; *at; at++) {
		if (*at == '#')
			*at = '_';
	}
}

/* Keep the labels of calls that will be shown; there may be many others. */
static void find_labels(struct massif *m, struct profile *profile)
{
	m->needed = calloc((size_t)m->frames.n + 1, sizeof(*m->needed));
	m->labels = calloc((size_t)m->frames.n + 1, sizeof(*m->labels));
	if (!m->needed || !m->labels)
		die_of_memory();
	for (size_t i = 1; i < m->calls.n_nodes; i++) {
		for (int tree = 0; tree < N_TREES; tree++) {
			if (is_significant(m, (uint32_t)i, tree))
				m->needed[m->calls.nodes[i].frame] = true;
		}
	}
	profile_each_frame(profile, put_label_if_needed, m);
}

static int compare_branches(const void *left, const void *right)
{
	const struct branch *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return a->call < b->call ? -1 : a->call > b->call;
}

/* The calls below one that are worth a line, the largest first. They are no more than
 * MAX_BRANCHES, as each is a hundredth of the whole at least. */
struct branches {
	struct branch shown[MAX_BRANCHES];
	size_t n_shown, n_hidden;
	int64_t hidden_bytes;
};

static struct branches find_branches(const struct massif *m, uint32_t call, int tree)
{
	struct branches b = {.n_shown = 0};

	for (size_t i = m->first[call]; i < m->first[call + 1]; i++) {
		uint32_t child = m->order[i];

		if (is_significant(m, child, tree) && b.n_shown < MAX_BRANCHES) {
			b.shown[b.n_shown++] =
				(struct branch){m->bytes[child][tree], child};
		} else if (m->bytes[child][tree] > 0) {
			b.n_hidden++;
			b.hidden_bytes =
				sum_saturated(b.hidden_bytes, m->bytes[child][tree]);
		}
	}
	qsort(b.shown, b.n_shown, sizeof(*b.shown), compare_branches);
	return b;
}

static void put_call(struct massif *m, uint32_t call, int tree, int depth)
{
	struct branches b = find_branches(m, call, tree);
	const char *label = call ? m->labels[m->calls.nodes[call].frame] : ROOT_LABEL;

	fprintf(m->out, "%*sn%zu: %" PRId64 " %s\n", depth, "",
		b.n_shown + (b.n_hidden > 0), m->bytes[call][tree],
		label ? label : "[unknown]");
	/* At most MAX_DEPTH calls deep */
	for (size_t i = 0; i < b.n_shown; i++)
		put_call(m, b.shown[i].call, tree, depth + 1);
	if (b.n_hidden)
		fprintf(m->out,
			"%*sn0: %" PRId64 " in %zu place%s, %sbelow massif's threshold"
			" (%d.00%%)\n",
			depth + 1, "", b.hidden_bytes, b.n_hidden,
			b.n_hidden == 1 ? "" : "s", b.n_hidden == 1 ? "" : "all ",
			THRESHOLD);
}

static void put_snapshot(struct massif *m, size_t i)
{
	const struct snapshot *s = &m->snapshots[i];
	bool has_tree = s->tree >= 0 && s->bytes > 0;

	fprintf(m->out,
		"#-----------\nsnapshot=%zu\n#-----------\ntime=%.3f\n"
		"mem_heap_B=%" PRId64 "\nmem_heap_extra_B=0\nmem_stacks_B=0\n"
		"heap_tree=%s\n",
		i, s->at_ms, s->bytes,
		!has_tree         ? "empty"
		: s->tree == PEAK ? "peak"
				  : "detailed");
	if (has_tree)
		put_call(m, 0, s->tree, 0);
}

static void put_head(struct massif *m, const struct profile_process *process)
{
	char *command = text_printable(process->command);

	if (!command)
		die_of_memory();
	for (char *at = command; *at; at++) {
		if (*at == '#')
			*at = '_';
	}
	fprintf(m->out,
		"desc: process %" PRId64 " of rheaper%s\ncmd: %s\ntime_unit: ms\n",
		process->process,
		process->sample_bytes ? ", estimates from a sample" : "", command);
	free(command);
}

struct job {
	struct massif *m;
	struct profile *profile;
};

static void put_process(void *context, const struct profile_process *process)
{
	struct massif *m = ((struct job *)context)->m;
	struct profile *profile = ((struct job *)context)->profile;

	take_snapshots(m, profile, process);
	grow_trees(m, profile);
	sort_calls(m);
	find_labels(m, profile);
	put_head(m, process);
	for (size_t i = 0; i < m->n_snapshots; i++)
		put_snapshot(m, i);
}

void massif_write(struct profile *profile, const struct format_options *options,
		  FILE *out)
{
	struct massif m = {.out = out};

	(void)options;
	profile_each_process(profile, put_process, &(struct job){&m, profile});
	for (size_t i = 0; m.labels && i < m.frames.n; i++)
		free(m.labels[i]);
	free(m.labels);
	free(m.needed);
	free(m.order);
	free(m.first);
	free(m.bytes);
	free(m.snapshots);
	calls_fini(&m.calls);
	numbers_fini(&m.frames);
}
