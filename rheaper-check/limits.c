// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/options.h"
#include "rheaper-check/baseline.h"

#include "rheaper-check/limits.h"

static bool parse_percent(const char *text, double *percent)
{
	char *end;

	if (text[0] < '0' || text[0] > '9' || text[strspn(text, "0123456789.")] != '%')
		return false;
	*percent = strtod(text, &end);
	return end[0] == '%' && end[1] == 0 && isfinite(*percent);
}

static const struct limit_name {
	const char *name;
	enum amount amount;
	bool site; /* of each call site; of a program if not */
} growths[] = {
	{"leak-blocks", AMOUNT_LEAK_BLOCKS, true},
	{"leak-bytes", AMOUNT_LEAK_BYTES, true},
	{"allocations", AMOUNT_ALLOCATIONS, false},
	{"bytes", AMOUNT_BYTES, false},
	{"peak", AMOUNT_PEAK, false},
	{"site-allocations", AMOUNT_ALLOCATIONS, true},
	{"site-bytes", AMOUNT_BYTES, true},
};

/* The row whose name stands in "NAME=AMOUNT", or NULL; *amount is what follows. */
static const struct limit_name *find(const char *words, const char **amount)
{
	size_t length = strcspn(words, "=");

	*amount = words + length + (words[length] == '=');
	for (size_t i = 0; i < sizeof(growths) / sizeof(*growths); i++) {
		if (strlen(growths[i].name) == length && words[length] == '=' &&
		    strncmp(growths[i].name, words, length) == 0)
			return &growths[i];
	}
	return NULL;
}

static const char no_name[] = "expected NAME=N, with a name that --help lists";

const char *limits_take_growth(struct limits *limits, const char *words)
{
	struct limit limit = {.asked = true};
	const char *amount;
	const struct limit_name *name = find(words, &amount);

	if (!name)
		return no_name;
	if (!options_parse_size(amount, &limit.amount) &&
	    !parse_percent(amount, &limit.percent))
		return "expected a number, with K, M or G, or a percentage after the =";
	(name->site ? limits->site_growth : limits->growth)[name->amount] = limit;
	return NULL;
}

const char *limits_take_most(struct limits *limits, const char *words)
{
	struct limit limit = {.asked = true};
	const char *amount;
	const struct limit_name *name = find(words, &amount);

	if (!name)
		return no_name;
	if (strncmp(words, "site-", 5) == 0)
		return "expected a name of a program's; site-... is for --max-growth";
	if (!options_parse_size(amount, &limit.amount))
		return "expected a number, with K, M or G after the =";
	limits->most[name->amount] = limit;
	return NULL;
}

bool limits_any(const struct limits *limits)
{
	for (int k = 0; k < N_AMOUNTS; k++) {
		if (limits->most[k].asked)
			return true;
	}
	return false;
}

bool limits_need_baseline(const struct limits *limits)
{
	for (int i = 0; i < N_AMOUNTS; i++) {
		if (limits->growth[i].asked || limits->site_growth[i].asked)
			return true;
	}
	return false;
}

static bool has_amount(const struct baseline_list *list, enum amount amount)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->entries[i].has[amount])
			return true;
	}
	return false;
}

/* Leaks are in every baseline, if there are any. */
void limits_check_baseline(const struct limits *limits, const struct baseline *baseline,
			   const char *path)
{
	for (size_t i = 0; i < sizeof(growths) / sizeof(*growths); i++) {
		const struct limit_name *name = &growths[i];
		bool asked = name->site ? limits->site_growth[name->amount].asked
					: limits->growth[name->amount].asked;

		if (asked && name->amount >= AMOUNT_ALLOCATIONS &&
		    !has_amount(name->site ? &baseline->sites : &baseline->programs,
				name->amount))
			die("read %s: it has no %s to compare with; write it with "
			    "--max-growth=%s=N",
			    path, name->name, name->name);
	}
}

int64_t limit_apply(const struct limit *limit, int64_t before)
{
	double more = floor((double)before * limit->percent / 100);

	return measure_add(measure_add(before, limit->amount),
			   more < 9e18 ? (int64_t)more : INT64_MAX);
}
