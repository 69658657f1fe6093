// SPDX-License-Identifier: MIT
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/libraries.h"
#include "common/cli.h"
#include "common/glob.h"
#include "common/path.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/details.h"
#include "symbols/signature.h"

#include "rheaper-check/names.h"

#define MAX_NAME 1024
#define BUILD_ID_DIGITS 16
#define ARROW " \xe2\x86\x90 "

const char *names_plain(struct arena *arena, const char *sym)
{
	char plain[MAX_NAME];
	size_t n;

	n = signature_name(sym, plain, sizeof(plain));
	while (n > 0 && plain[n - 1] == ' ')
		n--;
	return arena_printable(arena, arena_text_n(arena, plain, n));
}

const char *names_unnamed(struct arena *arena, const char *sym, const char *build_id)
{
	/* With the offset: libc-client.so is somebody's own */
	static const char *const of_libc[] = {
		"libc.so+*",          "libc.so.6+*",       "libc-2.*.so+*",
		"libc.musl-*.so.1+*", "libpthread.so.0+*", "libpthread-2.*.so+*",
		"ld-linux*.so.*+*",   "ld-2.*.so+*",       "ld-musl-*.so.1+*",
	};

	for (size_t i = 0; i < sizeof(of_libc) / sizeof(*of_libc); i++) {
		if (glob_fits(of_libc[i], sym))
			return names_plain(arena, sym);
	}
	if (!build_id[0])
		return arena_printable(arena, sym);
	return arena_printable(
		arena, arena_format(arena, "%s [%.*s]", sym, BUILD_ID_DIGITS, build_id));
}

const char *names_line(struct arena *arena, const char *function, const char *file,
		       bool is_below_root, const char *details)
{
	if (!function[0])
		return function;
	if (file)
		file = arena_printable(arena, is_below_root ? file : path_base(file));
	if (details[0])
		return arena_format(arena, "%s\t%s\t%s", function, file ? file : "",
				    details);
	return file ? arena_format(arena, "%s\t%s", function, file) : function;
}

/* The length of a function's name in a line. */
static size_t name_length(const char *line, size_t length)
{
	const char *tab = memchr(line, '\t', length);

	return tab ? (size_t)(tab - line) : length;
}

/* The functions that count, up to main, and whether they are more than fit. */
static bool count(const char *const *functions, size_t n,
		  const char *counted[NAMES_MAX_FRAMES], size_t *n_counted)
{
	*n_counted = 0;
	for (size_t i = 0; i < n; i++) {
		const char *name = functions[i];

		if (name[0] == 0 ||
		    (*n_counted > 0 && strcmp(counted[*n_counted - 1], name) == 0))
			continue;
		if (*n_counted == NAMES_MAX_FRAMES)
			return true;
		counted[(*n_counted)++] = name;
		if (name_length(name, strlen(name)) == 4 && memcmp(name, "main", 4) == 0)
			break;
	}
	return false;
}

bool names_exceed(const char *const *functions, size_t n)
{
	const char *counted[NAMES_MAX_FRAMES];
	size_t n_counted;

	return count(functions, n, counted, &n_counted);
}

const char *names_key(struct arena *arena, const char *program,
		      const char *const *functions, size_t n)
{
	const char *counted[NAMES_MAX_FRAMES];
	size_t n_counted, size = strlen(program);
	char *key, *end;

	count(functions, n, counted, &n_counted);
	for (size_t i = 0; i < n_counted; i++)
		size += 1 + strlen(counted[i]);
	key = arena_take(arena, size + 1);
	end = stpcpy(key, program);
	for (size_t i = 0; i < n_counted; i++) {
		*end++ = '\n';
		end = stpcpy(end, counted[i]);
	}
	return key;
}

size_t names_program(const char *key)
{
	return strcspn(key, "\n");
}

char *names_bare(struct arena *arena, const char *key)
{
	char *bare = arena_text(arena, key), *end = bare;

	while (*key) {
		if (*key == '\t')
			key += strcspn(key, "\n");
		else
			*end++ = *key++;
	}
	*end = 0;
	return bare;
}

/* The next line of a text, and its length; NULL: there is none. */
static const char *next_line(const char *line, size_t *length)
{
	line += *length;
	if (*line == 0)
		return NULL;
	line++;
	*length = strcspn(line, "\n");
	return line;
}

/* What a line of *length bytes has behind its first tab, or behind the second one, and
 * the length of that; 0: it is not known. */
static const char *column(const char *line, size_t *length, int number)
{
	size_t n = *length;

	for (int i = 0; i < number; i++) {
		size_t cell = name_length(line, n);

		line += cell + (cell < n);
		n -= cell + (cell < n);
	}
	*length = name_length(line, n);
	return line;
}

static const char *file_of(const char *line, size_t *length)
{
	return column(line, length, 1);
}

static const char *details_in(const char *line, size_t *length)
{
	return column(line, length, 2);
}

const char *names_joined(struct arena *arena, const char *key)
{
	return names_joined_in_full(arena, names_bare(arena, key));
}

const char *names_joined_in_full(struct arena *arena, const char *key)
{
	size_t length = names_program(key);
	const char *line = next_line(key, &length);
	char *joined = arena_take(arena, strlen(key) * sizeof(ARROW) + 1), *end = joined;

	if (!line)
		return "[unknown]";
	for (; line; line = next_line(line, &length)) {
		size_t name = name_length(line, length), file = length, details = length;
		const char *file_at = file_of(line, &file);
		const char *details_at = details_in(line, &details);

		end = stpcpy(end, end == joined ? "" : ARROW);
		end = mempcpy(mempcpy(end, line, name), details_at, details);
		if (file)
			end = stpcpy(mempcpy(stpcpy(end, " ("), file_at, file), ")");
	}
	return joined;
}

/* The length of the module in a line that names_unnamed made with a build id, else 0. */
static size_t unnamed_length(const char *line, size_t length)
{
	const char *plus = NULL;

	if (length > 0 && line[length - 1] == ']')
		plus = memmem(line, length, "+0x", 3);
	return plus ? (size_t)(plus - line) : 0;
}

/* The same module in another build: where its code was then, nobody can say. */
static bool is_rebuilt(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t module = unnamed_length(a, a_length);
	const char *a_id = memrchr(a, '[', a_length), *b_id = memrchr(b, '[', b_length);

	if (module == 0 || module != unnamed_length(b, b_length) ||
	    memcmp(a, b, module) != 0)
		return false;
	return a + a_length - a_id != b + b_length - b_id ||
	       memcmp(a_id, b_id, (size_t)(a + a_length - a_id)) != 0;
}

/* Whether a text is the other one's end, behind a separator if it is not all of it. */
static bool is_end(const char *a, size_t a_length, const char *b, size_t b_length,
		   char separator)
{
	return a_length <= b_length &&
	       memcmp(a, b + b_length - a_length, a_length) == 0 &&
	       (a_length == b_length || b[b_length - a_length - 1] == separator);
}

/* Whether the files of two lines may be one. */
static bool is_same_file(const char *a, size_t a_length, const char *b, size_t b_length)
{
	const char *a_file = file_of(a, &a_length), *b_file = file_of(b, &b_length);

	return a_length == 0 || b_length == 0 ||
	       is_end(a_file, a_length, b_file, b_length, '/') ||
	       is_end(b_file, b_length, a_file, a_length, '/');
}

/* The same, where directories do not count. */
static bool is_same_file_name(const char *a, size_t a_length, const char *b,
			      size_t b_length)
{
	const char *a_file = file_of(a, &a_length), *b_file = file_of(b, &b_length);
	const char *a_slash = memrchr(a_file, '/', a_length);
	const char *b_slash = memrchr(b_file, '/', b_length);
	const char *a_base = a_slash ? a_slash + 1 : a_file;
	const char *b_base = b_slash ? b_slash + 1 : b_file;
	size_t a_rest = (size_t)(a_file + a_length - a_base);

	return a_length == 0 || b_length == 0 ||
	       (a_rest == (size_t)(b_file + b_length - b_base) &&
		memcmp(a_base, b_base, a_rest) == 0);
}

static enum details_order compare_details(const char *a, size_t a_length, const char *b,
					  size_t b_length)
{
	const char *a_details = details_in(a, &a_length);
	const char *b_details = details_in(b, &b_length);

	return details_compare(a_details, a_length, b_details, b_length);
}

/* The same function; of what was inlined some compilers do not name the namespaces. */
static bool is_same(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t a_name = name_length(a, a_length), b_name = name_length(b, b_length);

	if (is_rebuilt(a, a_name, b, b_name))
		return true;
	if (a_name > b_name)
		return is_same(b, b_length, a, a_length);
	return is_end(a, a_name, b, b_name, ':') &&
	       (a_name == b_name || !memchr(a, ':', a_name)) &&
	       is_same_file_name(a, a_length, b, b_length) &&
	       compare_details(a, a_length, b, b_length) != DETAILS_OTHER;
}

typedef bool same_fn(const char *a, size_t a_length, const char *b, size_t b_length);

/* Whether two keys have the same functions, and each two lines what they must. */
static bool has_same_lines(const char *a, const char *b, same_fn *is_line_alike)
{
	size_t a_length = names_program(a), b_length = names_program(b);
	bool is_line_same = a_length == b_length && memcmp(a, b, a_length) == 0;

	while (is_line_same) {
		a = next_line(a, &a_length);
		b = next_line(b, &b_length);
		if (!a || !b)
			return !a && !b;
		is_line_same = name_length(a, a_length) == name_length(b, b_length) &&
			       memcmp(a, b, name_length(a, a_length)) == 0 &&
			       is_line_alike(a, a_length, b, b_length);
	}
	return false;
}

static bool is_any(const char *a, size_t a_length, const char *b, size_t b_length)
{
	(void)a, (void)a_length, (void)b, (void)b_length;
	return true;
}

static bool is_alike(const char *a, size_t a_length, const char *b, size_t b_length)
{
	return is_same_file(a, a_length, b, b_length) &&
	       compare_details(a, a_length, b, b_length) <= DETAILS_NUMBERED;
}

bool names_have_same_functions(const char *a, const char *b)
{
	return has_same_lines(a, b, is_any);
}

bool names_have_same_files(const char *a, const char *b)
{
	return has_same_lines(a, b, is_same_file);
}

bool names_alike(const char *a, const char *b)
{
	return has_same_lines(a, b, is_alike);
}

/* What one of two lines tells. */
static enum names_gap line_gap(const char *a, size_t a_length, const char *b,
			       size_t b_length)
{
	size_t a_file = a_length, b_file = b_length;

	file_of(a, &a_file);
	file_of(b, &b_file);
	if (!a_file != !b_file)
		return GAP_FILES;
	if (a_file != b_file)
		return GAP_DIRECTORIES;
	switch (compare_details(a, a_length, b, b_length)) {
	case DETAILS_UNKNOWN:
		return GAP_DETAILS;
	case DETAILS_NUMBERED:
		return GAP_LAMBDAS;
	default:
		return GAP_NONE;
	}
}

enum names_gap names_gap(const char *a, const char *b)
{
	size_t a_length = names_program(a), b_length = names_program(b);
	enum names_gap gap = GAP_NONE;

	while (gap == GAP_NONE && (a = next_line(a, &a_length)) &&
	       (b = next_line(b, &b_length)))
		gap = line_gap(a, a_length, b, b_length);
	return gap;
}

/* Whether all lines of `few` stand in `many`, in their order. */
static bool is_part(const char *few, const char *many)
{
	size_t a_length = names_program(few), b_length = names_program(many);
	const char *b = many;

	for (const char *a = few; (a = next_line(a, &a_length));) {
		do {
			b = next_line(b, &b_length);
		} while (b && !is_same(a, a_length, b, b_length));
		if (!b)
			return false;
	}
	return true;
}

/* Whether a function, or code without a name, is not of the libraries of C, C++ or Rust:
 * functions of these have no file here, whatever a program calls its own. */
static bool is_own(const char *line, size_t length)
{
	size_t module = unnamed_length(line, length), file = length;
	char text[MAX_NAME + 1];

	file_of(line, &file);
	if (file)
		return true;
	length = module ? module : name_length(line, length);
	if (length > MAX_NAME)
		length = MAX_NAME;
	memcpy(text, line, length);
	text[length] = 0;
	return !library_has_module(text) && !library_has_function(text);
}

/*
 * Whether what two keys have in common tells the place, if all of `few` is in `many`: the
 * innermost of the program's own functions, or two others of these. All that main calls
 * has main in common.
 */
static bool is_telling(const char *few, const char *many)
{
	size_t a_length = names_program(few), b_length = names_program(many);
	const char *a = next_line(few, &a_length), *b = many;
	bool is_first_common = true, has_own = false, is_lost = false;
	size_t n_own = 0;

	for (size_t i = 0; (b = next_line(b, &b_length)); i++) {
		bool is_common = a && is_same(a, a_length, b, b_length);

		if (i == 0)
			is_first_common = is_common;
		if (is_common)
			a = next_line(a, &a_length);
		if (!is_own(b, b_length))
			continue;
		has_own = true;
		is_lost = is_lost || !is_common;
		n_own += is_common;
		if (n_own == 2 || (n_own && !is_lost))
			return true;
	}
	return !has_own && is_first_common;
}

struct names_shape names_shape(const char *key)
{
	struct names_shape shape = {0};
	size_t length = names_program(key);

	for (const char *name = key; (name = next_line(name, &length));) {
		uint32_t hash = 2166136261; /* FNV-1a, of what is behind the last colon */
		size_t module = unnamed_length(name, length);

		for (size_t i = 0; i < (module ? module : name_length(name, length)); i++)
			hash = name[i] == ':'
				       ? 2166136261
				       : (hash ^ (unsigned char)name[i]) * 16777619;
		shape.n++;
		shape.functions |= UINT64_C(1) << (hash >> 26);
	}
	return shape;
}

bool names_related(const char *a, const struct names_shape *a_shape, const char *b,
		   const struct names_shape *b_shape)
{
	size_t n_a = a_shape->n, n_b = b_shape->n, program = names_program(a);

	if ((n_a >= n_b && b_shape->functions & ~a_shape->functions) ||
	    (n_a <= n_b && a_shape->functions & ~b_shape->functions))
		return false;
	if (program != names_program(b) || memcmp(a, b, program) != 0)
		return false;
	if (n_a > n_b)
		return 2 * n_b >= n_a && is_part(b, a) && is_telling(b, a);
	return n_a > 0 && 2 * n_a >= n_b && is_part(a, b) && is_telling(a, b);
}
