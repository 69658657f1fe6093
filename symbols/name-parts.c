// SPDX-License-Identifier: MIT
/*
 * Signatures and short names read the same names, and must agree on what of them the
 * compiler added and what is an operator, whose brackets are none.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "symbols/name-parts.h"

/* What compilers append to the name of a piece of a function. */
static const char *const clone_suffixes[] = {".part.",      ".constprop.", ".isra.",
					     ".cold",       ".lto_priv.",  ".llvm.",
					     ".localalias", ".clone."};

size_t name_cut_clones(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(clone_suffixes) / sizeof(*clone_suffixes); i++) {
		const char *at = strstr(name + (length > 0), clone_suffixes[i]);

		if (at && (size_t)(at - name) < length)
			length = (size_t)(at - name);
	}
	return length;
}

size_t name_cut_rust_hash(const char *name, size_t length)
{
	if (length < 19 || memcmp(name + length - 19, "::h", 3) != 0)
		return length;
	for (size_t i = length - 16; i < length; i++) {
		if (!isxdigit((unsigned char)name[i]))
			return length;
	}
	return length - 19;
}

static bool is_hexadecimal(const char *text)
{
	while (isxdigit((unsigned char)*text))
		text++;
	return *text == 0;
}

size_t name_cut_offset(const char *name, size_t length)
{
	const char *plus = strrchr(name, '+');

	if (strncmp(name, "0x", 2) == 0 && is_hexadecimal(name + 2))
		return 0;
	if (plus && plus != name && strncmp(plus, "+0x", 3) == 0 &&
	    is_hexadecimal(plus + 3))
		return (size_t)(plus - name);
	return length;
}

size_t name_operator_length(const char *at)
{
	static const char word[] = "operator";
	static const char *const longest_first[] = {
		"<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "()", "<", ">"};
	size_t n = sizeof(word) - 1;

	if (strncmp(at, word, n) != 0)
		return 0;
	for (size_t i = 0; i < sizeof(longest_first) / sizeof(*longest_first); i++) {
		size_t length = strlen(longest_first[i]);

		if (strncmp(at + n, longest_first[i], length) == 0)
			return n + length;
	}
	return n;
}

/* "{closure#1}" */
static size_t closure_length(const char *at)
{
	size_t n = 9;

	if (strncmp(at, "{closure#", n) != 0 || !isdigit((unsigned char)at[n]))
		return 0;
	n += strspn(at + n, "0123456789");
	return at[n] == '}' ? n + 1 : 0;
}

size_t name_lambda_length(const char *at)
{
	size_t n = 0, depth = 0;

	if (strncmp(at, "$_", 2) == 0 && isdigit((unsigned char)at[2]))
		return 2 + strspn(at + 2, "0123456789");
	if (strncmp(at, "{lambda(", 8) != 0)
		return closure_length(at);
	do {
		depth += at[n] == '{';
		depth -= at[n] == '}';
	} while (at[n++] && depth);
	return depth ? 0 : n;
}

size_t name_local_length(const char *at)
{
	size_t n = 2;

	if (strncmp(at, "[#", n) != 0)
		return 0;
	n += strspn(at + n, "0123456789");
	return at[n] == ']' ? n + 1 : 0;
}
