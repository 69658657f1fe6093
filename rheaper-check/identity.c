// SPDX-License-Identifier: MIT
/*
 * A call site is known by its key, which is made for that. What has no call site is known
 * by its amount or its rule: two rules of one title are told apart by their order.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/findings.h"
#include "rheaper-check/names.h"

#include "rheaper-check/identity.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define MOST_BYTES 200

/* A leak is the same one when a baseline comes to know it. */
static const char *category(const struct finding *f)
{
	return f->kind <= FINDING_LEAK_GROWTH ? finding_texts[FINDING_LEAK].id
					      : finding_texts[f->kind].id;
}

static const char *describe(struct arena *arena, const struct finding *f)
{
	return arena_format(arena, "%s\n%s\n%s", category(f), f->topic ? f->topic : "",
			    f->site ? names_bare(arena, f->site->key) : f->program);
}

static int compare(const void *left, const void *right)
{
	const struct finding *const *a = left, *const *b = right;
	int order = strcmp((*a)->identity, (*b)->identity);

	return order ? order : *a < *b ? -1 : *a > *b;
}

void identity_set(struct verdict *v)
{
	struct finding **sorted =
		arena_take(v->arena, (v->n_findings + 1) * sizeof(*sorted));

	for (size_t i = 0; i < v->n_findings; i++) {
		sorted[i] = &v->findings[i];
		sorted[i]->identity = describe(v->arena, sorted[i]);
	}
	if (v->n_findings)
		qsort(sorted, v->n_findings, sizeof(*sorted), compare);
	for (size_t i = 0; i < v->n_findings; i++)
		sorted[i]->occurrence =
			i && strcmp(sorted[i]->identity, sorted[i - 1]->identity) == 0
				? sorted[i - 1]->occurrence + 1
				: 1;
}

/* FNV-1a */
static uint64_t hash(const char *text)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return sum;
}

const char *identity_hash(struct arena *arena, const struct finding *f)
{
	return arena_format(arena, "%016" PRIx64 ":%u", hash(f->identity), f->occurrence);
}

/* What was cut off is in the hash. */
static const char *cut(struct arena *arena, const struct finding *f, const char *name)
{
	size_t n = MOST_BYTES;

	if (strlen(name) <= MOST_BYTES)
		return name;
	while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	return arena_format(arena, "%.*s" ELLIPSIS " %016" PRIx64, (int)n, name,
			    hash(f->identity));
}

const char *identity_name(struct arena *arena, const struct finding *f)
{
	const char *functions = f->site ? names_joined(arena, f->site->key) : "";
	const char *name =
		arena_format(arena, "%s%s%s%s%s", category(f), f->topic ? " " : "",
			     f->topic ? f->topic : "", f->site ? " " : "", functions);

	name = cut(arena, f, name);
	return f->occurrence == 1 ? name
				  : arena_format(arena, "%s (%u)", name, f->occurrence);
}
