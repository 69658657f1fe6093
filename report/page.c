// SPDX-License-Identifier: MIT
/*
 * Data reach the page in one way only: as base64, which cannot end the element that it
 * stands in. The two texts that are HTML, the title and what a browser without scripts
 * shows, are escaped.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/json.h"
#include "common/path.h"
#include "report/memory.h"
#include "report/numbers.h"
#include "report_assets.h"

#include "report/page-parts.h"

#define FIRST_THRESHOLD 1e-6
#define STEP 1.5 /* the threshold is raised by, until the page fits */
#define MAX_THRESHOLD 1

bool page_is_available(void)
{
	return report_has_assets;
}

static void make_bundle(struct making *m)
{
	struct json_memory memory;
	char *text;

	page_names_init(m);
	page_add_tables(m);
	if (!json_memory_begin(&memory))
		memory_fail();
	page_write_text(m, &memory.json);
	text = json_memory_end(&memory);
	if (!text)
		memory_fail();
	bundle_encode(&m->bundle, text, strlen(text));
	free(text);
	page_names_fini(m);
}

static void write_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"'", *text))
			fprintf(out, "&#%d;", *text);
		else
			putc(*text, out);
	}
}

static void write_asset(FILE *out, const char *before, const struct report_asset *asset,
			const char *after)
{
	fputs(before, out);
	fwrite(asset->bytes, 1, asset->size, out);
	fputs(after, out);
}

static void write_head(FILE *out, const char *title)
{
	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\""
		"default-src 'none'; script-src 'sha256-%s' 'sha256-%s'; "
		"style-src 'sha256-%s'; img-src data:; "
		"require-trusted-types-for 'script'; trusted-types 'none'; "
		"base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\">\n<title>",
		report_asset_vendor.sha256_base64, report_asset_script.sha256_base64,
		report_asset_style.sha256_base64);
	write_escaped(out, title);
	fputs(" - rheaper</title>\n", out);
	write_asset(out, "<style>", &report_asset_style, "</style>\n</head>\n<body>\n");
}

/* What is shown without scripts. */
static void write_summary(FILE *out, const struct report *report, const char *title)
{
	fputs("<noscript><h1>", out);
	write_escaped(out, title);
	fprintf(out,
		"</h1><p>Peak %s at %s. %s allocations, %s. %s not freed.</p>"
		"<p>The views of this page need scripts; it makes no request.</p>"
		"</noscript>\n",
		bytes_text(report->peak_bytes).text, time_text(report->peak_ns).text,
		count_text(report->blocks).text, bytes_text(report->bytes).text,
		bytes_text(report->live_bytes).text);
}

/* The whole document, for the caller to free. */
static char *compose(const struct making *m, size_t *size)
{
	const char *executable = m->report->process.executable;
	const char *title = executable ? path_base(executable) : "?";
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (!out)
		memory_fail();
	write_head(out, title);
	write_summary(out, m->report, title);
	fprintf(out,
		"<script type=\"application/octet-stream\" id=\"data\">%s</script>\n",
		m->bundle.encoded);
	write_asset(out, "<script>", &report_asset_vendor, "</script>\n");
	write_asset(out, "<script>", &report_asset_script,
		    "</script>\n</body>\n</html>\n");
	if (fclose(out) != 0)
		memory_fail();
	return text;
}

/* A page that is much too large takes larger steps. */
static double larger_threshold(double threshold, double times)
{
	if (threshold <= 0)
		return FIRST_THRESHOLD;
	return threshold * (times > STEP ? times : STEP);
}

void page_write(FILE *out, const struct report *report,
		const struct page_options *options)
{
	double threshold = options->prune;
	size_t size;
	char *text;

	for (;;) {
		struct making m = {.report = report, .options = options};

		m.pruned = prune(report, threshold);
		make_bundle(&m);
		text = compose(&m, &size);
		pruned_fini(&m.pruned);
		bundle_fini(&m.bundle);
		if (!options->max_size || size <= options->max_size)
			break;
		if (threshold > MAX_THRESHOLD)
			die("make the page: it has %zu bytes even if all that is small "
			    "is left out; --max-size is %zu",
			    size, options->max_size);
		free(text);
		threshold = larger_threshold(threshold,
					     (double)size / (double)options->max_size);
	}
	fwrite(text, 1, size, out);
	free(text);
}
