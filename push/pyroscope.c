// SPDX-License-Identifier: MIT
/*
 * Grafana Pyroscope and Alloy: POST /ingest, labels in the name. What is in the name
 * cannot be quoted there: a comma or a brace in a value becomes '_', and so does what a
 * service's name may not have.
 */
#include <ctype.h>
#include <string.h>

#include "push/engine.h"
#include "push/http.h"
#include "push/text.h"

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || strchr("-./_", c);
}

static bool is_of_value(char c)
{
	return c != ',' && c != '}' && c != '{' && c != '=';
}

static char *name_of(const struct push_labels *labels)
{
	struct push_text name = push_text_begin();

	push_text_put(&name, push_labels_find(labels, "service.name"), is_of_name);
	fputc('{', name.out);
	for (size_t i = 0, n = 0; i < labels->n; i++) {
		const struct push_label *label = &labels->labels[i];

		if (strcmp(label->name, "service.name") == 0)
			continue;
		fprintf(name.out, "%s%s=", n++ ? "," : "", label->name);
		push_text_put(&name, label->value, is_of_value);
	}
	fputc('}', name.out);
	return push_text_end(&name);
}

void pyroscope_finish(struct push_request *request, const struct push_window *w)
{
	struct push_text path = push_text_begin();
	char *name = name_of(w->labels);

	fprintf(path.out, "/ingest?format=pprof&from=%lld&name=",
		(long long)(w->begin_ns / 1000000000));
	http_escape(path.out, name);
	fprintf(path.out, "&spyName=rheaper&until=%lld",
		(long long)(w->end_ns / 1000000000));
	request->path = push_text_end(&path);
	request->type = "application/octet-stream";
	free(name);
}
