// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/places.h"
#include "common/array.h"
#include "symbols/signature.h"

#include "loading/signer.h"

static int reduce(struct signer_name *name, const char *sym)
{
	char plain[SIGNATURE_MAX_NAME];
	size_t length = signature_name(sym, plain, sizeof(plain));

	name->plain = malloc(length + 1);
	if (!name->plain)
		return -ENOMEM;
	memcpy(name->plain, plain, length);
	name->length = (uint32_t)length;
	name->is_startup = signature_is_startup(sym);
	name->is_main = strcmp(sym, "main") == 0;
	return 0;
}

/* The names of all functions that `places` has. */
static int grow(struct signer *s, const struct places *places)
{
	if (array_grow((void **)&s->names, &s->n_names_max, places->functions.n_texts + 1,
		       sizeof(*s->names)))
		return -ENOMEM;
	for (; s->n_names < places->functions.n_texts; s->n_names++)
		s->names[s->n_names] = (struct signer_name){0};
	return 0;
}

/* The frames up to main; without main, those before what begins a thread. A function of
 * the program's own may have such a name. */
static int count_named(struct signer *s, const struct places *places, size_t *n)
{
	for (*n = 0; *n < places->n_stack; ++*n) {
		uint32_t function = places->places[places->stack[*n]].function;
		struct signer_name *name = &s->names[function];

		if (!name->plain && reduce(name, places->functions.texts[function]))
			return -ENOMEM;
		if (name->is_main) {
			++*n;
			return 0;
		}
	}
	while (*n > 0 &&
	       s->names[places->places[places->stack[*n - 1]].function].is_startup)
		--*n;
	return 0;
}

int signer_sign(struct signer *s, const struct places *places, const char *allocator,
		char *text)
{
	uint64_t hash = SIGNATURE_BEGIN;
	size_t n;

	if (grow(s, places) || count_named(s, places, &n))
		return -ENOMEM;
	if (allocator)
		hash = signature_add(hash, allocator);
	for (size_t i = 0; i < n; i++) {
		const struct place *place = &places->places[places->stack[i]];
		const struct signer_name *name = &s->names[place->function];

		if (!place->inferred)
			hash = signature_add_plain(hash, name->plain, name->length);
	}
	signature_format(hash, text);
	return 0;
}

void signer_fini(struct signer *s)
{
	for (size_t i = 0; i < s->n_names; i++)
		free(s->names[i].plain);
	free(s->names);
}
