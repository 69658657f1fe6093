// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/text.h"

#include "rheaper-export/calls.h"

static _Noreturn void die_of_memory(void)
{
	die("write the profile: out of memory");
}

void numbers_put(struct numbers *numbers, int64_t key, uint32_t value)
{
	if (map_put(&numbers->map, (uint64_t)key, value))
		die_of_memory();
}

uint32_t numbers_find(const struct numbers *numbers, int64_t key)
{
	return map_get(&numbers->map, (uint64_t)key);
}

uint32_t numbers_add(struct numbers *numbers, int64_t key)
{
	uint32_t known = numbers_find(numbers, key);

	if (known != NUMBERS_NONE)
		return known;
	if (numbers->n == NUMBERS_NONE)
		die("write the profile: it has too many frames");
	numbers_put(numbers, key, numbers->n);
	return numbers->n++;
}

void numbers_fini(struct numbers *numbers)
{
	map_fini(&numbers->map);
}

static uint32_t add_node(struct calls *calls, uint32_t parent, uint32_t frame)
{
	if (calls->n_nodes == MAP_NONE)
		die("write the profile: it has too many calls");
	if (array_grow((void **)&calls->nodes, &calls->n_nodes_max, calls->n_nodes + 1,
		       sizeof(*calls->nodes)))
		die_of_memory();
	calls->nodes[calls->n_nodes] = (struct call){parent, frame};
	return (uint32_t)calls->n_nodes++;
}

uint32_t calls_child(struct calls *calls, uint32_t parent, uint32_t frame)
{
	uint64_t key = (uint64_t)parent << 32 | frame;
	uint32_t node;

	if (calls->n_nodes == 0)
		add_node(calls, 0, 0);
	node = map_get(&calls->children, key);
	if (node != MAP_NONE)
		return node;
	node = add_node(calls, parent, frame);
	if (map_put(&calls->children, key, node))
		die_of_memory();
	return node;
}

void calls_fini(struct calls *calls)
{
	free(calls->nodes);
	map_fini(&calls->children);
}

char *calls_label(const struct profile_frame *frame)
{
	const char *function = frame->function[0] ? frame->function : "[unnamed]";
	char *text, *label;
	int length;

	if (frame->file && frame->line)
		length = asprintf(&text, "0x%" PRIX64 ": %s (%s:%" PRId64 ")",
				  (uint64_t)frame->address, function, frame->file,
				  frame->line);
	else
		length = asprintf(&text, "0x%" PRIX64 ": %s (in %s)",
				  (uint64_t)frame->address, function,
				  frame->module_path ? frame->module_path : "???");
	if (length < 0)
		die_of_memory();
	label = text_printable(text);
	if (!label)
		die_of_memory();
	free(text);
	return label;
}
