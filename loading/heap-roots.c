// SPDX-License-Identifier: MIT
/*
 * Words are sorted by what they may have in common: kind, thread, frame, address. So the
 * words of a root stand side by side, and each is asked first whether it belongs to the
 * root before it. Where no variable is known, words that are no more than a page apart
 * are a root: an array, or a structure.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "common/array.h"
#include "symbols/symbolize.h"

#include "loading/heap-roots.h"

#define PAGE 4096

struct making {
	struct heap_roots *roots;
	const struct heap_roots_sources *sources;
	struct symbols **symbols; /* of each module of the catalog; NULL: none */
	bool *is_opened;          /* or it was tried */
};

static int compare(const void *left, const void *right)
{
	const struct heap_root *a = *(const struct heap_root *const *)left;
	const struct heap_root *b = *(const struct heap_root *const *)right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->code != b->code)
		return a->code < b->code ? -1 : 1;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a < b ? -1 : a > b; /* as they came */
}

static int sort_words(struct heap_roots *roots, const struct heap_snapshot *snapshot)
{
	roots->words = calloc(snapshot->n_roots + 1, sizeof(*roots->words));
	if (!roots->words)
		return -ENOMEM;
	roots->n_words = snapshot->n_roots;
	for (size_t i = 0; i < roots->n_words; i++)
		roots->words[i] = &snapshot->roots[i];
	if (roots->n_words)
		qsort(roots->words, roots->n_words, sizeof(*roots->words), compare);
	return 0;
}

static uint32_t find_module(const struct catalog *catalog, uint64_t address)
{
	for (size_t i = 0; i < catalog->n_modules; i++)
		if (catalog->modules[i].start <= address &&
		    address < catalog->modules[i].end)
			return (uint32_t)i;
	return HEAP_ROOT_NO_MODULE;
}

static uint32_t find_executable(const struct heap_roots_sources *sources)
{
	const struct catalog *catalog = sources->catalog;

	for (size_t i = 0; i < catalog->n_modules; i++)
		if (catalog->modules[i].path &&
		    strcmp(catalog->modules[i].path, sources->executable) == 0)
			return (uint32_t)i;
	return HEAP_ROOT_NO_MODULE;
}

/* Whoever looked up the stacks has warned of a module without symbols. */
static int get_symbols(struct making *m, uint32_t module, struct symbols **symbols)
{
	const struct catalog_module *from = &m->sources->catalog->modules[module];
	int error = 0;

	if (!m->is_opened[module] && m->sources->symbols) {
		m->is_opened[module] = true;
		error = symbols_open(&m->symbols[module], m->sources->symbols, from->path,
				     from->build_id, from->build_id_size);
	}
	*symbols = m->symbols[module];
	return error < 0 ? error : 0;
}

static int take_variable(struct heap_root_node *root,
			 const struct symbols_variable *variable, uint64_t base)
{
	root->address = variable->address + base;
	root->size = variable->size;
	root->file = variable->file;
	root->line = variable->line;
	root->name = strdup(variable->name);
	return root->name ? 0 : -ENOMEM;
}

/* Of an address in a module, or beside the descriptor of a thread */
static int name_variable(struct making *m, struct heap_root_node *root, uint64_t base)
{
	struct symbols_variable found;
	struct symbols *symbols;
	int error;

	if (root->module == HEAP_ROOT_NO_MODULE)
		return 0;
	error = get_symbols(m, root->module, &symbols);
	if (error || !symbols)
		return error;
	error = root->kind == RHP_ROOT_TLS
			? symbols_find_thread_local(
				  symbols, (int64_t)(root->address - base), &found)
			: symbols_find_variable(symbols, root->address - base, &found);
	return error == 1 ? take_variable(root, &found, base) : error;
}

/* `code` is an instruction of the frame. */
static int name_function(struct making *m, struct heap_root_node *root, uint64_t code)
{
	const struct symbol *found;
	struct symbols *symbols;
	size_t n;
	int error;

	root->module =
		code ? find_module(m->sources->catalog, code) : HEAP_ROOT_NO_MODULE;
	if (root->module == HEAP_ROOT_NO_MODULE)
		return 0;
	error = get_symbols(m, root->module, &symbols);
	if (error || !symbols)
		return error;
	n = symbols_find(symbols, code - m->sources->catalog->modules[root->module].bias,
			 &found);
	if (n == 0 || !found[n - 1].name)
		return 0;
	root->name = strdup(found[n - 1].name);
	root->file = found[n - 1].file ? strdup(found[n - 1].file) : NULL;
	root->line = found[n - 1].line;
	return root->name && (root->file || !found[n - 1].file) ? 0 : -ENOMEM;
}

static int name_root(struct making *m, struct heap_root_node *root,
		     const struct heap_root *word)
{
	switch (root->kind) {
	case RHP_ROOT_MEMORY:
		root->module = find_module(m->sources->catalog, root->address);
		return name_variable(
			m, root,
			root->module == HEAP_ROOT_NO_MODULE
				? 0
				: m->sources->catalog->modules[root->module].bias);
	case RHP_ROOT_TLS:
		root->module = find_executable(m->sources);
		return name_variable(m, root, word->code);
	case RHP_ROOT_STACK:
		return name_function(m, root, word->code);
	default:
		return 0;
	}
}

/* Whether a word is of the root that the one before it is of, whatever variables there
 * are */
static bool is_of(const struct heap_root_node *root, const struct heap_root *last,
		  const struct heap_root *word)
{
	if (word->kind != root->kind || word->tid != root->tid)
		return false;
	if (root->kind == RHP_ROOT_MEMORY || root->kind == RHP_ROOT_TLS)
		return root->size && word->address - root->address < root->size;
	return word->code == last->code;
}

/* Whether two that are no variables are one: words beside each other */
static bool is_same(const struct heap_root_node *root, const struct heap_root_node *next,
		    const struct heap_root *last, const struct heap_root *word)
{
	if (root->kind != next->kind || root->tid != next->tid || root->size ||
	    next->size || root->module != next->module)
		return false;
	return root->kind == RHP_ROOT_TLS ||
	       (root->kind == RHP_ROOT_MEMORY && word->address - last->address <= PAGE);
}

static void forget(struct heap_root_node *root)
{
	free(root->name);
	free(root->file);
}

/* What the trace has in place of others' addresses says nothing. */
static bool has_place(const struct heap_root *word)
{
	return word->kind != RHP_ROOT_WORD && word->kind != RHP_ROOT_MOVING;
}

static int add_word(struct making *m, size_t i)
{
	struct heap_roots *roots = m->roots;
	const struct heap_root *word = roots->words[i];
	const struct heap_root *last = roots->words[i ? i - 1 : 0];
	struct heap_root_node *before =
		roots->n_roots ? &roots->roots[roots->n_roots - 1] : NULL;
	struct heap_root_node root = {
		.kind = word->kind,
		.tid = word->tid,
		.module = HEAP_ROOT_NO_MODULE,
		.address = has_place(word) ? word->address : 0,
		.first_word = i,
	};
	int error;

	if (before && is_of(before, last, word))
		return 0;
	error = name_root(m, &root, word);
	if (error || (before && is_same(before, &root, last, word))) {
		forget(&root);
		return error;
	}
	if (array_grow((void **)&roots->roots, &roots->n_roots_max, roots->n_roots + 1,
		       sizeof(*roots->roots))) {
		forget(&root);
		return -ENOMEM;
	}
	roots->roots[roots->n_roots++] = root;
	return 0;
}

int heap_roots_make(struct heap_roots *roots, const struct heap_snapshot *snapshot,
		    const struct heap_roots_sources *sources)
{
	size_t n_modules = sources->catalog->n_modules;
	struct making m = {.roots = roots, .sources = sources};
	int error;

	*roots = (struct heap_roots){0};
	m.symbols = calloc(n_modules + 1, sizeof(struct symbols *));
	m.is_opened = calloc(n_modules + 1, sizeof(bool));
	error = m.symbols && m.is_opened ? sort_words(roots, snapshot) : -ENOMEM;
	for (size_t i = 0; i < roots->n_words && !error; i++)
		error = add_word(&m, i);
	for (size_t i = 0; m.symbols && i < n_modules; i++)
		symbols_close(m.symbols[i]);
	free(m.symbols);
	free(m.is_opened);
	return error;
}

void heap_roots_fini(struct heap_roots *roots)
{
	for (size_t i = 0; i < roots->n_roots; i++)
		forget(&roots->roots[i]);
	free(roots->roots);
	free(roots->words);
	*roots = (struct heap_roots){0};
}
