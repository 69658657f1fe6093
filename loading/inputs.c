// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "analysis/later.h"
#include "common/cli.h"
#include "trace/reader.h"

#include "loading/inputs.h"

static int drop_node(void *context, const struct rhp_record *record)
{
	(void)context, (void)record;
	return 0;
}

static int drop_blob(void *context, const struct reader_blob *blob)
{
	(void)context, (void)blob;
	return 0;
}

void input_die(const char *path, int error)
{
	die("read %s: %s", path, reader_explain(error));
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_inputs(const void *left, const void *right)
{
	const struct rhp_file_header *a = &((const struct input *)left)->header;
	const struct rhp_file_header *b = &((const struct input *)right)->header;
	int order = compare(a->start_realtime_ns, b->start_realtime_ns);

	if (order == 0)
		order = compare(a->pid, b->pid);
	if (order == 0)
		order = compare(a->start_ticks, b->start_ticks);
	return order;
}

struct input *inputs_open(const char *const *paths, size_t n)
{
	static const struct reader_sink none = {.node = drop_node, .blob = drop_blob};
	struct input *inputs = calloc(n, sizeof(*inputs));

	if (!inputs)
		die("read %s: out of memory", paths[0]);
	for (size_t i = 0; i < n; i++) {
		struct reader *reader;
		int error = reader_open(&reader, paths[i], &none);

		if (error)
			input_die(paths[i], error);
		inputs[i].path = paths[i];
		inputs[i].size = reader_size(reader);
		inputs[i].header = *reader_header(reader);
		reader_close(reader);
	}
	later_warn(paths, n);
	qsort(inputs, n, sizeof(*inputs), compare_inputs);
	for (size_t i = 1; i < n; i++) {
		if (compare_inputs(&inputs[i - 1], &inputs[i]) == 0)
			die("load %s: this is the same trace as %s", inputs[i].path,
			    inputs[i - 1].path);
	}
	return inputs;
}
