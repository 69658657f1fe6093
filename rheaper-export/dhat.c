// SPDX-License-Identifier: MIT
/*
 * What Valgrind's DHAT writes, version 2 of its format, for dh_view.html. A stack begins
 * with the allocator, as there. dh_view refuses a file with two equal stacks, so one that
 * was written before gets its number as one more frame.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/json.h"
#include "common/text.h"
#include "database/past.h"

#include "rheaper-export/calls.h"
#include "rheaper-export/formats.h"

/* dh_view calls blocks that live no longer "short-lived", in microseconds. */
#define SHORT_LIVED_US 10

/* Indices of the texts that are no frame's; allocators follow, then frames. */
enum {
	ROOT,
	UNKNOWN,
	TRUNCATED,
	N_FIXED
};
static const char *const fixed[] = {"[root]", "[unknown]", "[truncated]"};

struct dhat {
	struct json json;
	struct past *past;
	struct numbers allocators, frames; /* of the database */
	struct map written;                /* hashes of stacks */
	uint64_t hash;                     /* of the present one */
	bool any;                          /* frame in it */
	int64_t *repeated; /* stacks that were written before, with other numbers */
	size_t n_repeated, n_repeated_max;
};

static int64_t us(int64_t ns)
{
	return ns / 1000;
}

static void put_process(void *context, const struct profile_process *process)
{
	struct json *json = &((struct dhat *)context)->json;

	json_put_integer(json, "dhatFileVersion", 2);
	json_put_text(json, "mode",
		      process->sample_bytes ? "rheaper, estimates from a sample"
					    : "rheaper");
	json_put_text(json, "verb", "Allocated");
	json_put_bool(json, "bklt", true);
	json_put_bool(json, "bkacc", false);
	json_put_text(json, "tu", "us");
	json_put_text(json, "Mtu", "s");
	json_put_integer(json, "tuth", SHORT_LIVED_US);
	json_put_text(json, "cmd", process->command);
	json_put_integer(json, "pid", process->pid);
	json_put_integer(json, "tg", us(process->peak_ns));
	json_put_integer(json, "te", us(process->duration_ns));
}

static void number_allocator(void *context, const struct profile_stack *stack)
{
	if (stack->allocator)
		numbers_add(&((struct dhat *)context)->allocators,
			    stack->allocator_number);
}

static void number_frame(void *context, const struct profile_frame *frame)
{
	numbers_add(&((struct dhat *)context)->frames, frame->frame);
}

static void add_index(struct dhat *d, uint32_t index)
{
	json_integer(&d->json, index);
	d->hash = map_hash(d->hash ^ index);
	d->any = true;
}

static void put_totals(struct json *json, const struct profile_stack *stack,
		       const struct past_stack *past)
{
	json_put_integer(json, "tb", stack->values[PROFILE_BYTES]);
	json_put_integer(json, "tbk", stack->values[PROFILE_ALLOCATIONS]);
	json_put_integer(json, "tl", us(past->lifetime_ns));
	json_put_integer(json, "mb", stack->own_peak_bytes);
	json_put_integer(json, "mbk", past->own_peak_blocks);
	json_put_integer(json, "gb", stack->values[PROFILE_PEAK_BYTES]);
	json_put_integer(json, "gbk", stack->peak_blocks);
	json_put_integer(json, "eb", stack->values[PROFILE_LIVE_BYTES]);
	json_put_integer(json, "ebk", stack->values[PROFILE_LIVE_BLOCKS]);
}

static void begin_stack(void *context, const struct profile_stack *stack)
{
	struct dhat *d = context;
	struct past_stack past = past_find(d->past, stack->stack);

	json_begin_object(&d->json);
	put_totals(&d->json, stack, &past);
	json_key(&d->json, "fs");
	json_begin_array(&d->json);
	d->hash = 1;
	if (stack->allocator)
		add_index(d, N_FIXED + numbers_find(&d->allocators,
						    stack->allocator_number));
	d->any = false;
}

static void add_frame(void *context, const struct profile_frame *frame)
{
	struct dhat *d = context;

	add_index(d, N_FIXED + d->allocators.n + numbers_find(&d->frames, frame->frame));
}

static void add_repeated(struct dhat *d, int64_t stack)
{
	if (array_grow((void **)&d->repeated, &d->n_repeated_max, d->n_repeated + 1,
		       sizeof(*d->repeated)))
		die("write the profile: out of memory");
	add_index(d, N_FIXED + d->allocators.n + d->frames.n + (uint32_t)d->n_repeated);
	d->repeated[d->n_repeated++] = stack;
}

static void end_stack(void *context, const struct profile_stack *stack)
{
	struct dhat *d = context;

	if (stack->truncated)
		add_index(d, TRUNCATED);
	else if (!d->any)
		add_index(d, UNKNOWN);
	if (map_get(&d->written, d->hash) != MAP_NONE)
		add_repeated(d, stack->stack);
	else if (map_put(&d->written, d->hash, 1))
		die("write the profile: out of memory");
	json_end_array(&d->json);
	json_end_object(&d->json);
}

static void put_text(struct dhat *d, const char *text)
{
	char *printable = text_printable(text);

	if (!printable)
		die("write the profile: out of memory");
	json_text(&d->json, printable);
	free(printable);
}

/* Allocators come in the order in which they were numbered. */
static void put_allocator(void *context, const struct profile_stack *stack)
{
	struct dhat *d = context;

	if (!stack->allocator ||
	    numbers_find(&d->allocators, stack->allocator_number) != d->allocators.n)
		return;
	put_text(d, stack->allocator);
	d->allocators.n++;
}

static void put_frame(void *context, const struct profile_frame *frame)
{
	char *label = calls_label(frame);

	json_text(&((struct dhat *)context)->json, label);
	free(label);
}

static void put_texts(struct dhat *d, struct profile *profile)
{
	char text[40];

	json_key(&d->json, "ftbl");
	json_begin_lines(&d->json);
	for (size_t i = 0; i < N_FIXED; i++)
		put_text(d, fixed[i]);
	d->allocators.n = 0;
	profile_each_stack(profile,
			   &(struct profile_visitor){.end = put_allocator, .context = d});
	profile_each_frame(profile, put_frame, d);
	for (size_t i = 0; i < d->n_repeated; i++) {
		snprintf(text, sizeof(text), "[stack %" PRId64 "]", d->repeated[i]);
		put_text(d, text);
	}
	json_end_array(&d->json);
}

static void put_stacks(struct dhat *d, struct profile *profile)
{
	profile_each_stack(profile, &(struct profile_visitor){.end = number_allocator,
							      .context = d});
	profile_each_frame(profile, number_frame, d);
	json_key(&d->json, "pps");
	json_begin_lines(&d->json);
	d->past = past_open(profile, NULL);
	profile_each_stack(profile, &(struct profile_visitor){
					    .stack = begin_stack,
					    .frame = add_frame,
					    .end = end_stack,
					    .context = d,
				    });
	past_close(d->past);
	json_end_array(&d->json);
}

void dhat_write(struct profile *profile, const struct format_options *options, FILE *out)
{
	struct dhat d = {.json = json_open(out)};

	(void)options;
	json_begin_object(&d.json);
	profile_each_process(profile, put_process, &d);
	put_stacks(&d, profile);
	put_texts(&d, profile);
	json_end_object(&d.json);
	putc('\n', out);
	numbers_fini(&d.allocators);
	numbers_fini(&d.frames);
	map_fini(&d.written);
	free(d.repeated);
}
