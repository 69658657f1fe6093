// SPDX-License-Identifier: MIT
/*
 * OTLP's profiles, of which version 1.10 is written: experimental there, and here. One
 * profile has one type of sample, so there are up to four, which share a dictionary.
 *
 * Serialized messages that follow each other are one, whose repeated fields are joined:
 * so the dictionary and each profile are written element by element, each to a stream of
 * its own, and put together at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/map.h"
#include "common/path.h"
#include "config.h"
#include "otlp.pb-c.h"
#include "pprof/gzip.h"
#include "pprof/strings.h"

#include "push/engine.h"
#include "push/text.h"

#define N_VALUES (PROFILE_LIVE_BYTES + 1)

struct body {
	FILE *out;
	const struct push_window *window;
	struct push_text dictionary, profiles[N_VALUES];
	struct strings strings;
	struct map functions; /* by name and file */
	struct map locations; /* by place */
	struct map mappings;  /* by module */
	int32_t n_functions, n_locations, n_mappings, n_attributes, n_stacks;
	uint8_t *buffer;
	size_t buffer_size;
	size_t size;
};

static _Noreturn void die_memory(void)
{
	die("write a profile: out of memory");
}

static void pack(struct body *b, FILE *out, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	if (array_grow((void **)&b->buffer, &b->buffer_size, size, 1))
		die_memory();
	protobuf_c_message_pack(message, b->buffer);
	fwrite(b->buffer, 1, size, out);
	b->size += size;
}

static void put_dictionary(struct body *b, const Otlp__Dictionary *part)
{
	pack(b, b->dictionary.out, &part->base);
}

static int32_t number_of(struct body *b, const char *text)
{
	Otlp__Dictionary part = OTLP__DICTIONARY__INIT;
	bool is_new;
	int64_t number = strings_number(&b->strings, text, &is_new);

	part.n_string_table = 1;
	part.string_table = (char **)&text;
	if (is_new)
		put_dictionary(b, &part);
	return (int32_t)number;
}

static int32_t number_of_file(struct body *b, const char *file)
{
	if (file && b->window->redacted)
		file = path_base(file);
	return number_of(b, file ? file : "");
}

static void know(struct map *map, uint64_t key, int32_t number)
{
	if (map_put(map, key, (uint32_t)number))
		die_memory();
}

static int32_t function_of(struct body *b, const struct profile_frame *frame)
{
	Otlp__Dictionary part = OTLP__DICTIONARY__INIT;
	Otlp__Function function = OTLP__FUNCTION__INIT, *pointer = &function;
	int32_t name = number_of(b, frame->function);
	int32_t file = number_of_file(b, frame->file);
	uint64_t key = (uint64_t)file << 32 | (uint64_t)name;
	uint32_t known = map_get(&b->functions, key);

	if (known != MAP_NONE)
		return (int32_t)known;
	function.name_strindex = name;
	function.filename_strindex = file;
	part.n_function_table = 1;
	part.function_table = &pointer;
	put_dictionary(b, &part);
	know(&b->functions, key, b->n_functions);
	return b->n_functions++;
}

static int32_t location_of(struct body *b, const struct push_place *place)
{
	const struct profile_frame *first = place->frames;
	Otlp__Dictionary part = OTLP__DICTIONARY__INIT;
	Otlp__Location location = OTLP__LOCATION__INIT, *pointer = &location;
	uint32_t known = map_get(&b->locations, (uint64_t)first->frame);
	Otlp__Line *lines = known == MAP_NONE ? calloc(place->n, sizeof(*lines)) : NULL;
	Otlp__Line **pointers = calloc(place->n, sizeof(*pointers));

	if (!pointers || (known == MAP_NONE && !lines))
		die_memory();
	for (size_t i = 0; lines && i < place->n; i++) {
		lines[i] = (Otlp__Line)OTLP__LINE__INIT;
		lines[i].function_index = function_of(b, &place->frames[i]);
		lines[i].line = place->frames[i].line;
		pointers[i] = &lines[i];
	}
	if (lines) {
		location.mapping_index =
			(int32_t)map_get(&b->mappings, (uint64_t)first->module);
		location.address = first->address ? (uint64_t)first->address - 1 : 0;
		location.n_lines = place->n;
		location.lines = pointers;
		part.n_location_table = 1;
		part.location_table = &pointer;
		put_dictionary(b, &part);
		known = (uint32_t)b->n_locations++;
		know(&b->locations, (uint64_t)first->frame, (int32_t)known);
	}
	free(lines);
	free(pointers);
	return (int32_t)known;
}

/* A build id, as an attribute of its module. */
static int32_t attribute_of(struct body *b, const char *build_id)
{
	Otlp__Dictionary part = OTLP__DICTIONARY__INIT;
	Otlp__KeyValueAndUnit attribute = OTLP__KEY_VALUE_AND_UNIT__INIT;
	Otlp__KeyValueAndUnit *pointer = &attribute;
	Otlp__AnyValue value = OTLP__ANY_VALUE__INIT;

	value.string_value = (char *)build_id;
	attribute.key_strindex = number_of(b, "process.executable.build_id.gnu");
	attribute.value = &value;
	part.n_attribute_table = 1;
	part.attribute_table = &pointer;
	put_dictionary(b, &part);
	return b->n_attributes++;
}

static void put_module(struct body *b, const struct profile_module *module)
{
	Otlp__Dictionary part = OTLP__DICTIONARY__INIT;
	Otlp__Mapping mapping = OTLP__MAPPING__INIT, *pointer = &mapping;
	int32_t attribute = *module->build_id ? attribute_of(b, module->build_id) : 0;

	mapping.memory_start = (uint64_t)module->start;
	mapping.memory_limit = (uint64_t)module->end;
	mapping.filename_strindex = number_of_file(b, module->path);
	mapping.n_attribute_indices = attribute > 0;
	mapping.attribute_indices = &attribute;
	part.n_mapping_table = 1;
	part.mapping_table = &pointer;
	put_dictionary(b, &part);
	know(&b->mappings, (uint64_t)module->module, b->n_mappings++);
}

/* The first element of each table means "none". */
static void put_zeros(struct body *b)
{
	Otlp__Dictionary part = OTLP__DICTIONARY__INIT;
	uint8_t no_trace[16] = {0};
	Otlp__Mapping mapping = OTLP__MAPPING__INIT, *mappings = &mapping;
	Otlp__Location location = OTLP__LOCATION__INIT, *locations = &location;
	Otlp__Function function = OTLP__FUNCTION__INIT, *functions = &function;
	Otlp__Link link = OTLP__LINK__INIT, *links = &link;
	Otlp__KeyValueAndUnit attribute = OTLP__KEY_VALUE_AND_UNIT__INIT;
	Otlp__KeyValueAndUnit *attributes = &attribute;
	Otlp__Stack stack = OTLP__STACK__INIT, *stacks = &stack;

	link.trace_id = (ProtobufCBinaryData){16, no_trace};
	link.span_id = (ProtobufCBinaryData){8, no_trace};
	part.n_mapping_table = part.n_location_table = part.n_function_table = 1;
	part.n_link_table = part.n_attribute_table = part.n_stack_table = 1;
	part.mapping_table = &mappings;
	part.location_table = &locations;
	part.function_table = &functions;
	part.link_table = &links;
	part.attribute_table = &attributes;
	part.stack_table = &stacks;
	put_dictionary(b, &part);
	b->n_mappings = b->n_locations = b->n_functions = 1;
	b->n_attributes = b->n_stacks = 1;
	number_of(b, "");
}

static bool has_value(const struct push_window *w, unsigned int value)
{
	return w->parts & (value < PROFILE_LIVE_BLOCKS ? PUSH_ALLOC : PUSH_INUSE);
}

static void put_profile_head(struct body *b, unsigned int value)
{
	static const char *const types[N_VALUES][2] = {
		[PROFILE_ALLOCATIONS] = {"alloc_objects", "count"},
		[PROFILE_BYTES] = {"alloc_space", "bytes"},
		[PROFILE_LIVE_BLOCKS] = {"inuse_objects", "count"},
		[PROFILE_LIVE_BYTES] = {"inuse_space", "bytes"},
	};
	const struct push_window *w = b->window;
	bool moment = value >= PROFILE_LIVE_BLOCKS;
	Otlp__Profile head = OTLP__PROFILE__INIT;
	Otlp__ValueType type = OTLP__VALUE_TYPE__INIT, period = OTLP__VALUE_TYPE__INIT;

	type.type_strindex = number_of(b, types[value][0]);
	type.unit_strindex = number_of(b, types[value][1]);
	period.type_strindex = number_of(b, "allocated_bytes");
	period.unit_strindex = number_of(b, "bytes");
	head.sample_type = &type;
	head.time_unix_nano = (uint64_t)(moment ? w->end_ns : w->begin_ns);
	head.duration_nano = moment ? 0 : (uint64_t)(w->end_ns - w->begin_ns);
	if (w->process->sample_bytes) {
		head.period_type = &period;
		head.period = w->process->sample_bytes;
	}
	b->profiles[value] = push_text_begin();
	pack(b, b->profiles[value].out, &head.base);
}

static void *begin(FILE *out, const struct push_window *window)
{
	struct body *b = calloc(1, sizeof(*b));

	if (!b)
		die_memory();
	b->out = out;
	b->window = window;
	b->dictionary = push_text_begin();
	put_zeros(b);
	for (size_t i = 0; i < window->process->n_modules; i++)
		put_module(b, &window->process->modules[i]);
	for (unsigned int v = 0; v < N_VALUES; v++)
		if (has_value(window, v))
			put_profile_head(b, v);
	return b;
}

static int32_t stack_of(struct body *b, const struct push_stack *s)
{
	const struct push_process *p = b->window->process;
	Otlp__Dictionary part = OTLP__DICTIONARY__INIT;
	Otlp__Stack stack = OTLP__STACK__INIT, *pointer = &stack;
	int32_t *locations = calloc(s->n, sizeof(*locations));

	if (!locations)
		die_memory();
	for (size_t i = 0; i < s->n; i++)
		locations[i] = location_of(b, &p->places[p->numbers[s->first + i]]);
	stack.n_location_indices = s->n;
	stack.location_indices = locations;
	part.n_stack_table = 1;
	part.stack_table = &pointer;
	put_dictionary(b, &part);
	free(locations);
	return b->n_stacks++;
}

static void put(void *context, const struct push_sample *s)
{
	struct body *b = context;
	int32_t stack = stack_of(b, s->stack);

	for (unsigned int v = 0; v < N_VALUES; v++) {
		Otlp__Profile part = OTLP__PROFILE__INIT;
		Otlp__Sample sample = OTLP__SAMPLE__INIT, *pointer = &sample;
		int64_t value = s->of->values[v];

		if (!has_value(b->window, v) || !value)
			continue;
		sample.stack_index = stack;
		sample.n_values = 1;
		sample.values = &value;
		part.n_samples = 1;
		part.samples = &pointer;
		pack(b, b->profiles[v].out, &part.base);
	}
}

static size_t size(const void *body)
{
	return ((const struct body *)body)->size;
}

static Otlp__KeyValue *make_attributes(const struct push_labels *labels,
				       Otlp__KeyValue ***pointers,
				       Otlp__AnyValue **values)
{
	Otlp__KeyValue *list = calloc(labels->n + 1, sizeof(*list));

	*pointers = calloc(labels->n + 1, sizeof(**pointers));
	*values = calloc(labels->n + 1, sizeof(**values));
	if (!list || !*pointers || !*values)
		die_memory();
	for (size_t i = 0; i < labels->n; i++) {
		list[i] = (Otlp__KeyValue)OTLP__KEY_VALUE__INIT;
		(*values)[i] = (Otlp__AnyValue)OTLP__ANY_VALUE__INIT;
		(*values)[i].string_value = labels->labels[i].value;
		list[i].key = labels->labels[i].name;
		list[i].value = &(*values)[i];
		(*pointers)[i] = &list[i];
	}
	return list;
}

/* Put the request together: `scope` has the profiles. */
static void write_request(struct body *b, Otlp__ScopeProfiles *scope,
			  ProtobufCBinaryData dictionary)
{
	Otlp__Request request = OTLP__REQUEST__INIT;
	Otlp__ResourceProfiles of_resource = OTLP__RESOURCE_PROFILES__INIT;
	Otlp__ResourceProfiles *of_resources = &of_resource;
	Otlp__Resource resource = OTLP__RESOURCE__INIT;
	Otlp__KeyValue **attributes, *list;
	Otlp__AnyValue *values;
	struct gzip *gzip = gzip_new(b->out);
	size_t packed;
	uint8_t *bytes;

	list = make_attributes(b->window->labels, &attributes, &values);
	resource.n_attributes = b->window->labels->n;
	resource.attributes = attributes;
	of_resource.resource = &resource;
	of_resource.n_scope_profiles = 1;
	of_resource.scope_profiles = &scope;
	request.n_resource_profiles = 1;
	request.resource_profiles = &of_resources;
	request.dictionary = dictionary;
	packed = otlp__request__get_packed_size(&request);
	bytes = malloc(packed);
	if (!gzip || !bytes)
		die_memory();
	otlp__request__pack(&request, bytes);
	gzip_write(gzip, bytes, packed);
	if (gzip_end(gzip))
		die_memory();
	free(bytes);
	free(list);
	free(attributes);
	free(values);
}

static void end(void *context)
{
	struct body *b = context;
	Otlp__ScopeProfiles of_scope = OTLP__SCOPE_PROFILES__INIT;
	Otlp__Scope scope = OTLP__SCOPE__INIT;
	ProtobufCBinaryData profiles[N_VALUES], dictionary;

	for (unsigned int v = 0; v < N_VALUES; v++) {
		ProtobufCBinaryData *profile = &profiles[of_scope.n_profiles];

		if (!has_value(b->window, v))
			continue;
		profile->data = (uint8_t *)push_text_end(&b->profiles[v]);
		profile->len = b->profiles[v].size;
		of_scope.n_profiles++;
	}
	dictionary.data = (uint8_t *)push_text_end(&b->dictionary);
	dictionary.len = b->dictionary.size;
	scope.name = (char *)"rheaper";
	scope.version = (char *)RHEAPER_VERSION;
	of_scope.scope = &scope;
	of_scope.profiles = profiles;
	write_request(b, &of_scope, dictionary);
	for (size_t i = 0; i < of_scope.n_profiles; i++)
		free(profiles[i].data);
	free(dictionary.data);
	strings_fini(&b->strings);
	map_fini(&b->functions);
	map_fini(&b->locations);
	map_fini(&b->mappings);
	free(b->buffer);
	free(b);
}

const struct push_body push_body_otlp = {begin, put, size, end};

void otlp_finish(struct push_request *request, const struct push_window *window)
{
	(void)window;
	request->path = strdup("/v1development/profiles");
	if (!request->path)
		die_memory();
	request->type = "application/x-protobuf";
	request->encoding = "gzip";
}
