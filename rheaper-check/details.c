// SPDX-License-Identifier: MIT
/*
 * Two kinds of names have details. A linkage name has all of them, and each compiler
 * makes the same one. What debug information calls an inlined function has template
 * arguments and no parameters, and each compiler writes types in its own way: of these
 * only the outermost words count, and no such name is compared with one of the other
 * kind. Names of Rust have their types and no parameters, and all words count.
 *
 * The number of a lambda follows the rest. gcc, and clang where other files may see the
 * lambda, count those of a function: "#2". Else clang counts through the file: "$2".
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "symbols/name-parts.h"
#include "symbols/signature.h"

#include "rheaper-check/details.h"

#define MAX_TEXT 60    /* longer ones become a hash */
#define MAX_LAMBDAS 64 /* bytes of their numbers */

struct details {
	char text[MAX_TEXT + 1];
	size_t n; /* of all that was written, also what does not fit */
	uint64_t hash;
	char last;   /* byte of it */
	char before; /* what is being read, in the name */
	char lambdas[MAX_LAMBDAS];
	size_t n_lambdas;
	size_t depth; /* of brackets */
	bool is_full, is_operator;
	bool is_whole; /* what lies in inner brackets counts, too */
};

static void begin(struct details *d)
{
	d->n = d->n_lambdas = d->depth = 0;
	d->hash = SIGNATURE_BEGIN;
	d->last = 0;
}

static void put(struct details *d, const char *text, size_t n)
{
	if (d->depth > 1 && !d->is_whole)
		return;
	for (size_t i = 0; i < n; i++) {
		if (d->n < MAX_TEXT)
			d->text[d->n] = text[i];
		d->n++;
		d->last = text[i];
		d->hash = signature_add_plain(d->hash, text + i, 1);
	}
}

/* The length of a name without what a compiler added behind it. */
static size_t length_of(const char *sym)
{
	const char *clone = strstr(sym, " [clone ");
	size_t length = clone ? (size_t)(clone - sym) : strlen(sym);

	if (name_cut_offset(sym, length) < length)
		return 0;
	return name_cut_rust_hash(sym, name_cut_clones(sym, length));
}

static bool ends_with(const char *text, size_t n, const char *end)
{
	size_t length = strlen(end);

	return n >= length && memcmp(text + n - length, end, length) == 0;
}

/* "f(int) const" has its parameters; "operator()" has not. */
static bool is_full(const char *name, size_t n)
{
	static const char *const qualifiers[] = {" const", " volatile", " &&", " &"};

	for (size_t i = 0; i < sizeof(qualifiers) / sizeof(*qualifiers); i++) {
		if (ends_with(name, n, qualifiers[i]))
			return is_full(name, n - strlen(qualifiers[i]));
	}
	return ends_with(name, n, ")") && !ends_with(name, n, "operator()") &&
	       !ends_with(name, n, "(anonymous namespace)");
}

/* "<lambda()>" and the like are gcc's. */
static bool begins_type(const char *at)
{
	static const char *const others[] = {"<lambda", "<unnamed", "<anonymous"};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (strncmp(at, others[i], strlen(others[i])) == 0)
			return false;
	}
	return at[0] == '<';
}

/* "<T as Trait>::f", "f::<T>", "f::{closure#1}": there is one compiler, which writes
 * inner arguments in one way. */
static bool is_of_rust(const char *sym)
{
	for (const char *at = sym; (at = strstr(at, "::<")); at++) {
		if (begins_type(at + 2))
			return true;
	}
	return begins_type(sym) || strstr(sym, "{closure#");
}

bool details_are_full(const char *sym)
{
	return is_full(sym, length_of(sym));
}

bool details_are_cut(const char *sym)
{
	return strstr(sym, "<\xe2\x80\xa6>") != NULL;
}

/* A lambda at `at`, whose number is added; its length, or 0 if none is there. */
static size_t take_lambda(struct details *d, const char *at)
{
	size_t n = name_lambda_length(at), digits;
	const char *number = at + n - (n && at[n - 1] == '}');

	if (n == 0)
		return 0;
	while (number > at && isdigit((unsigned char)number[-1]))
		number--;
	digits = strspn(number, "0123456789");
	if (d->n_lambdas + digits + 2 <= MAX_LAMBDAS) {
		d->lambdas[d->n_lambdas++] = ' ';
		d->lambdas[d->n_lambdas++] = at[0] == '$' ? '$' : '#';
		memcpy(d->lambdas + d->n_lambdas, number, digits);
		d->n_lambdas += digits;
	}
	if (d->depth)
		put(d, "{}", 2);
	return n;
}

/* The length of what is no part of the details, whatever is around it. */
static size_t skip_noise(const char *at)
{
	static const char *const noise[] = {
		"(anonymous namespace)::",
		"(anonymous namespace)",
		"{anonymous}::",
		"__cxx11::",
		"__1::",
	};

	for (size_t i = 0; i < sizeof(noise) / sizeof(*noise); i++) {
		if (strncmp(at, noise[i], strlen(noise[i])) == 0)
			return strlen(noise[i]);
	}
	return strncmp(at, "[abi:", 5) == 0 ? strcspn(at, "]") + 1 : 0;
}

/* gcc's debug information has other names of some types; its linkage names have not. */
static size_t take_type(struct details *d, const char *at)
{
	static const struct {
		const char *gcc, *demangled;
	} types[] = {
		{"long long unsigned int", "unsigned long long"},
		{"long unsigned int", "unsigned long"},
		{"short unsigned int", "unsigned short"},
		{"long long int", "long long"},
		{"long int", "long"},
		{"short int", "short"},
	};

	if (isalnum((unsigned char)d->last) || d->last == '_')
		return 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (strncmp(at, types[i].gcc, strlen(types[i].gcc)) != 0)
			continue;
		put(d, types[i].demangled, strlen(types[i].demangled));
		return strlen(types[i].gcc);
	}
	return 0;
}

/* In brackets: gcc writes "T*", "> >" and 3 where clang has "T *", ">>" and 3U. */
static size_t take_inner(struct details *d, const char *at)
{
	size_t n = take_type(d, at);

	if (n)
		return n;
	if (at[0] == ' ' && (d->last == ',' || strchr("*&>", at[1])))
		return 1;
	if (!d->is_full && strchr("uUlL", at[0]) && isdigit((unsigned char)d->last) &&
	    strchr("uUlL,>", at[1]))
		return 1;
	put(d, at, 1);
	return 1;
}

/* Outside of them: before the last space is the type that a template returns. */
static size_t take_outer(struct details *d, const char *at)
{
	static const char *const qualifiers[] = {" const", " volatile", " &&", " &"};
	bool is_word = isalnum((unsigned char)d->before) || d->before == '_';
	size_t n = is_word ? 0 : name_operator_length(at);
	size_t local = name_local_length(at);

	if (n) {
		d->is_operator = true;
		return n;
	}
	if (local) {
		put(d, at, local);
		return local;
	}
	if (at[0] != ' ')
		return 1;
	for (size_t i = 0; i < sizeof(qualifiers) / sizeof(*qualifiers); i++) {
		n = strlen(qualifiers[i]);
		if (d->last != ')' || strncmp(at, qualifiers[i], n) != 0)
			continue;
		put(d, at, n);
		d->last = ')';
		return n;
	}
	if (!d->is_operator)
		begin(d);
	return 1;
}

/* What is at `at`, and its length. */
static size_t take(struct details *d, const char *at)
{
	size_t n = skip_noise(at);
	bool is_arrow = at[0] == '>' && d->last == '-';

	if (n == 0)
		n = take_lambda(d, at);
	if (n)
		return n;
	if (d->depth == 0 && at[0] != '<' && at[0] != '(')
		return take_outer(d, at);
	if (at[0] == '<' || at[0] == '(')
		d->depth++;
	if (!strchr("<>()", at[0]))
		return take_inner(d, at);
	put(d, at, 1);
	if ((at[0] == '>' && !is_arrow) || at[0] == ')')
		d->depth--;
	return 1;
}

const char *details_of(struct arena *arena, const char *sym)
{
	size_t length = length_of(sym);
	struct details d = {.is_full = is_full(sym, length)};
	char hashed[SIGNATURE_TEXT_SIZE];

	if (details_are_cut(sym))
		return "";
	d.is_whole = d.is_full || is_of_rust(sym);
	begin(&d);
	for (size_t i = 0; i < length;) {
		d.before = i > 0 ? sym[i - 1] : 0;
		i += take(&d, sym + i);
	}
	if (d.n == 0 && d.n_lambdas) /* a closure of Rust's */
		put(&d, "{}", 2);
	if (d.n == 0)
		return "";
	d.text[d.n <= MAX_TEXT ? d.n : 0] = 0;
	if (d.text[0])
		return arena_printable(arena, arena_format(arena, "%s%.*s", d.text,
							   (int)d.n_lambdas, d.lambdas));
	signature_format(d.hash, hashed);
	return arena_format(arena, d.is_full ? "(%s)%.*s" : "<%s>%.*s", hashed,
			    (int)d.n_lambdas, d.lambdas);
}

/* The length of details before the numbers of lambdas. */
static size_t before_lambdas(const char *text, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (text[i] == ' ' && (text[i + 1] == '#' || text[i + 1] == '$'))
			return i;
	}
	return n;
}

enum details_order details_compare(const char *a, size_t n, const char *b, size_t k)
{
	size_t a_rest = before_lambdas(a, n), b_rest = before_lambdas(b, k);

	if (n == k && memcmp(a, b, n) == 0)
		return DETAILS_SAME;
	if (n == 0 || k == 0 || is_full(a, a_rest) != is_full(b, b_rest))
		return DETAILS_UNKNOWN;
	if (a_rest != b_rest || memcmp(a, b, a_rest) != 0)
		return DETAILS_OTHER;
	if (n == a_rest || k == b_rest)
		return DETAILS_OTHER;
	if (a[a_rest + 1] != b[b_rest + 1])
		return DETAILS_NUMBERED;
	return a[a_rest + 1] == '$' ? DETAILS_SHIFTED : DETAILS_OTHER;
}
