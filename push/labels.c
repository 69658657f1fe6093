// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cli.h"

#include "push/labels.h"

#define VALUE_MAX 1024 /* bytes; Pyroscope takes 2048 */

static const char *const allowed[] = {
	"cloud.availability_zone",
	"cloud.region",
	"deployment.environment.name",
	"host.name",
	"k8s.cluster.name",
	"k8s.container.name",
	"k8s.deployment.name",
	"k8s.namespace.name",
	"process.executable.build_id.gnu",
	"process.executable.name",
	"service.instance.id",
	"service.name",
	"service.namespace",
	"service.version",
	"vcs.ref.head.revision",
};

/* What no --allow-label helps: nobody asks for the series of one process or moment. */
static const char *const never[] = {
	"pid",       "process.pid", "process.parent_pid", "tid",
	"thread.id", "time",        "timestamp",          "date",
	"path",      "trace",       "trace.path",         "trace_path",
	"stack",     "id",
};

static const struct {
	const char *brief, *name;
} brief_names[] = {
	{"commit", "vcs.ref.head.revision"},
	{"env", "deployment.environment.name"},
	{"environment", "deployment.environment.name"},
	{"host", "host.name"},
	{"instance", "service.instance.id"},
	{"region", "cloud.region"},
	{"service", "service.name"},
	{"service_name", "service.name"},
	{"version", "service.version"},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static const char *full_name(const char *name)
{
	for (size_t i = 0; i < COUNT(brief_names); i++)
		if (strcmp(brief_names[i].brief, name) == 0)
			return brief_names[i].name;
	return name;
}

static const char *check(const struct push_labels *labels, const char *name,
			 const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (is_among(name, never, COUNT(never)))
		return "its values never come again, and each would be a series of its "
		       "own";
	if (!is_among(name, allowed, COUNT(allowed)) &&
	    !is_among(name, labels->allowed, labels->n_allowed))
		return "not on the list of labels (rheaper-push(1)); --allow-label=NAME "
		       "adds a name to it";
	if (!*name || name[strspn(name, letters)])
		return "expected a name of letters, digits, dots and underscores";
	if (!*value || strlen(value) > VALUE_MAX)
		return "expected a value of 1 to 1024 bytes";
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return "a control character in the value";
	return NULL;
}

static size_t find(const struct push_labels *labels, const char *name)
{
	size_t i = 0;

	while (i < labels->n && strcmp(labels->labels[i].name, name) < 0)
		i++;
	return i;
}

static bool is_at(const struct push_labels *labels, size_t i, const char *name)
{
	return i < labels->n && strcmp(labels->labels[i].name, name) == 0;
}

static void put(struct push_labels *labels, const char *name, const char *value)
{
	size_t i = find(labels, name);
	char *copy = strdup(value);

	if (!copy)
		die("read the labels: out of memory");
	if (is_at(labels, i, name)) {
		free(labels->labels[i].value);
		labels->labels[i].value = copy;
		return;
	}
	if (array_grow((void **)&labels->labels, &labels->n_max, labels->n + 1,
		       sizeof(*labels->labels)))
		die("read the labels: out of memory");
	memmove(&labels->labels[i + 1], &labels->labels[i],
		(labels->n - i) * sizeof(*labels->labels));
	labels->labels[i] = (struct push_label){strdup(name), copy};
	if (!labels->labels[i].name)
		die("read the labels: out of memory");
	labels->n++;
}

const char *push_labels_add(struct push_labels *labels, const char *name,
			    const char *value)
{
	const char *wrong;

	name = full_name(name);
	wrong = check(labels, name, value);
	if (!wrong)
		put(labels, name, value);
	return wrong;
}

const char *push_labels_add_text(struct push_labels *labels, const char *text)
{
	const char *equals = strchr(text, '=');
	const char *wrong;
	char *name;

	if (!equals || equals == text)
		return "expected NAME=VALUE";
	name = strndup(text, (size_t)(equals - text));
	if (!name)
		die("read the labels: out of memory");
	wrong = push_labels_add(labels, name, equals + 1);
	free(name);
	return wrong;
}

const char *push_labels_find(const struct push_labels *labels, const char *name)
{
	size_t i = find(labels, name);

	return is_at(labels, i, name) ? labels->labels[i].value : NULL;
}

void push_labels_add_all(struct push_labels *labels, const struct push_labels *more)
{
	for (size_t i = 0; i < more->n; i++)
		put(labels, more->labels[i].name, more->labels[i].value);
}

void push_labels_fini(struct push_labels *labels)
{
	for (size_t i = 0; i < labels->n; i++) {
		free(labels->labels[i].name);
		free(labels->labels[i].value);
	}
	free(labels->labels);
}
