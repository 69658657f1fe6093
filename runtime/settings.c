/* SPDX-License-Identifier: MIT */
/*
 * Runs before main, perhaps before libc is ready: strings are handled here,
 * without stdio, locale or getenv. The numeric variables are rows of a table.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "contract/symbol-cache.h"
#include "runtime/line.h"
#include "runtime/os-clock.h"
#include "runtime/os-file.h"
#include "runtime/os-process.h"
#include "runtime/settings.h"

#define MILLION 1000000
#define RING ",ring"

static const struct variable {
	const char *name;
	size_t offset;
	uint64_t standard, least, most;
	enum kind {
		NARROW, /* the field is 32 bits */
		WIDE,   /* 64 */
		SHARE,  /* 64, of 0.0 to 1.0 in millionths */
		SIGNAL, /* 32, by number or name */
		LIMIT,  /* 64, and perhaps ",ring" */
		KEEP,   /* 32, 1 for "keep" */
		SCAN,   /* 32, 0, 1, or 2 for "graph" */
	} kind;
} variables[] = {
	{"RHEAPER_STACK_DEPTH", offsetof(struct rhp_settings, stack_depth), 64, 1, 1024,
	 NARROW},
	{"RHEAPER_MAX_TRACKERS", offsetof(struct rhp_settings, max_trackers), 200, 1,
	 10000, NARROW},
	{"RHEAPER_EVENT_BUFFER", offsetof(struct rhp_settings, event_buffer), 5000, 500,
	 1000000, NARROW},
	{"RHEAPER_MAX_BYTES", offsetof(struct rhp_settings, max_bytes), 0, 0, UINT64_MAX,
	 LIMIT},
	{"RHEAPER_SAMPLE_BYTES", offsetof(struct rhp_settings, sample_bytes), 0, 0,
	 UINT32_MAX, WIDE},
	{"RHEAPER_SAMPLE_RATE", offsetof(struct rhp_settings, sample_ppm), MILLION, 0,
	 MILLION, SHARE},
	{"RHEAPER_FOLLOW_FORK", offsetof(struct rhp_settings, follow_fork), 0, 0, 1,
	 NARROW},
	{"RHEAPER_FREE_STACKS", offsetof(struct rhp_settings, free_stacks), 0, 0, 1,
	 NARROW},
	{"RHEAPER_LEAK_SCAN", offsetof(struct rhp_settings, leak_scan), 0, 0, 2, SCAN},
	{"RHEAPER_START", offsetof(struct rhp_settings, start), 1, 0, 1, NARROW},
	{"RHEAPER_SIGNAL", offsetof(struct rhp_settings, signal), 0, 0, 64, SIGNAL},
	{"RHEAPER_SIGBUS", offsetof(struct rhp_settings, bus_errors), 1, 0, 1, NARROW},
	{"RHEAPER_SYMBOLS", offsetof(struct rhp_settings, keep_symbols), 0, 0, 1, KEEP},
	{"RHEAPER_SYMBOLS_BYTES", offsetof(struct rhp_settings, symbols_bytes),
	 RHP_SYMBOLS_BYTES_DEFAULT, 0, UINT64_MAX, WIDE},
	{"RHEAPER_USDT", offsetof(struct rhp_settings, usdt), 0, 0, 1, NARROW},
	{"RHEAPER_QUIET", offsetof(struct rhp_settings, quiet), 0, 0, 1, NARROW},
	{"RHEAPER_SAMPLE_SEED", offsetof(struct rhp_settings, sample_seed), 0, 0,
	 UINT64_MAX, WIDE},
};
#define N_VARIABLES (sizeof(variables) / sizeof(variables[0]))

static const char *error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ENOENT, "no such file or directory"},
		{EACCES, "permission denied"},
		{EPERM, "operation not permitted"},
		{ENOSPC, "no space left on device"},
		{EROFS, "read-only file system"},
		{ENOTDIR, "not a directory"},
		{EISDIR, "is a directory"},
		{EEXIST, "file exists"},
		{ELOOP, "is a symbolic link"},
		{ENAMETOOLONG, "file name too long"},
		{EMFILE, "too many open files"},
		{ENOMEM, "out of memory"},
		{EFBIG, "over the limit of file sizes, or RHEAPER_MAX_BYTES too small"},
		{ENOTSUP, "not a regular file"},
		{EDQUOT, "disk quota exceeded"},
		{EINVAL, "invalid argument"},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return "system error";
}

void rhp_settings_complain(const char *what, const char *object, int error)
{
	char line[RHP_PATH_SIZE + 256];
	struct rhp_line t = {line, line + sizeof(line)};
	rhp_line_add(&t, "rheaper: ");
	rhp_line_add(&t, what);
	rhp_line_add(&t, " ");
	rhp_line_add(&t, object);
	if (error) {
		rhp_line_add(&t, ": ");
		rhp_line_add(&t, error_name(error));
		rhp_line_add(&t, " (error ");
		rhp_line_add_number(&t, (uint64_t)error);
		rhp_line_add(&t, ")");
	}
	rhp_line_add(&t, "; the program continues\n");
	rhp_os_complain(line, (size_t)(t.at - line));
}

void rhp_settings_append_suffix(char *path, size_t length, unsigned number)
{
	struct rhp_line t = {path + length, path + RHP_PATH_SIZE};
	rhp_line_add(&t, ".");
	rhp_line_add_number(&t, number);
}

static void add_pattern(struct rhp_line *t, char letter)
{
	char buffer[RHP_PATH_SIZE];
	switch (letter) {
	case 'p':
		rhp_line_add_number(t, (uint64_t)rhp_os_pid());
		break;
	case 't':
		rhp_line_add_number(t, rhp_os_realtime_ns() / 1000000000);
		break;
	case 'e':
		if (rhp_os_executable(buffer, sizeof(buffer)) > 0) {
			const char *slash = strrchr(buffer, '/');
			rhp_line_add(t, slash ? slash + 1 : buffer);
		}
		break;
	case '%':
		rhp_line_add(t, "%");
		break;
	default:
		rhp_line_add(t, (char[]){'%', letter, '\0'});
	}
}

/* %p pid, %e program, %t start time in seconds, %% percent. */
void rhp_settings_expand_path(struct rhp_settings *settings, const char *pattern)
{
	struct rhp_line t = {settings->path, settings->path + sizeof(settings->path)};
	for (const char *p = pattern; *p; p++) {
		if (*p == '%' && p[1])
			add_pattern(&t, *++p);
		else
			rhp_line_add(&t, (char[]){*p, '\0'});
	}
}

/* Digits, then perhaps K, M or G (powers of 1024). Where it ends, or NULL. */
static const char *parse_digits(const char *s, uint64_t *n)
{
	*n = 0;
	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(*n, 10, n) ||
		    __builtin_add_overflow(*n, (uint64_t)(*s - '0'), n))
			return NULL;
	unsigned shift = *s == 'K' ? 10 : *s == 'M' ? 20 : *s == 'G' ? 30 : 0;
	if (shift) {
		if (*n > UINT64_MAX >> shift)
			return NULL;
		*n <<= shift;
		s++;
	}
	return s;
}

static bool parse_number(const char *s, uint64_t *n)
{
	s = parse_digits(s, n);
	return s && *s == '\0';
}

static bool parse_limit(const char *s, uint64_t *n)
{
	s = parse_digits(s, n);
	return s && (*s == '\0' || (*n > 0 && strcmp(s, RING) == 0));
}

/* 0 to 1, with a fraction or without; in millionths, the rest cut. */
static bool parse_share(const char *s, uint64_t *n)
{
	uint64_t unit = MILLION;
	if (*s != '0' && *s != '1')
		return false;
	*n = *s++ == '1' ? MILLION : 0;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++)
			*n += (uint64_t)(*s - '0') * (unit /= 10);
	return *s == '\0';
}

/* A signal that nobody sends but by intention; "SIG" may stand before its name. */
static bool parse_signal(const char *s, uint64_t *n)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
		{"HUP", SIGHUP}, {"USR1", SIGUSR1},   {"USR2", SIGUSR2}, {"PWR", SIGPWR},
		{"URG", SIGURG}, {"WINCH", SIGWINCH}, {"IO", SIGIO},
	};
	bool is_number = parse_number(s, n);
	/* 32 and 33 are libc's own. */
	if (is_number && (*n == 0 || *n > 33))
		return true;
	if (strncmp(s, "SIG", 3) == 0)
		s += 3;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (is_number ? *n == (uint64_t)signals[i].number
			      : strcmp(s, signals[i].name) == 0) {
			*n = (uint64_t)signals[i].number;
			return true;
		}
	}
	return false;
}

static bool parse_keep(const char *s, uint64_t *n)
{
	*n = 1;
	return strcmp(s, "keep") == 0;
}

static bool parse_scan(const char *s, uint64_t *n)
{
	*n = 2;
	return strcmp(s, "graph") == 0 || (parse_number(s, n) && *n < 2);
}

static bool parse(const struct variable *v, const char *s, uint64_t *n)
{
	static bool (*const parsers[])(const char *, uint64_t *) = {
		[NARROW] = parse_number, [WIDE] = parse_number, [SHARE] = parse_share,
		[SIGNAL] = parse_signal, [LIMIT] = parse_limit, [KEEP] = parse_keep,
		[SCAN] = parse_scan,
	};
	return parsers[v->kind](s, n) && *n >= v->least && *n <= v->most;
}

static bool is_narrow(const struct variable *v)
{
	return v->kind == NARROW || v->kind == SIGNAL || v->kind == KEEP ||
	       v->kind == SCAN;
}

static void set(struct rhp_settings *settings, const struct variable *v, uint64_t value)
{
	void *field = (char *)settings + v->offset;
	uint32_t narrow = (uint32_t)value;
	if (is_narrow(v))
		memcpy(field, &narrow, sizeof(narrow));
	else
		memcpy(field, &value, sizeof(value));
}

static uint64_t get(const struct rhp_settings *settings, const struct variable *v)
{
	const void *field = (const char *)settings + v->offset;
	uint32_t narrow;
	uint64_t wide;
	memcpy(&narrow, field, sizeof(narrow));
	if (is_narrow(v))
		return narrow;
	memcpy(&wide, field, sizeof(wide));
	return wide;
}

void rhp_settings_default(struct rhp_settings *settings)
{
	for (size_t i = 0; i < N_VARIABLES; i++)
		set(settings, &variables[i], variables[i].standard);
	settings->ring = settings->own_calls = 0;
}

bool rhp_settings_are_valid(const struct rhp_settings *settings)
{
	for (size_t i = 0; i < N_VARIABLES; i++) {
		uint64_t n = get(settings, &variables[i]);
		if (n < variables[i].least || n > variables[i].most)
			return false;
	}
	return settings->ring <= (settings->max_bytes > 0) && settings->own_calls <= 1;
}

/* The value of `name` if this is its string, else NULL. */
static const char *value_of(const char *entry, const char *name)
{
	size_t n = strlen(name);
	return strncmp(entry, name, n) == 0 && entry[n] == '=' ? entry + n + 1 : NULL;
}

static void complain_of_value(const char *entry, const struct variable *v)
{
	static const char *const hints[] = {
		[SIGNAL] = "is not HUP, USR1, USR2, PWR, URG, WINCH, IO or 34 to 64; no "
			   "signal is used",
		[KEEP] = "is not keep; no symbols are kept",
		[SCAN] = "is not 0, 1 or graph; 0 is used",
	};
	char hint[128];
	struct rhp_line t = {hint, hint + sizeof(hint)};
	if (v->kind < sizeof(hints) / sizeof(hints[0]) && hints[v->kind]) {
		rhp_settings_complain(entry, hints[v->kind], 0);
		return;
	}
	rhp_line_add(&t, "is not a value from ");
	uint64_t unit = v->kind == SHARE ? MILLION : 1;
	rhp_line_add_number(&t, v->least / unit);
	rhp_line_add(&t, " to ");
	rhp_line_add_number(&t, v->most / unit);
	rhp_line_add(&t, "; ");
	rhp_line_add_number(&t, v->standard / unit);
	rhp_line_add(&t, " is used");
	rhp_settings_complain(entry, hint, 0);
}

static void read_entry(struct rhp_settings *settings, const char *entry)
{
	for (size_t i = 0; i < N_VARIABLES; i++) {
		const struct variable *v = &variables[i];
		uint64_t n;
		const char *value = value_of(entry, v->name);
		if (!value)
			continue;
		if (!parse(v, value, &n)) {
			complain_of_value(entry, v);
			continue;
		}
		set(settings, v, n);
		if (v->kind == LIMIT)
			settings->ring = strchr(value, ',') != NULL;
	}
}

/* What is longer is cut. */
static void set_path(struct rhp_settings *settings, const char *pattern)
{
	struct rhp_line t = {settings->path, settings->path + sizeof(settings->path)};
	*t.at = '\0';
	rhp_line_add(&t, pattern);
}

void rhp_settings_read(struct rhp_settings *settings, char *const *environment)
{
	settings->path[0] = '\0';
	rhp_settings_default(settings);
	for (char *const *e = environment; e && *e; e++)
		if (value_of(*e, "RHEAPER_TRACE"))
			set_path(settings, value_of(*e, "RHEAPER_TRACE"));
	if (!environment || !settings->path[0])
		return; /* nothing is asked for: nothing is said */
	for (char *const *e = environment; *e; e++)
		if (strncmp(*e, "RHEAPER_", 8) == 0)
			read_entry(settings, *e);
}
