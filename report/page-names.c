// SPDX-License-Identifier: MIT
/* Only names that the page shows are in it, numbered in the order of their first use. */
#include <stdlib.h>

#include "common/path.h"
#include "report/memory.h"

#include "report/page-parts.h"

void page_names_init(struct making *m)
{
	const struct report *r = m->report;

	strings_init(&m->strings);
	m->function = memory_new(r->n_functions, sizeof(*m->function));
	m->frame = memory_new(r->n_frames, sizeof(*m->frame));
	m->modules = memory_new(r->n_modules, sizeof(*m->modules));
	for (size_t i = 0; i < r->n_modules; i++)
		m->modules[i] = page_path(m, r->modules[i].path);
}

void page_names_fini(struct making *m)
{
	strings_fini(&m->strings);
	free(m->function);
	free(m->frame);
	free(m->functions);
	free(m->frames);
	for (size_t i = 0; i < m->report->n_modules; i++)
		free(m->modules[i]);
	free(m->modules);
}

char *page_path(const struct making *m, const char *path)
{
	if (!path)
		return NULL;
	return memory_text(m->options->redact & PAGE_REDACT_PATHS ? path_base(path)
								  : path);
}

uint32_t page_string(struct making *m, uint32_t text)
{
	return strings_add(&m->strings, strings_get(&m->report->strings, text));
}

static void use_function(struct making *m, uint32_t function)
{
	if (m->function[function])
		return;
	m->functions = memory_grow(m->functions, m->n_functions, &m->n_functions_max,
				   sizeof(*m->functions));
	m->functions[m->n_functions++] = function;
	m->function[function] = (uint32_t)m->n_functions;
}

uint32_t page_frame(struct making *m, uint32_t frame)
{
	if (!m->frame[frame]) {
		use_function(m, m->report->frames[frame].function);
		m->frames = memory_grow(m->frames, m->n_frames, &m->n_frames_max,
					sizeof(*m->frames));
		m->frames[m->n_frames++] = frame;
		m->frame[frame] = (uint32_t)m->n_frames;
	}
	return m->frame[frame] - 1;
}
