// SPDX-License-Identifier: MIT
/*
 * A stack may be named before the record that says what it is, for another thread wrote
 * that. So the catalog is made by a reading of all streams before the events are merged.
 */
#include <errno.h>

#include "analysis/merge.h"

#include "rheaper-sqlite/events.h"

static int pass_node(void *context, const struct rhp_record *record)
{
	(void)context, (void)record;
	return 0;
}

static int pass_blob(void *context, const struct reader_blob *blob)
{
	(void)context, (void)blob;
	return 0;
}

static int read_stream(struct reader *reader, size_t stream)
{
	struct reader_event event;
	int result;

	do
		result = reader_next(reader, stream, &event);
	while (result == 1);
	return result;
}

/* All that is no event, into the catalog. */
static int read_catalog(struct events *e, const char *path)
{
	struct reader_sink sink;
	struct reader *reader;
	int result = catalog_init(&e->catalog, &sink);

	if (result)
		return result;
	sink.pointer = NULL; /* no graphs of the heap: they are large */
	result = reader_open(&reader, path, &sink);
	if (result)
		return result;
	catalog_limit_ids(&e->catalog, reader_n_records_max(reader));
	for (size_t i = 0; result == 0 && i < reader_n_streams(reader); i++)
		result = read_stream(reader, i);
	reader_close(reader);
	return result;
}

int events_open(struct events *e, const char *path, bool with_catalog)
{
	const struct reader_sink sink = {.node = pass_node, .blob = pass_blob};
	int result;

	*e = (struct events){0};
	result = with_catalog ? read_catalog(e, path) : 0;
	if (!result)
		result = reader_open(&e->reader, path, &sink);
	if (!result)
		result = merge_new(&e->merge, e->reader);
	return result;
}

void events_close(struct events *e)
{
	merge_free(e->merge);
	reader_close(e->reader);
	catalog_fini(&e->catalog);
	*e = (struct events){0};
}

int events_next(struct events *e)
{
	int result = merge_next(e->merge, &e->event);

	if (result == 1)
		return 0;
	e->event = NULL;
	return result;
}

const char *events_kind(const struct events *e)
{
	static const char *const names[] = {
		[RHP_ALLOC] = "alloc",
		[RHP_FREE] = "free",
		[RHP_REALLOC_BEGIN] = "realloc_begin",
		[RHP_REALLOC_END] = "realloc_end",
		[RHP_REALLOC_FAIL] = "realloc_fail",
		[RHP_REALLOC_FREE] = "realloc_free",
	};

	return names[e->event->code];
}

/* A free says a size if it was a sized one. */
bool events_has_size(const struct events *e)
{
	enum rhp_code code = e->event->code;

	return code != RHP_REALLOC_BEGIN && code != RHP_REALLOC_FREE &&
	       (code != RHP_FREE || e->event->size);
}

static const struct catalog_node *find_node(const struct catalog *c, uint32_t id,
					    enum rhp_code code)
{
	return id && id < c->n_nodes && c->nodes[id].code == code ? &c->nodes[id] : NULL;
}

const struct catalog_node *events_call(const struct events *e)
{
	return find_node(&e->catalog, e->event->node, RHP_CALL);
}

const struct catalog_node *events_caller(const struct events *e,
					 const struct catalog_node *node)
{
	return find_node(&e->catalog, node->parent, RHP_FRAME);
}

const char *events_function(const struct events *e)
{
	const struct catalog_node *call = events_call(e);
	const struct catalog_function *function =
		call ? catalog_function(&e->catalog, call->address) : NULL;

	return function ? function->name : NULL;
}
