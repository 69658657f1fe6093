// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "rheaper-top/model.h"

#include "rheaper-top/view.h"

static const char *const help[] = {
	"t            switch between call sites and threads",
	"l b B a r T  sort by LIVE bytes, live BLOCKS, all BYTES allocated,",
	"             ALLOCS (all blocks allocated), ALLOC/S, share of temporary",
	"             blocks",
	"up, down, page up, page down, home, end",
	"             select a line",
	"enter        show the stack with most live bytes of the call site",
	"p            pause or continue reading the trace",
	"h ?          this page",
	"escape       back",
	"q            quit",
};

void view_init(struct view *v, struct model *model, enum figure by, bool threads)
{
	*v = (struct view){.model = model, .by = by, .threads = threads, .height = 1};
}

static void drop_lines(struct view *v)
{
	for (size_t i = 0; i < v->n_lines; i++)
		free(v->lines[i]);
	v->n_lines = 0;
}

void view_fini(struct view *v)
{
	drop_lines(v);
	free(v->lines);
}

static int add_line(void *context, const char *text)
{
	struct view *v = context;

	if (array_grow((void **)&v->lines, &v->n_lines_max, v->n_lines + 1,
		       sizeof(*v->lines)))
		return -ENOMEM;
	v->lines[v->n_lines] = strdup(text);
	return v->lines[v->n_lines++] ? 0 : -ENOMEM;
}

size_t view_n_lines(const struct view *v)
{
	if (v->page == PAGE_HELP)
		return sizeof(help) / sizeof(*help);
	if (v->page == PAGE_STACK)
		return v->n_lines;
	return model_rows(v->model, v->threads)->n_sorted;
}

const char *view_line(const struct view *v, size_t line)
{
	if (v->page == PAGE_HELP)
		return help[line];
	return v->page == PAGE_STACK ? v->lines[line] : NULL;
}

const char *view_hint(const struct view *v)
{
	if (v->page != PAGE_ROWS)
		return "escape: back   q: quit";
	if (v->paused)
		return "paused   p: continue   h: help   q: quit";
	return "h: help   q: quit";
}

/* The first line, so that line `at` is on the screen, and no lines are wasted. */
static void scroll_to(struct view *v, size_t at)
{
	size_t n = view_n_lines(v);

	if (v->first + v->height > n)
		v->first = n > v->height ? n - v->height : 0;
	if (at < v->first)
		v->first = at;
	if (at >= v->first + v->height)
		v->first = at - v->height + 1;
}

/* The row at a position is the selected one. */
static void select_row(struct view *v, size_t position)
{
	const struct rows *rows = model_rows(v->model, v->threads);

	v->position = position < rows->n_sorted ? position
		      : rows->n_sorted          ? rows->n_sorted - 1
						: 0;
	if (rows->n_sorted)
		v->selected = rows->sorted[v->position]->id;
	if (v->page == PAGE_ROWS)
		scroll_to(v, v->position);
}

static int show_stack(struct view *v)
{
	if (v->threads || view_n_lines(v) == 0)
		return 0;
	drop_lines(v);
	v->page = PAGE_STACK;
	return sites_stack(&v->model->sites, v->selected, add_line, v);
}

int view_update(struct view *v)
{
	struct rows *rows = model_rows(v->model, v->threads);
	size_t i = 0;

	if (rows_sort(rows, v->by))
		return -ENOMEM;
	while (i < rows->n_sorted && rows->sorted[i]->id != v->selected)
		i++;
	/* At the top one stays at the top. */
	select_row(v, v->position == 0 || i == rows->n_sorted ? v->position : i);
	return 0;
}

static int go_to(struct view *v, enum view_page page)
{
	v->first = 0;
	v->page = page;
	return view_update(v);
}

static int switch_rows(struct view *v)
{
	v->threads = !v->threads;
	if (v->threads && columns[v->by].sites_only)
		v->by = FIGURE_LIVE_BYTES;
	v->position = 0;
	return go_to(v, PAGE_ROWS);
}

static int sort_by_key(struct view *v, int character)
{
	for (int i = 0; i < N_FIGURES; i++) {
		if (columns[i].key != character || (v->threads && columns[i].sites_only))
			continue;
		v->by = (enum figure)i;
		v->position = 0;
		return go_to(v, PAGE_ROWS);
	}
	return 0;
}

int view_type(struct view *v, int character)
{
	switch (character) {
	case 'q':
		v->quit = true;
		return 0;
	case 'p':
		v->paused = !v->paused;
		return 0;
	case 'h':
	case '?':
		return go_to(v, PAGE_HELP);
	case 't':
		return switch_rows(v);
	default:
		return sort_by_key(v, character);
	}
}

int view_press(struct view *v, enum view_key key)
{
	size_t n = view_n_lines(v), page = v->height ? v->height : 1;
	size_t at = v->page == PAGE_ROWS ? v->position : v->first;
	size_t last = v->page == PAGE_ROWS ? n : n > page ? n - page + 1 : 1;

	switch (key) {
	case VIEW_UP:
		at -= at > 0;
		break;
	case VIEW_DOWN:
		at++;
		break;
	case VIEW_PAGE_UP:
		at -= at > page ? page : at;
		break;
	case VIEW_PAGE_DOWN:
		at += page;
		break;
	case VIEW_HOME:
		at = 0;
		break;
	case VIEW_END:
		at = n;
		break;
	case VIEW_ENTER:
		v->first = 0;
		return v->page == PAGE_ROWS ? show_stack(v) : go_to(v, PAGE_ROWS);
	case VIEW_ESCAPE:
		return go_to(v, PAGE_ROWS);
	}
	at = at < last ? at : last ? last - 1 : 0;
	if (v->page == PAGE_ROWS)
		select_row(v, at);
	else
		v->first = at;
	return 0;
}
