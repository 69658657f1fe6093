// SPDX-License-Identifier: MIT
/*
 * Data reach the page in one way only: as base64, which cannot end the element that it
 * stands in. The two texts that are HTML, the title and what a browser without scripts
 * shows, are escaped.
 */
#include <stdio.h>
#include <string.h>

#include "common/cli.h"
#include "report/markup.h"
#include "report/memory.h"
#include "report_assets.h"

#include "report/page-document.h"

#define FIRST_THRESHOLD 1e-6
#define STEP 1.5 /* the threshold is raised by, until the page fits */
#define MAX_THRESHOLD 1

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
	markup_write(out, title);
	fputs(" - rheaper</title>\n", out);
	write_asset(out, "<style>", &report_asset_style, "</style>\n</head>\n<body>\n");
}

/* What is shown without scripts. */
static void write_summary(FILE *out, const char *title, const char *summary)
{
	fputs("<noscript><h1>", out);
	markup_write(out, title);
	fputs("</h1><p>", out);
	markup_write(out, summary);
	fputs("</p><p>The views of this page need scripts; it makes no request.</p>"
	      "</noscript>\n",
	      out);
}

char *document_make(const char *title, const char *summary, const char *encoded,
		    size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (!out)
		memory_fail();
	write_head(out, title);
	write_summary(out, title, summary);
	fprintf(out,
		"<script type=\"application/octet-stream\" id=\"data\">%s</script>\n",
		encoded);
	write_asset(out, "<script>", &report_asset_vendor, "</script>\n");
	write_asset(out, "<script>", &report_asset_script,
		    "</script>\n</body>\n</html>\n");
	if (fclose(out) != 0)
		memory_fail();
	return text;
}

double document_next_threshold(size_t size, size_t max_size, double threshold)
{
	double times = (double)size / (double)max_size;

	if (!max_size || size <= max_size)
		return 0;
	if (threshold > MAX_THRESHOLD)
		die("make the page: it has %zu bytes even if all that is small is left "
		    "out; --max-size is %zu",
		    size, max_size);
	if (threshold <= 0)
		return FIRST_THRESHOLD;
	return threshold * (times > STEP ? times : STEP); /* larger steps from afar */
}
