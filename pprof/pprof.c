// SPDX-License-Identifier: MIT
/*
 * Serialized messages that follow each other are one message, whose repeated fields
 * are joined: so each sample, location, function and string goes out as a Profile of
 * its own as soon as it is known.
 *
 * A location is an address with all the functions inlined there. Locations and modules
 * are numbered from 1 without gaps, as some readers want them.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/map.h"
#include "common/path.h"
#include "profile.pb-c.h"
#include "symbols/short-name.h"

#include "pprof/gzip.h"
#include "pprof/pprof.h"
#include "pprof/strings.h"

/* Of what has no stack; no frame has this number. */
#define UNKNOWN_FRAME (INT64_C(1) << 62)

struct pprof {
	struct gzip *out;
	struct pprof_settings settings;
	struct strings strings;
	struct map functions; /* by name and file */
	struct map locations; /* by frame */
	struct map modules;
	uint32_t n_functions, n_locations, n_modules;
	uint8_t *buffer;
	size_t buffer_size;
	Rheaper__Line *lines;
	size_t n_lines_max;
	Rheaper__Line **line_pointers;
	size_t n_pointers_max;
	Rheaper__Profile head; /* what is there once */
};

static void reserve(void **array, size_t *n_max, size_t n, size_t size)
{
	if (array_grow(array, n_max, n, size))
		die("write the profile: out of memory");
}

static void number_key(struct map *map, uint64_t key, uint32_t number)
{
	if (map_put(map, key, number))
		die("write the profile: out of memory");
}

static void put(struct pprof *p, const Rheaper__Profile *part)
{
	size_t size = rheaper__profile__get_packed_size(part);

	reserve((void **)&p->buffer, &p->buffer_size, size, 1);
	rheaper__profile__pack(part, p->buffer);
	gzip_write(p->out, p->buffer, size);
}

/* The number of a string, which is written when it is new. */
static int64_t number_of(struct pprof *p, const char *text)
{
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	bool is_new;
	int64_t number = strings_number(&p->strings, text, &is_new);

	if (!is_new)
		return number;
	part.n_string_table = 1;
	part.string_table = (char **)&text;
	put(p, &part);
	return number;
}

static int64_t number_of_file(struct pprof *p, const char *file)
{
	if (file && p->settings.base_names)
		file = path_base(file);
	return number_of(p, file ? file : "");
}

static uint64_t function_of(struct pprof *p, const char *name, const char *file)
{
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	Rheaper__Function function = RHEAPER__FUNCTION__INIT;
	Rheaper__Function *pointer = &function;
	int64_t name_number = number_of(p, name);
	int64_t file_number = number_of_file(p, file);
	uint64_t key = (uint64_t)file_number << 32 | (uint64_t)name_number;
	uint32_t known = map_get(&p->functions, key);
	char text[SHORT_NAME_SIZE];

	if (known != MAP_NONE)
		return known;
	function.id = ++p->n_functions;
	function.name = name_number;
	/* Where both say the same, pprof cuts the arguments of templates and adds up. */
	if (p->settings.short_names) {
		function.system_name = name_number;
		short_name(name, text, sizeof(text));
		function.name = number_of(p, text);
	}
	function.filename = file_number;
	part.n_function = 1;
	part.function = &pointer;
	put(p, &part);
	number_key(&p->functions, key, p->n_functions);
	return p->n_functions;
}

static void put_location(struct pprof *p, const struct profile_frame *place, size_t n)
{
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	Rheaper__Location location = RHEAPER__LOCATION__INIT;
	Rheaper__Location *pointer = &location;
	uint32_t module = map_get(&p->modules, (uint64_t)place->module);

	reserve((void **)&p->line_pointers, &p->n_pointers_max, n,
		sizeof(*p->line_pointers));
	for (size_t i = 0; i < n; i++)
		p->line_pointers[i] = &p->lines[i];
	location.id = ++p->n_locations;
	location.mapping_id = module == MAP_NONE ? 0 : module;
	/* Within the call, as pprof's own writers have it */
	location.address = place->address ? (uint64_t)place->address - 1 : 0;
	location.n_line = n;
	location.line = p->line_pointers;
	part.n_location = 1;
	part.location = &pointer;
	put(p, &part);
}

uint64_t pprof_find_location(const struct pprof *p, int64_t frame)
{
	uint32_t known = map_get(&p->locations, (uint64_t)frame);

	return known == MAP_NONE ? 0 : known;
}

uint64_t pprof_put_location(struct pprof *p, const struct profile_frame *frames, size_t n)
{
	uint64_t known = pprof_find_location(p, frames->frame);

	if (known)
		return known;
	reserve((void **)&p->lines, &p->n_lines_max, n, sizeof(*p->lines));
	for (size_t i = 0; i < n; i++) {
		p->lines[i] = (Rheaper__Line)RHEAPER__LINE__INIT;
		p->lines[i].function_id =
			function_of(p, frames[i].function, frames[i].file);
		p->lines[i].line = frames[i].line;
	}
	put_location(p, frames, n);
	number_key(&p->locations, (uint64_t)frames->frame, p->n_locations);
	return p->n_locations;
}

void pprof_put_sample(struct pprof *p, const struct pprof_sample *s)
{
	const struct profile_frame unknown = {.frame = UNKNOWN_FRAME,
					      .function = "[unknown]"};
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	Rheaper__Sample sample = RHEAPER__SAMPLE__INIT, *pointer = &sample;
	Rheaper__Label label = RHEAPER__LABEL__INIT, *label_pointer = &label;
	uint64_t unknown_location;

	sample.n_location_id = s->n_locations;
	sample.location_id = (uint64_t *)s->locations;
	if (s->n_locations == 0) {
		unknown_location = pprof_put_location(p, &unknown, 1);
		sample.n_location_id = 1;
		sample.location_id = &unknown_location;
	}
	sample.n_value = (size_t)__builtin_popcount(p->settings.values);
	sample.value = (int64_t *)s->values;
	if (s->allocator) {
		label.key = number_of(p, "allocator");
		label.str = number_of(p, s->allocator);
		sample.n_label = 1;
		sample.label = &label_pointer;
	}
	part.n_sample = 1;
	part.sample = &pointer;
	put(p, &part);
}

void pprof_put_module(struct pprof *p, const struct profile_module *module)
{
	Rheaper__Profile part = RHEAPER__PROFILE__INIT;
	Rheaper__Mapping mapping = RHEAPER__MAPPING__INIT;
	Rheaper__Mapping *pointer = &mapping;

	if (map_get(&p->modules, (uint64_t)module->module) != MAP_NONE)
		return;
	number_key(&p->modules, (uint64_t)module->module, ++p->n_modules);
	mapping.id = p->n_modules;
	mapping.memory_start = (uint64_t)module->start;
	mapping.memory_limit = (uint64_t)module->end;
	mapping.filename = number_of_file(p, module->path);
	mapping.build_id = number_of(p, module->build_id);
	mapping.has_functions = module->has_functions;
	mapping.has_filenames = mapping.has_line_numbers = module->has_lines;
	mapping.has_inline_frames = module->has_lines;
	part.n_mapping = 1;
	part.mapping = &pointer;
	put(p, &part);
}

void pprof_put_comment(struct pprof *p, const char *format, ...)
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

void pprof_set_time(struct pprof *p, int64_t time_ns, int64_t duration_ns)
{
	p->head.time_nanos = time_ns;
	p->head.duration_nanos = duration_ns;
}

void pprof_set_period(struct pprof *p, int64_t bytes)
{
	p->head.period = bytes;
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

	for (unsigned int i = 0; i < PPROF_N_VALUES; i++) {
		Rheaper__Profile part = RHEAPER__PROFILE__INIT;

		if (!(p->settings.values & 1u << i))
			continue;
		type.type = number_of(p, types[i][0]);
		type.unit = number_of(p, types[i][1]);
		part.n_sample_type = 1;
		part.sample_type = &pointer;
		put(p, &part);
		if (i == p->settings.shown)
			p->head.default_sample_type = type.type;
	}
}

struct pprof *pprof_begin(FILE *out, const struct pprof_settings *settings)
{
	struct pprof *p = calloc(1, sizeof(*p));

	if (!p || !(p->out = gzip_new(out)))
		die("write the profile: out of memory");
	p->settings = *settings;
	p->head = (Rheaper__Profile)RHEAPER__PROFILE__INIT;
	number_of(p, "");
	put_types(p);
	return p;
}

size_t pprof_size(const struct pprof *p)
{
	return gzip_size(p->out);
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

int pprof_end(struct pprof *p)
{
	int error;

	put_head(p);
	error = gzip_end(p->out);
	strings_fini(&p->strings);
	map_fini(&p->functions);
	map_fini(&p->locations);
	map_fini(&p->modules);
	free(p->buffer);
	free(p->lines);
	free(p->line_pointers);
	free(p);
	return error;
}
