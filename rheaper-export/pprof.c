// SPDX-License-Identifier: MIT
/*
 * Serialized messages that follow each other are one message, whose repeated fields
 * are joined: so each sample, location, function and string goes out as a Profile of
 * its own as soon as it is known. What stays in memory is which strings and functions
 * have been written.
 *
 * A location is an address with all the functions inlined there; its id is the
 * number of the innermost frame.
 */
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/map.h"
#include "profile.pb-c.h"
#include "symbols/short-name.h"

#include "rheaper-export/formats.h"
#include "common/output.h"

/* Of what has no stack; no frame has this number. */
#define UNKNOWN_LOCATION (UINT64_C(1) << 62)

struct string {
	char *text;
	int64_t number;
};

struct pprof {
	gzFile out;
	enum profile_value shown;
	void *strings; /* tsearch's tree of struct string */
	int64_t n_strings;
	bool short_names;
	struct map functions; /* by name and file */
	uint32_t n_functions;
	uint8_t *buffer;
	size_t buffer_size;
	uint64_t *locations; /* of the stack that is visited */
	size_t n_locations, n_locations_max;
	bool unknown_is_written;
	uint64_t location; /* that is collected, 0: none */
	struct profile_frame place;
	Rheaper__Line *lines;
	size_t n_lines, n_lines_max;
	Rheaper__Line **line_pointers;
	size_t n_pointers_max;
	Rheaper__Profile head; /* what is there once */
};

static void reserve(void **array, size_t *n_max, size_t n, size_t size)
{
	if (array_grow(array, n_max, n, size))
		die("write the profile: out of memory");
}

static void put(struct pprof *p, const Rheaper__Profile *part)
{
	size_t size = rheaper__profile__get_packed_size(part);

	reserve((void **)&p->buffer, &p->buffer_size, size, 1);
	rheaper__profile__pack(part, p->buffer);
	if (size && gzwrite(p->out, p->buffer, (unsigned int)size) != (int)size)
		output_die();
}

static int compare_strings(const void *left, const void *right)
{
	const struct string *a = left, *b = right;

	return strcmp(a->text, b->text);
}

/* The number of a string, which is written when it is new. */
static int64_t number_of(struct pprof *p, const char *text)
{
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	struct string *string = malloc(sizeof(*string));
	struct string **found;
	char *copy = strdup(text);

	if (!string || !copy)
		die("write the profile: out of memory");
	*string = (struct string){copy, p->n_strings};
	found = tsearch(string, &p->strings, compare_strings);
	if (!found)
		die("write the profile: out of memory");
	if (*found != string) {
		free(copy);
		free(string);
		return (*found)->number;
	}
	part.n_string_table = 1;
	part.string_table = &copy;
	put(p, &part);
	return p->n_strings++;
}

static uint64_t function_of(struct pprof *p, const char *name, const char *file)
{
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	Rheaper__Function function = RHEAPER__FUNCTION__INIT;
	Rheaper__Function *pointer = &function;
	int64_t name_number = number_of(p, name);
	int64_t file_number = number_of(p, file ? file : "");
	uint64_t key = (uint64_t)file_number << 32 | (uint64_t)name_number;
	uint32_t known = map_get(&p->functions, key);
	char text[SHORT_NAME_SIZE];

	if (known != MAP_NONE)
		return known;
	function.id = ++p->n_functions;
	function.name = function.system_name = name_number;
	if (p->short_names) {
		short_name(name, text, sizeof(text));
		function.name = number_of(p, text);
	}
	function.filename = file_number;
	part.n_function = 1;
	part.function = &pointer;
	put(p, &part);
	if (map_put(&p->functions, key, p->n_functions))
		die("write the profile: out of memory");
	return p->n_functions;
}

static void put_location(struct pprof *p)
{
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	Rheaper__Location location = RHEAPER__LOCATION__INIT;
	Rheaper__Location *pointer = &location;

	if (p->location == 0)
		return;
	reserve((void **)&p->line_pointers, &p->n_pointers_max, p->n_lines,
		sizeof(*p->line_pointers));
	for (size_t i = 0; i < p->n_lines; i++)
		p->line_pointers[i] = &p->lines[i];
	location.id = p->location;
	location.mapping_id = (uint64_t)p->place.module;
	/* Within the call, as pprof's own writers have it */
	location.address = p->place.address ? p->place.address - 1 : 0;
	location.n_line = p->n_lines;
	location.line = p->line_pointers;
	part.n_location = 1;
	part.location = &pointer;
	put(p, &part);
}

static void collect_frame(void *context, const struct profile_frame *frame)
{
	struct pprof *p = context;
	Rheaper__Line line = RHEAPER__LINE__INIT;

	if (frame->innermost || p->location == 0) {
		put_location(p);
		p->location = (uint64_t)frame->frame;
		p->place = *frame;
		p->n_lines = 0;
	}
	line.function_id = function_of(p, frame->function, frame->file);
	line.line = frame->line;
	reserve((void **)&p->lines, &p->n_lines_max, p->n_lines + 1, sizeof(*p->lines));
	p->lines[p->n_lines++] = line;
}

static void begin_stack(void *context, const struct profile_stack *stack)
{
	struct pprof *p = context;

	(void)stack;
	p->n_locations = 0;
}

static void add_location(void *context, const struct profile_frame *frame)
{
	struct pprof *p = context;

	if (!frame->innermost)
		return;
	reserve((void **)&p->locations, &p->n_locations_max, p->n_locations + 1,
		sizeof(*p->locations));
	p->locations[p->n_locations++] = (uint64_t)frame->frame;
}

static void add_unknown(struct pprof *p)
{
	const struct profile_frame frame = {.frame = (int64_t)UNKNOWN_LOCATION,
					    .innermost = true,
					    .function = "[unknown]"};

	if (!p->unknown_is_written) {
		p->location = 0;
		collect_frame(p, &frame);
		put_location(p);
		p->unknown_is_written = true;
	}
	add_location(p, &frame);
}

static void put_sample(void *context, const struct profile_stack *stack)
{
	struct pprof *p = context;
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	Rheaper__Sample sample = RHEAPER__SAMPLE__INIT, *pointer = &sample;
	Rheaper__Label label = RHEAPER__LABEL__INIT, *label_pointer = &label;
	int64_t values[PROFILE_LIVE_BYTES + 1];

	memcpy(values, stack->values, sizeof(values));
	if (p->n_locations == 0)
		add_unknown(p);
	sample.n_location_id = p->n_locations;
	sample.location_id = p->locations;
	sample.n_value = sizeof(values) / sizeof(*values);
	sample.value = values;
	if (stack->allocator) {
		label.key = number_of(p, "allocator");
		label.str = number_of(p, stack->allocator);
		sample.n_label = 1;
		sample.label = &label_pointer;
	}
	part.n_sample = 1;
	part.sample = &pointer;
	put(p, &part);
}

static void put_mapping(void *context, const struct profile_module *module)
{
	struct pprof *p = context;
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	Rheaper__Mapping mapping = RHEAPER__MAPPING__INIT;
	Rheaper__Mapping *pointer = &mapping;

	mapping.id = (uint64_t)module->module;
	mapping.memory_start = module->start;
	mapping.memory_limit = module->end;
	mapping.filename = number_of(p, module->path);
	mapping.build_id = number_of(p, module->build_id);
	mapping.has_functions = module->has_functions;
	mapping.has_filenames = mapping.has_line_numbers = module->has_lines;
	mapping.has_inline_frames = module->has_lines;
	part.n_mapping = 1;
	part.mapping = &pointer;
	put(p, &part);
}

__attribute__((format(printf, 2, 3))) static void put_comment(struct pprof *p,
							      const char *format, ...)
{
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	va_list arguments;
	int64_t number;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		die("write the profile: out of memory");
	va_end(arguments);
	number = number_of(p, text);
	part.n_comment = 1;
	part.comment = &number;
	put(p, &part);
	free(text);
}

static void put_loss(void *context, const char *reason, int64_t count)
{
	put_comment(context, "losses: %s: %" PRId64, reason, count);
}

static void put_process(void *context, const struct profile_process *process)
{
	struct pprof *p = context;

	put_comment(p, "program: %s", process->executable);
	put_comment(p, "trace: %s", process->ending);
	/* Of several processes the first began, the longest lasted. */
	if (p->head.time_nanos == 0 || process->started_ns < p->head.time_nanos)
		p->head.time_nanos = process->started_ns;
	if (process->duration_ns > p->head.duration_nanos)
		p->head.duration_nanos = process->duration_ns;
	if (process->sample_bytes > p->head.period)
		p->head.period = process->sample_bytes;
}

/* pprof's names for what it knows of heap profiles, in its order, which is ours. */
static void put_types(struct pprof *p)
{
	static const char *const types[][2] = {
		[PROFILE_ALLOCATIONS] = {"alloc_objects", "count"},
		[PROFILE_BYTES] = {"alloc_space", "bytes"},
		[PROFILE_LIVE_BLOCKS] = {"inuse_objects", "count"},
		[PROFILE_LIVE_BYTES] = {"inuse_space", "bytes"},
	};
	Rheaper__ValueType type = RHEAPER__VALUE_TYPE__INIT, *pointer = &type;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		Rheaper__Profile part = RHEAPER__PROFILE__INIT;

		type.type = number_of(p, types[i][0]);
		type.unit = number_of(p, types[i][1]);
		part.n_sample_type = 1;
		part.sample_type = &pointer;
		put(p, &part);
		if (i == p->shown)
			p->head.default_sample_type = type.type;
	}
}

static void put_head(struct pprof *p)
{
	Rheaper__ValueType type = RHEAPER__VALUE_TYPE__INIT;

	if (p->head.period) {
		type.type = number_of(p, "space");
		type.unit = number_of(p, "bytes");
		p->head.period_type = &type;
	}
	put(p, &p->head);
}

static void write_all(struct pprof *p, struct profile *profile)
{
	number_of(p, "");
	put_types(p);
	profile_each_process(profile, put_process, p);
	profile_each_loss(profile, put_loss, p);
	put_head(p);
	profile_each_module(profile, put_mapping, p);
	profile_each_frame(profile, collect_frame, p);
	put_location(p);
	profile_each_stack(profile, &(struct profile_visitor){
					    .stack = begin_stack,
					    .frame = add_location,
					    .end = put_sample,
					    .context = p,
				    });
}

static void free_string(void *string)
{
	free(((struct string *)string)->text);
	free(string);
}

void pprof_write(struct profile *profile, const struct format_options *options, FILE *out)
{
	struct pprof p = {.shown = options->value,
			  .short_names = options->short_names,
			  .head = RHEAPER__PROFILE__INIT};
	int fd = dup(fileno(out));

	p.out = fd < 0 ? NULL : gzdopen(fd, "wb");
	if (!p.out)
		output_die();
	write_all(&p, profile);
	if (gzclose(p.out) != Z_OK)
		output_die();
	tdestroy(p.strings, free_string);
	map_fini(&p.functions);
	free(p.buffer);
	free(p.locations);
	free(p.lines);
	free(p.line_pointers);
}
