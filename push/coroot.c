// SPDX-License-Identifier: MIT
/* Coroot: POST /v1/profiles, labels as the query. */
#include "push/engine.h"
#include "push/http.h"
#include "push/text.h"

void coroot_finish(struct push_request *request, const struct push_window *w)
{
	struct push_text path = push_text_begin();

	fputs("/v1/profiles", path.out);
	for (size_t i = 0; i < w->labels->n; i++) {
		fputc(i ? '&' : '?', path.out);
		http_escape(path.out, w->labels->labels[i].name);
		fputc('=', path.out);
		http_escape(path.out, w->labels->labels[i].value);
	}
	request->path = push_text_end(&path);
	request->type = "application/octet-stream";
}
