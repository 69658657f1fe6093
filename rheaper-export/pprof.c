// SPDX-License-Identifier: MIT
/* All locations are written first, so that no frame stays in memory; of a stack that is
 * visited the number of its innermost frame at each address says which ones it has. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/output.h"
#include "pprof/pprof.h"

#include "rheaper-export/formats.h"

struct export
{
	struct pprof *pprof;
	uint64_t *locations; /* of the stack that is visited */
	size_t n_locations, n_locations_max;
	struct profile_frame *frames; /* of the location that is collected */
	size_t n_frames, n_frames_max;
	int64_t time_ns, duration_ns, period;
};

static void reserve(void **array, size_t *n_max, size_t n, size_t size)
{
	if (array_grow(array, n_max, n, size))
		die("write the profile: out of memory");
}

static void put_location(struct export *e)
{
	if (e->n_frames)
		pprof_put_location(e->pprof, e->frames, e->n_frames);
	for (size_t i = 0; i < e->n_frames; i++) {
		free((char *)e->frames[i].function);
		free((char *)e->frames[i].file);
	}
	e->n_frames = 0;
}

/* Texts live until the callback returns. */
static void collect_frame(void *context, const struct profile_frame *frame)
{
	struct export *e = context;
	struct profile_frame *kept;

	if (frame->innermost)
		put_location(e);
	reserve((void **)&e->frames, &e->n_frames_max, e->n_frames + 1,
		sizeof(*e->frames));
	kept = &e->frames[e->n_frames++];
	*kept = *frame;
	kept->function = strdup(frame->function);
	kept->file = frame->file ? strdup(frame->file) : NULL;
	if (!kept->function || (frame->file && !kept->file))
		die("write the profile: out of memory");
}

static void begin_stack(void *context, const struct profile_stack *stack)
{
	struct export *e = context;

	(void)stack;
	e->n_locations = 0;
}

static void add_location(void *context, const struct profile_frame *frame)
{
	struct export *e = context;

	if (!frame->innermost)
		return;
	reserve((void **)&e->locations, &e->n_locations_max, e->n_locations + 1,
		sizeof(*e->locations));
	e->locations[e->n_locations++] = pprof_find_location(e->pprof, frame->frame);
}

static void put_sample(void *context, const struct profile_stack *stack)
{
	struct export *e = context;

	pprof_put_sample(e->pprof, &(struct pprof_sample){
					   .locations = e->locations,
					   .n_locations = e->n_locations,
					   .values = stack->values,
					   .allocator = stack->allocator,
				   });
}

static void put_module(void *context, const struct profile_module *module)
{
	pprof_put_module(((struct export *)context)->pprof, module);
}

static void put_loss(void *context, const char *reason, int64_t count)
{
	pprof_put_comment(((struct export *)context)->pprof, "losses: %s: %" PRId64,
			  reason, count);
}

static void put_process(void *context, const struct profile_process *process)
{
	struct export *e = context;

	pprof_put_comment(e->pprof, "program: %s", process->executable);
	pprof_put_comment(e->pprof, "trace: %s", process->ending);
	/* Of several processes the first began, the longest lasted. */
	if (e->time_ns == 0 || process->started_ns < e->time_ns)
		e->time_ns = process->started_ns;
	if (process->duration_ns > e->duration_ns)
		e->duration_ns = process->duration_ns;
	if (process->sample_bytes > e->period)
		e->period = process->sample_bytes;
}

static void write_all(struct export *e, struct profile *profile)
{
	profile_each_process(profile, put_process, e);
	profile_each_loss(profile, put_loss, e);
	pprof_set_time(e->pprof, e->time_ns, e->duration_ns);
	pprof_set_period(e->pprof, e->period);
	profile_each_module(profile, put_module, e);
	profile_each_frame(profile, collect_frame, e);
	put_location(e);
	profile_each_stack(profile, &(struct profile_visitor){
					    .stack = begin_stack,
					    .frame = add_location,
					    .end = put_sample,
					    .context = e,
				    });
}

void pprof_write(struct profile *profile, const struct format_options *options, FILE *out)
{
	struct export e = {
		.pprof = pprof_begin(out, &(struct pprof_settings){
						  .values = (1u << PPROF_N_VALUES) - 1,
						  .shown = options->value,
						  .short_names = options->short_names,
					  })};
	int error;

	write_all(&e, profile);
	error = pprof_end(e.pprof);
	if (error) {
		errno = -error;
		output_die();
	}
	free(e.locations);
	free(e.frames);
}
