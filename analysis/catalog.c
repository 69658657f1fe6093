// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/json.h"
#include "common/text.h"

#include "analysis/catalog.h"

/* For traces of which little is left: ids may be higher than what remains. */
#define SPARE_IDS 65536

#define GROW(catalog, what)                                                              \
	array_grow((void **)&(catalog)->what, &(catalog)->n_##what##_max,                \
		   (catalog)->n_##what + 1, sizeof(*(catalog)->what))

/* Make sure of nodes[id]: 1, 0 if the id is damage, -ENOMEM. */
static int reach_node(struct catalog *c, uint32_t id)
{
	if (id < c->n_nodes)
		return 1;
	if (id > RHP_STACK_MAX || id >= c->n_ids)
		return 0;
	if (array_grow((void **)&c->nodes, &c->n_nodes_max, (size_t)id + 1,
		       sizeof(*c->nodes)))
		return -ENOMEM;
	c->n_nodes = (size_t)id + 1;
	return 1;
}

int catalog_number_stack(struct catalog *c, uint32_t node, uint32_t *stack)
{
	int result;

	*stack = 0;
	if (node == 0)
		return 0;
	result = reach_node(c, node);
	if (result <= 0) {
		c->n_damaged++;
		return result;
	}
	if (GROW(c, stacks))
		return -ENOMEM;
	c->stacks[c->n_stacks].node = node;
	*stack = c->nodes[node].stack = (uint32_t)c->n_stacks++;
	return 0;
}

static int take_node(void *context, const struct rhp_record *record)
{
	struct catalog *c = context;
	uint32_t id = (uint32_t)record->b;
	struct catalog_node *node;
	int result = id ? reach_node(c, id) : 0;

	if (result < 0)
		return result;
	if (result == 0 || c->nodes[id].code != 0) {
		c->n_damaged++;
		return 0;
	}
	node = &c->nodes[id];
	node->address = rhp_address(record);
	node->parent = (uint32_t)(record->b >> 32);
	node->module = (uint32_t)record->c;
	node->flags = (uint8_t)(record->c >> 32);
	node->code = rhp_code(record);
	return 0;
}

/* Whether a number is new, and fit to be one; then it gets an index. */
static int claim_number(struct catalog *c, struct map *map, uint64_t number, size_t index)
{
	if (map_get(map, number) != MAP_NONE)
		return 0;
	if (number == 0 || number > UINT32_MAX) {
		c->n_damaged++;
		return 0;
	}
	return map_put(map, number, (uint32_t)index) ? -ENOMEM : 1;
}

static int take_module(struct catalog *c, const struct reader_blob *blob)
{
	struct rhp_module head;
	struct catalog_module *m;
	const char *path = blob->text + sizeof(head);
	size_t rest = blob->text_size - sizeof(head);
	int result;

	if (blob->text_size < sizeof(head)) {
		c->n_damaged++;
		return 0;
	}
	memcpy(&head, blob->text, sizeof(head));
	if (head.build_id_size > rest || head.build_id_size > 64) {
		c->n_damaged++;
		return 0;
	}
	result = claim_number(c, &c->module_numbers, blob->b, c->n_modules);
	if (result <= 0)
		return result;
	if (GROW(c, modules))
		return -ENOMEM;
	m = &c->modules[c->n_modules++];
	*m = (struct catalog_module){.number = blob->b,
				     .start = head.start,
				     .end = head.end,
				     .bias = blob->c,
				     .build_id_size = head.build_id_size};
	m->build_id = malloc(m->build_id_size + 1);
	m->path = strndup(path + m->build_id_size, rest - m->build_id_size);
	if (!m->build_id || !m->path)
		return -ENOMEM;
	memcpy(m->build_id, path, m->build_id_size);
	return 0;
}

static int take_function(struct catalog *c, const struct reader_blob *blob)
{
	size_t length = strnlen(blob->text, blob->text_size);
	size_t rest = blob->text_size - length;
	struct catalog_function *f;
	int result = claim_number(c, &c->function_numbers, blob->b, c->n_functions);

	if (result <= 0)
		return result;
	if (GROW(c, functions))
		return -ENOMEM;
	f = &c->functions[c->n_functions++];
	f->number = blob->b;
	f->name = text_utf8(blob->text, length);
	if (rest)
		f->family = text_utf8(blob->text + length + 1,
				      strnlen(blob->text + length + 1, rest - 1));
	else
		f->family = strdup("");
	return f->name && f->family ? 0 : -ENOMEM;
}

static int take_thread(struct catalog *c, const struct reader_blob *blob)
{
	struct catalog_thread *t;
	int result = claim_number(c, &c->thread_numbers, blob->b, c->n_threads);

	if (result <= 0)
		return result;
	if (GROW(c, threads))
		return -ENOMEM;
	t = &c->threads[c->n_threads++];
	t->number = blob->b;
	t->tid = blob->c;
	t->name = text_utf8(blob->text, strnlen(blob->text, blob->text_size));
	return t->name ? 0 : -ENOMEM;
}

static int take_mark(struct catalog *c, const struct reader_blob *blob)
{
	struct catalog_mark *m;

	if (GROW(c, marks))
		return -ENOMEM;
	m = &c->marks[c->n_marks++];
	m->thread = blob->b;
	m->ticks = blob->c;
	m->text = text_utf8(blob->text, blob->text_size);
	return m->text ? 0 : -ENOMEM;
}

static int take_name(struct catalog *c, const struct reader_blob *blob)
{
	struct catalog_name *n;

	if (GROW(c, names))
		return -ENOMEM;
	n = &c->names[c->n_names++];
	n->thread = blob->b;
	n->ticks = blob->c;
	n->name = text_utf8(blob->text, strnlen(blob->text, blob->text_size));
	return n->name ? 0 : -ENOMEM;
}

static int take_scope(struct catalog *c, const struct reader_blob *blob)
{
	bool begins = blob->type == RHP_BLOB_BEGIN;
	struct catalog_scope *s;

	if (GROW(c, scopes))
		return -ENOMEM;
	s = &c->scopes[c->n_scopes++];
	s->thread = (uint32_t)blob->b;
	s->number = (uint32_t)(blob->b >> 32);
	s->ticks = blob->c;
	s->name = begins ? text_utf8(blob->text, blob->text_size) : NULL;
	return begins && !s->name ? -ENOMEM : 0;
}

/* Words that end in NUL each, the last perhaps not, as a JSON array. */
static char *format_words(const char *bytes, size_t size)
{
	struct json_memory memory;

	if (!json_memory_begin(&memory))
		return NULL;
	json_begin_array(&memory.json);
	while (size > 0) {
		size_t n = strnlen(bytes, size);

		json_bytes(&memory.json, bytes, n);
		n += n < size;
		bytes += n;
		size -= n;
	}
	json_end_array(&memory.json);
	return json_memory_end(&memory);
}

static int take_process(struct catalog *c, const struct reader_blob *blob)
{
	size_t n_host = strnlen(blob->text, blob->text_size);
	size_t skip = n_host + (n_host < blob->text_size);

	if (c->host || blob->b > UINT32_MAX) {
		c->n_damaged++;
		return 0;
	}
	c->parent_pid = (uint32_t)blob->b;
	c->host = text_utf8(blob->text, n_host);
	c->command_line = format_words(blob->text + skip, blob->text_size - skip);
	return c->host && c->command_line ? 0 : -ENOMEM;
}

static bool has_label(const struct catalog *c, const char *name)
{
	for (size_t i = 0; i < c->n_labels; i++)
		if (strcmp(c->labels[i].name, name) == 0)
			return true;
	return false;
}

/* A label is damage if it has no name, if there is one of its name, or too many. */
static int take_label(struct catalog *c, const char *text, size_t size)
{
	size_t n_name = strnlen(text, size);
	const char *equals = memchr(text, '=', n_name);
	struct catalog_label label;

	if (!equals || equals == text || c->n_labels == RHP_LABELS_MAX) {
		c->n_damaged++;
		return 0;
	}
	n_name = (size_t)(equals - text);
	label.name = text_utf8(text, n_name);
	label.value = text_utf8(equals + 1, size - n_name - 1);
	if (!label.name || !label.value || has_label(c, label.name)) {
		int error = label.name && label.value ? 0 : -ENOMEM;

		c->n_damaged++;
		free(label.name);
		free(label.value);
		return error;
	}
	c->labels[c->n_labels++] = label;
	return 0;
}

static int take_labels(struct catalog *c, const struct reader_blob *blob)
{
	const char *text = blob->text;
	size_t left = blob->text_size;
	int error = 0;

	while (left > 0 && !error) {
		size_t n = strnlen(text, left);

		error = take_label(c, text, n);
		n += n < left;
		text += n;
		left -= n;
	}
	return error;
}

static int take_resident(struct catalog *c, const struct reader_blob *blob)
{
	if (GROW(c, residents))
		return -ENOMEM;
	c->residents[c->n_residents++] = (struct catalog_resident){blob->c, blob->b};
	return 0;
}

static int take_blob(void *context, const struct reader_blob *blob)
{
	struct catalog *c = context;

	switch (blob->type) {
	case RHP_BLOB_MODULE:
		return take_module(c, blob);
	case RHP_BLOB_FUNCTION:
		return take_function(c, blob);
	case RHP_BLOB_THREAD:
		return take_thread(c, blob);
	case RHP_BLOB_MARK:
		return take_mark(c, blob);
	case RHP_BLOB_PROCESS:
		return take_process(c, blob);
	case RHP_BLOB_NAME:
		return take_name(c, blob);
	case RHP_BLOB_BEGIN:
	case RHP_BLOB_END:
		return take_scope(c, blob);
	case RHP_BLOB_LABELS:
		return take_labels(c, blob);
	case RHP_BLOB_SCAN:
		scan_take_end(&c->scan, blob);
		return 0;
	case RHP_BLOB_RESIDENT:
		return take_resident(c, blob);
	case RHP_BLOB_GRAPH:
		return heap_take_end(&c->heap, &c->scan, blob);
	}
	c->n_damaged++;
	return 0;
}

static int take_leak(void *context, const struct rhp_record *record)
{
	struct catalog *c = context;

	return scan_take_leak(&c->scan, record);
}

static int take_pointer(void *context, const struct rhp_record *record)
{
	struct catalog *c = context;

	return heap_take_pointer(&c->heap, &c->scan, record);
}

int catalog_init(struct catalog *c, struct reader_sink *sink)
{
	*c = (struct catalog){.n_ids = SPARE_IDS};
	*sink = (struct reader_sink){
		.context = c,
		.node = take_node,
		.blob = take_blob,
		.leak = take_leak,
		.pointer = take_pointer,
	};
	if (GROW(c, nodes) || GROW(c, stacks))
		return -ENOMEM;
	c->n_nodes = c->n_stacks = 1;
	return 0;
}

void catalog_limit_ids(struct catalog *c, uint64_t n_records)
{
	c->n_ids = n_records + SPARE_IDS;
}

static void name_thread(struct catalog_thread *t, struct catalog_name *name)
{
	bool is_newer = name->ticks >= t->named;

	if (is_newer)
		t->named = name->ticks;
	free(is_newer ? t->name : name->name);
	if (is_newer)
		t->name = name->name;
}

size_t catalog_name_threads(struct catalog *c)
{
	size_t n_left = 0;

	for (size_t i = 0; i < c->n_names; i++) {
		uint32_t index = map_get(&c->thread_numbers, c->names[i].thread);

		if (index < c->n_threads)
			name_thread(&c->threads[index], &c->names[i]);
		else
			c->names[n_left++] = c->names[i];
	}
	c->n_names = n_left;
	return n_left;
}

static int compare_marks(const void *left, const void *right)
{
	const struct catalog_mark *a = left, *b = right;

	if (a->ticks != b->ticks)
		return a->ticks < b->ticks ? -1 : 1;
	return a->thread < b->thread ? -1 : a->thread > b->thread;
}

static int compare_residents(const void *left, const void *right)
{
	const struct catalog_resident *a = left, *b = right;

	if (a->ticks != b->ticks)
		return a->ticks < b->ticks ? -1 : 1;
	return a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
}

void catalog_sort_times(struct catalog *c)
{
	if (c->n_residents)
		qsort(c->residents, c->n_residents, sizeof(*c->residents),
		      compare_residents);
	if (c->n_marks)
		qsort(c->marks, c->n_marks, sizeof(*c->marks), compare_marks);
}

const struct catalog_module *catalog_module(const struct catalog *c, uint64_t number)
{
	uint32_t index = map_get(&c->module_numbers, number);

	return index < c->n_modules ? &c->modules[index] : NULL;
}

const struct catalog_function *catalog_function(const struct catalog *c, uint64_t number)
{
	uint32_t index = map_get(&c->function_numbers, number);

	return index < c->n_functions ? &c->functions[index] : NULL;
}

void catalog_fini(struct catalog *c)
{
	for (size_t i = 0; i < c->n_modules; i++) {
		free(c->modules[i].path);
		free(c->modules[i].build_id);
	}
	for (size_t i = 0; i < c->n_functions; i++) {
		free(c->functions[i].name);
		free(c->functions[i].family);
	}
	for (size_t i = 0; i < c->n_threads; i++)
		free(c->threads[i].name);
	for (size_t i = 0; i < c->n_marks; i++)
		free(c->marks[i].text);
	for (size_t i = 0; i < c->n_names; i++)
		free(c->names[i].name);
	for (size_t i = 0; i < c->n_scopes; i++)
		free(c->scopes[i].name);
	for (size_t i = 0; i < c->n_labels; i++) {
		free(c->labels[i].name);
		free(c->labels[i].value);
	}
	free(c->host);
	free(c->command_line);
	free(c->nodes);
	free(c->stacks);
	free(c->modules);
	free(c->functions);
	free(c->threads);
	free(c->marks);
	free(c->names);
	free(c->scopes);
	free(c->residents);
	scan_fini(&c->scan);
	heap_fini(&c->heap);
	map_fini(&c->module_numbers);
	map_fini(&c->function_numbers);
	map_fini(&c->thread_numbers);
}
