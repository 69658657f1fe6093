// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"

#include "rheaper-check/limits.h"

bool limits_parse_amount(const char *text, int64_t *amount)
{
	static const char units[] = "KMG";
	int64_t number, unit = 1;
	const char *letter;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		letter = strchr(units, *end);
		if (!letter || end[1])
			return false;
		unit = (int64_t)1 << 10 * (letter - units + 1);
	}
	if (__builtin_mul_overflow(number, unit, &number))
		return false;
	*amount = number;
	return true;
}

static bool parse_percent(const char *text, double *percent)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
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

/* The row whose name stands in "NAME=AMOUNT"; *amount is what follows. */
static const struct limit_name *find(const char *words, const char **amount)
{
	size_t length = strcspn(words, "=");

	for (size_t i = 0; i < sizeof(growths) / sizeof(*growths); i++) {
		if (strlen(growths[i].name) == length && words[length] == '=' &&
		    strncmp(growths[i].name, words, length) == 0) {
			*amount = words + length + 1;
			return &growths[i];
		}
	}
	die_usage("limit %s: expected NAME=AMOUNT with a name that --help lists", words);
}

void limits_take_growth(struct limits *limits, const char *words)
{
	struct limit limit = {.asked = true};
	const char *amount;
	const struct limit_name *name = find(words, &amount);

	if (!limits_parse_amount(amount, &limit.amount) &&
	    !parse_percent(amount, &limit.percent))
		die_usage("limit %s: expected a number or a percentage", words);
	(name->site ? limits->site_growth : limits->growth)[name->amount] = limit;
}

void limits_take_most(struct limits *limits, const char *words)
{
	struct limit limit = {.asked = true};
	const char *amount;
	const struct limit_name *name = find(words, &amount);

	if (!limits_parse_amount(amount, &limit.amount))
		die_usage("limit %s: expected a number", words);
	if (strncmp(words, "site-", 5) == 0)
		die_usage("limit %s: it is for --max-growth", words);
	limits->most[name->amount] = limit;
}

int64_t limit_apply(const struct limit *limit, int64_t before)
{
	double more = floor((double)before * limit->percent / 100);

	return measure_add(measure_add(before, limit->amount),
			   more < 9e18 ? (int64_t)more : INT64_MAX);
}
