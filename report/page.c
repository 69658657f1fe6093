// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "common/path.h"
#include "report/memory.h"
#include "report/numbers.h"
#include "report/page-document.h"
#include "report_assets.h"

#include "report/page-parts.h"

bool page_is_available(void)
{
	return report_has_assets;
}

static void make_bundle(struct making *m)
{
	page_names_init(m);
	page_add_tables(m);
	page_add_holders(m);
	bundle_encode(&m->bundle, page_write_text, m);
	page_names_fini(m);
}

/* The whole document, for the caller to free. */
static char *compose(const struct making *m, size_t *size)
{
	const struct report *r = m->report;
	const char *executable = r->process.executable;
	char *summary =
		memory_format("Peak %s at %s. %s allocations, %s. %s not freed.",
			      bytes_text(r->peak_bytes).text, time_text(r->peak_ns).text,
			      count_text(r->blocks).text, bytes_text(r->bytes).text,
			      bytes_text(r->live_bytes).text);
	char *text = document_make(executable ? path_base(executable) : "?", summary,
				   m->bundle.encoded, size);

	free(summary);
	return text;
}

void page_write(FILE *out, const struct report *report,
		const struct page_options *options)
{
	double threshold = options->prune, next;
	size_t size;
	char *text;

	for (;;) {
		struct making m = {.report = report, .options = options};

		m.pruned = prune(report, threshold);
		make_bundle(&m);
		text = compose(&m, &size);
		pruned_fini(&m.pruned);
		bundle_fini(&m.bundle);
		next = document_next_threshold(size, options->max_size, threshold);
		if (next <= 0)
			break;
		free(text);
		threshold = next;
	}
	fwrite(text, 1, size, out);
	free(text);
}
