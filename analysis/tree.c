// SPDX-License-Identifier: MIT
/*
 * Most nodes of a tree of stacks have one child, which was made next to them: the first
 * few are a list, which costs less than a place in a table of millions. Only those after
 * them have one.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"

#include "analysis/tree.h"

#define MAX_LISTED 8 /* children of a node */

struct name {
	char *text;
	uint32_t number;
};

static int compare_names(const void *left, const void *right)
{
	return strcmp(((const struct name *)left)->text,
		      ((const struct name *)right)->text);
}

static uint32_t add_name(struct names *names, const char *text)
{
	struct name *name = malloc(sizeof(*name));
	char *copy = strdup(text);
	uint32_t number = (uint32_t)names->n_texts;

	if (!name || !copy ||
	    array_grow((void **)&names->texts, &names->n_texts_max, names->n_texts + 1,
		       sizeof(*names->texts)))
		goto fail;
	*name = (struct name){copy, number};
	if (!tsearch(name, &names->tree, compare_names))
		goto fail;
	names->texts[names->n_texts++] = copy;
	return number;
fail:
	free(name);
	free(copy);
	return MAP_NONE;
}

uint32_t names_number(struct names *names, const char *text)
{
	struct name key = {.text = (char *)text};
	struct name **found = tfind(&key, &names->tree, compare_names);

	return found ? (*found)->number : add_name(names, text);
}

void names_fini(struct names *names)
{
	tdestroy(names->tree, free);
	for (size_t i = 0; i < names->n_texts; i++)
		free(names->texts[i]);
	free(names->texts);
}

static uint32_t add_node(struct tree *tree, uint32_t name)
{
	if (tree->n_nodes >= MAP_NONE - 1 ||
	    array_grow((void **)&tree->nodes, &tree->n_nodes_max,
		       (size_t)tree->n_nodes + 2, sizeof(*tree->nodes)))
		return MAP_NONE;
	tree->nodes[++tree->n_nodes].name = name;
	return tree->n_nodes;
}

uint32_t tree_child(struct tree *tree, uint32_t parent, uint32_t name)
{
	uint64_t key = (uint64_t)parent << 32 | name;
	uint32_t last = 0, n = 0, node = tree->nodes ? tree->nodes[parent].child : 0;

	for (; node && tree->nodes[node].name != name; node = tree->nodes[node].sibling) {
		last = node;
		n++;
	}
	if (node)
		return node;
	if (n == MAX_LISTED) {
		node = map_get(&tree->children, key);
		if (node != MAP_NONE)
			return node;
	}
	node = add_node(tree, name);
	if (node == MAP_NONE)
		return MAP_NONE;
	if (n == MAX_LISTED)
		return map_put(&tree->children, key, node) ? MAP_NONE : node;
	*(last ? &tree->nodes[last].sibling : &tree->nodes[parent].child) = node;
	return node;
}

void tree_fini(struct tree *tree)
{
	free(tree->nodes);
	map_fini(&tree->children);
}
