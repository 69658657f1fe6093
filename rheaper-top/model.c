// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/catalog.h"
#include "common/text.h"

#include "rheaper-top/model.h"

int model_open(struct model *m, const char *path, pid_t pid,
	       const struct stack_settings *settings, bool full_names)
{
	int error;

	*m = (struct model){0};
	error = follow_open(&m->follow, path, pid);
	if (error)
		return error;
	error = sites_init(&m->sites, follow_catalog(m->follow),
			   follow_status(m->follow).max_depth, settings, full_names);
	if (error)
		model_close(m);
	return error;
}

void model_close(struct model *m)
{
	sites_fini(&m->sites);
	rows_fini(&m->threads);
	follow_close(m->follow);
	free(m->name);
}

int model_poll(struct model *m, int milliseconds)
{
	return follow_poll(m->follow, milliseconds);
}

static int update_threads(struct model *m, double seconds)
{
	const struct catalog *c = follow_catalog(m->follow);

	while (m->threads.n < c->n_threads) {
		if (!rows_add(&m->threads))
			return -ENOMEM;
	}
	for (size_t i = 0; i < c->n_threads; i++) {
		struct row *row = &m->threads.rows[i];

		row->figures[FIGURE_LIVE_BYTES] = c->threads[i].live_bytes;
		row->figures[FIGURE_LIVE_BLOCKS] = c->threads[i].live_blocks;
		row->figures[FIGURE_BYTES] = c->threads[i].bytes;
		row->figures[FIGURE_ALLOCATIONS] = c->threads[i].allocations;
		row_finish(row, 0, seconds);
	}
	return 0;
}

int model_update(struct model *m)
{
	struct follow_status before = m->status, now = follow_status(m->follow);
	double seconds = (double)(now.elapsed_ns - before.elapsed_ns) / 1e9;
	double per_second = seconds > 0 ? 1 / seconds : 0;

	m->status = now;
	m->allocation_rate = (now.allocations - before.allocations) * per_second;
	m->byte_rate = (now.bytes - before.bytes) * per_second;
	m->free_rate = (now.frees - before.frees) * per_second;
	if (update_threads(m, seconds))
		return -ENOMEM;
	return sites_update(&m->sites, seconds, now.over);
}

struct rows *model_rows(struct model *m, bool threads)
{
	return threads ? &m->threads : &m->sites.rows;
}

static const char *name_thread(struct model *m, uint32_t id)
{
	const struct catalog_thread *t = &follow_catalog(m->follow)->threads[id];
	char *name = text_printable(t->name), *text = NULL;

	if (name && asprintf(&text, "%" PRIu64 " %s", t->tid, name) < 0)
		text = NULL;
	free(name);
	free(m->name);
	m->name = text;
	return text;
}

const char *model_name(struct model *m, bool threads, uint32_t id)
{
	return threads ? name_thread(m, id) : sites_name(&m->sites, id);
}

const char *model_way(struct model *m, bool threads, uint32_t id)
{
	return threads ? name_thread(m, id) : sites_way(&m->sites, id);
}
