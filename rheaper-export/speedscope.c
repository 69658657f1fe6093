// SPDX-License-Identifier: MIT
/*
 * speedscope's file format: one profile for each value, over the same frames. A profile
 * has its stacks in one array and their weights in another, so the stacks are visited
 * twice for each. A frame is a function, as speedscope adds up by frames; it has a line
 * if it has only one.
 *
 * A profile without weight is left out, unless none has any: speedscope takes no file
 * without a profile.
 */
#include "common/json.h"

#include "rheaper-export/sum.h"
#include "rheaper-export/calls.h"
#include "rheaper-export/formats.h"

struct speedscope {
	struct json json;
	struct numbers frames; /* of the database, as indices of functions */
	uint32_t n_functions;
	uint32_t unknown, truncated; /* functions that stand for something else */
	enum profile_value value;
	bool skipped, any;
	int64_t totals[N_PROFILE_VALUES];
};

static void put_function(struct speedscope *s, const struct profile_place *place)
{
	json_begin_object(&s->json);
	json_put_text(&s->json, "name",
		      place->function[0] ? place->function : "[unnamed]");
	if (place->file)
		json_put_text(&s->json, "file", place->file);
	if (place->file && place->only_line > 0)
		json_put_integer(&s->json, "line", place->only_line);
	json_end_object(&s->json);
	s->n_functions++;
}

static void add_place(void *context, const struct profile_place *place)
{
	struct speedscope *s = context;

	if (place->number > s->n_functions)
		put_function(s, place);
	numbers_put(&s->frames, place->frame, s->n_functions - 1);
}

static void put_frames(struct speedscope *s, struct profile *profile)
{
	json_key(&s->json, "shared");
	json_begin_object(&s->json);
	json_key(&s->json, "frames");
	json_begin_lines(&s->json);
	profile_each_place(profile, false, add_place, s);
	s->unknown = s->n_functions;
	put_function(s, &(struct profile_place){.function = "[unknown]"});
	s->truncated = s->n_functions;
	put_function(s, &(struct profile_place){.function = "[truncated]"});
	json_end_array(&s->json);
	json_end_object(&s->json);
}

static void add_totals(void *context, const struct profile_stack *stack)
{
	struct speedscope *s = context;

	for (int i = 0; i < N_PROFILE_VALUES; i++)
		s->totals[i] = sum_saturated(s->totals[i], stack->values[i]);
}

static void begin_sample(void *context, const struct profile_stack *stack)
{
	struct speedscope *s = context;

	s->skipped = stack->values[s->value] <= 0;
	if (s->skipped)
		return;
	json_begin_array(&s->json);
	s->any = stack->truncated;
	if (stack->truncated)
		json_integer(&s->json, s->truncated);
}

static void add_frame(void *context, const struct profile_frame *frame)
{
	struct speedscope *s = context;

	if (s->skipped)
		return;
	json_integer(&s->json, numbers_find(&s->frames, frame->frame));
	s->any = true;
}

static void end_sample(void *context, const struct profile_stack *stack)
{
	struct speedscope *s = context;

	(void)stack;
	if (s->skipped)
		return;
	if (!s->any)
		json_integer(&s->json, s->unknown);
	json_end_array(&s->json);
}

static void put_weight(void *context, const struct profile_stack *stack)
{
	struct speedscope *s = context;

	if (stack->values[s->value] > 0)
		json_integer(&s->json, stack->values[s->value]);
}

static void put_profile(struct speedscope *s, struct profile *profile, const char *name)
{
	bool blocks = s->value == PROFILE_ALLOCATIONS || s->value == PROFILE_LIVE_BLOCKS;

	json_begin_object(&s->json);
	json_put_text(&s->json, "type", "sampled");
	json_put_text(&s->json, "name", name);
	json_put_text(&s->json, "unit", blocks ? "none" : "bytes");
	json_put_integer(&s->json, "startValue", 0);
	json_put_integer(&s->json, "endValue", s->totals[s->value]);
	json_key(&s->json, "samples");
	json_begin_lines(&s->json);
	profile_each_stack(profile, &(struct profile_visitor){
					    .stack = begin_sample,
					    .frame = add_frame,
					    .end = end_sample,
					    .context = s,
					    .outermost_first = true,
				    });
	json_end_array(&s->json);
	json_key(&s->json, "weights");
	json_begin_array(&s->json);
	profile_each_stack(profile,
			   &(struct profile_visitor){.end = put_weight, .context = s});
	json_end_array(&s->json);
	json_end_object(&s->json);
}

static void put_profiles(struct speedscope *s, struct profile *profile)
{
	static const struct {
		enum profile_value value;
		const char *name;
	} profiles[] = {
		{PROFILE_PEAK_BYTES, "live at the peak, bytes"},
		{PROFILE_BYTES, "allocated, bytes"},
		{PROFILE_ALLOCATIONS, "allocated, blocks"},
		{PROFILE_LIVE_BYTES, "not freed, bytes"},
		{PROFILE_LIVE_BLOCKS, "not freed, blocks"},
	};
	bool any = false;

	profile_each_stack(profile,
			   &(struct profile_visitor){.end = add_totals, .context = s});
	json_key(&s->json, "profiles");
	json_begin_lines(&s->json);
	for (size_t i = 0; i < sizeof(profiles) / sizeof(*profiles); i++) {
		s->value = profiles[i].value;
		if (s->totals[s->value] > 0) {
			put_profile(s, profile, profiles[i].name);
			any = true;
		}
	}
	if (!any)
		put_profile(s, profile, "nothing was allocated");
	json_end_array(&s->json);
}

static void put_name(void *context, const struct profile_process *process)
{
	struct speedscope *s = context;

	if (s->any)
		return;
	json_put_text(&s->json, "name", process->executable);
	s->any = true;
}

void speedscope_write(struct profile *profile, const struct format_options *options,
		      FILE *out)
{
	struct speedscope s = {.json = json_open(out)};

	(void)options;
	json_begin_object(&s.json);
	json_put_text(&s.json, "$schema",
		      "https://www.speedscope.app/file-format-schema.json");
	json_put_text(&s.json, "exporter", "rheaper-export");
	profile_each_process(profile, put_name, &s);
	put_frames(&s, profile);
	put_profiles(&s, profile);
	json_end_object(&s.json);
	putc('\n', out);
	numbers_fini(&s.frames);
}
