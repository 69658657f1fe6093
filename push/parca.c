// SPDX-License-Identifier: MIT
/*
 * Parca: its gateway's WriteRaw, in JSON, with the profile in base64. A profile that
 * lasted is a difference to it, and one that did not a snapshot. Its label names are
 * Prometheus': dots become underscores.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "common/cli.h"
#include "common/json.h"

#include "push/engine.h"

static void put_label(struct json *json, const char *name, const char *value)
{
	json_begin_object(json);
	json_put_text(json, "name", name);
	json_put_text(json, "value", value);
	json_end_object(json);
}

static void put_labels(struct json *json, const struct push_labels *labels)
{
	json_key_verbatim(json, "labels");
	json_begin_object(json);
	json_key_verbatim(json, "labels");
	json_begin_array(json);
	put_label(json, "__name__", "memory");
	for (size_t i = 0; i < labels->n; i++) {
		char *name = strdup(labels->labels[i].name);

		if (!name)
			die("make a request: out of memory");
		for (char *c = name; (c = strchr(c, '.'));)
			*c = '_';
		put_label(json, name, labels->labels[i].value);
		free(name);
	}
	json_end_array(json);
	json_end_object(json);
}

static void put_sample(struct json *json, const struct push_request *request)
{
	char *text = base64_encode((const unsigned char *)request->body, request->size);

	if (!text)
		die("make a request: out of memory");
	json_key_verbatim(json, "samples");
	json_begin_array(json);
	json_begin_object(json);
	json_key_verbatim(json, "rawProfile");
	json_text(json, text);
	json_end_object(json);
	json_end_array(json);
	free(text);
}

void parca_finish(struct push_request *request, const struct push_window *w)
{
	struct json_memory memory;
	char *body;

	if (!json_memory_begin(&memory))
		die("make a request: out of memory");
	json_begin_object(&memory.json);
	json_key_verbatim(&memory.json, "series");
	json_begin_array(&memory.json);
	json_begin_object(&memory.json);
	put_labels(&memory.json, w->labels);
	put_sample(&memory.json, request);
	json_end_object(&memory.json);
	json_end_array(&memory.json);
	json_end_object(&memory.json);
	body = json_memory_end(&memory);
	request->path = strdup("/api/profiles/writeraw");
	if (!body || !request->path)
		die("make a request: out of memory");
	free(request->body);
	request->body = body;
	request->size = strlen(body);
	request->type = "application/json";
}
