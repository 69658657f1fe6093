// SPDX-License-Identifier: MIT
/* A profile has the places that its samples need, and all modules. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/path.h"
#include "pprof/pprof.h"

#include "push/engine.h"

#define VALUES_OF_ALLOC (1u << PROFILE_ALLOCATIONS | 1u << PROFILE_BYTES)
#define VALUES_OF_INUSE (1u << PROFILE_LIVE_BLOCKS | 1u << PROFILE_LIVE_BYTES)

struct body {
	struct pprof *pprof;
	const struct push_process *process;
	unsigned int parts;
	uint64_t *locations;
	size_t n_locations_max;
};

static void *begin(FILE *out, const struct push_window *w)
{
	struct body *body = calloc(1, sizeof(*body));
	const struct push_process *p = w->process;

	if (!body)
		die("write a profile: out of memory");
	body->process = p;
	body->parts = w->parts;
	body->pprof = pprof_begin(
		out, &(struct pprof_settings){
			     .values = (w->parts & PUSH_ALLOC ? VALUES_OF_ALLOC : 0) |
				       (w->parts & PUSH_INUSE ? VALUES_OF_INUSE : 0),
			     .shown = w->parts & PUSH_INUSE ? PROFILE_LIVE_BYTES
							    : PROFILE_BYTES,
			     .base_names = w->redacted,
		     });
	/* A snapshot is of its moment, and takes no time; what was allocated took some.
	 */
	if (w->parts & PUSH_ALLOC)
		pprof_set_time(body->pprof, w->begin_ns,
			       w->end_ns > w->begin_ns ? w->end_ns - w->begin_ns : 1);
	else
		pprof_set_time(body->pprof, w->end_ns, 0);
	pprof_set_period(body->pprof, p->sample_bytes);
	for (size_t i = 0; i < p->n_modules; i++)
		pprof_put_module(body->pprof, &p->modules[i]);
	return body;
}

static void put(void *context, const struct push_sample *sample)
{
	struct body *body = context;
	const struct push_process *p = body->process;
	const struct push_stack *stack = sample->stack;
	bool alloc = body->parts & PUSH_ALLOC;

	if (array_grow((void **)&body->locations, &body->n_locations_max, stack->n,
		       sizeof(*body->locations)))
		die("write a profile: out of memory");
	for (size_t i = 0; i < stack->n; i++) {
		const struct push_place *place = &p->places[p->numbers[stack->first + i]];

		body->locations[i] =
			pprof_put_location(body->pprof, place->frames, place->n);
	}
	pprof_put_sample(body->pprof, &(struct pprof_sample){
					      .locations = body->locations,
					      .n_locations = stack->n,
					      .values = sample->of->values +
							(alloc ? PROFILE_ALLOCATIONS
							       : PROFILE_LIVE_BLOCKS),
					      .allocator = stack->allocator,
				      });
}

static size_t size(const void *body)
{
	return pprof_size(((const struct body *)body)->pprof);
}

static void end(void *context)
{
	struct body *body = context;
	int error = pprof_end(body->pprof);

	if (error) {
		errno = -error;
		die("write a profile:");
	}
	free(body->locations);
	free(body);
}

const struct push_body push_body_pprof = {begin, put, size, end};
