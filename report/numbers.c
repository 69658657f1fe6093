// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/numbers.h"

static const char *const si[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
static const char *const iec[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

static const char *const *bytes_units = si;
static double bytes_step = 1000;

int64_t number_round(double value)
{
	if (value >= 0x1p63)
		return INT64_MAX;
	if (value < -0x1p63)
		return INT64_MIN;
	return isnan(value) ? 0 : llround(value);
}

void numbers_use_iec(bool use)
{
	bytes_units = use ? iec : si;
	bytes_step = use ? 1024 : 1000;
}

/* Three significant digits. 999.5 belongs to the next unit already. */
static void write_scaled(struct number_text *number, double value, double step,
			 const char *const *units, size_t n_units)
{
	size_t i = 0;
	int digits;

	while (i + 1 < n_units && value >= step - 0.5) {
		value /= step;
		i++;
	}
	digits = i == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	snprintf(number->text, sizeof(number->text), "%.*f %s", digits, value, units[i]);
}

struct number_text bytes_text(double bytes)
{
	struct number_text number;

	write_scaled(&number, round(bytes), bytes_step, bytes_units,
		     sizeof(si) / sizeof(*si));
	return number;
}

static struct number_text with_sign(struct number_text number, double value)
{
	struct number_text result;

	snprintf(result.text, sizeof(result.text), "%s%.30s", value < 0 ? "-" : "+",
		 number.text);
	return result;
}

struct number_text signed_bytes_text(double bytes)
{
	return with_sign(bytes_text(fabs(bytes)), bytes);
}

struct number_text count_text(double count)
{
	struct number_text number;
	char digits[32];
	int n = snprintf(digits, sizeof(digits), "%.0f", fabs(count) < 1e18 ? count : 0);
	size_t to = 0;

	for (int i = 0; i < n && to + 2 < sizeof(number.text); i++) {
		if (i > 0 && digits[i - 1] != '-' && (n - i) % 3 == 0)
			number.text[to++] = ',';
		number.text[to++] = digits[i];
	}
	number.text[to] = 0;
	return number;
}

struct number_text blocks_text(double blocks)
{
	struct number_text number = count_text(blocks);
	size_t n = strlen(number.text);

	snprintf(number.text + n, sizeof(number.text) - n, " block%s",
		 strcmp(number.text, "1") == 0 ? "" : "s");
	return number;
}

struct number_text signed_count_text(double count)
{
	return with_sign(count_text(fabs(count)), count);
}

struct number_text time_text(int64_t ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	struct number_text number;

	write_scaled(&number, (double)ns, 1000, units, sizeof(units) / sizeof(*units));
	return number;
}

struct number_text percent_text(double part, double whole)
{
	struct number_text number;
	double percent = whole > 0 ? 100 * part / whole : 0;

	snprintf(number.text, sizeof(number.text), "%.1f %%", percent);
	return number;
}
