// SPDX-License-Identifier: MIT
/*
 * A stack's identity is the only thing that must survive another compiler, another
 * machine, another optimization. So of "void ns::f<int>(unsigned long) [clone
 * .part.0]" only "ns::f" counts: the arguments of a template say what types are made
 * of on this machine, and clones are the compiler's affair.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "symbols/name-parts.h"

#include "symbols/signature.h"

/* What runs before main and before a thread's function differs between libcs. */
static const char *const startup[] = {"_start",
				      "__libc_start_main",
				      "__libc_start_call_main",
				      "start_thread",
				      "clone",
				      "clone3",
				      "__clone",
				      "__clone3",
				      "libc_start_main_stage2",
				      "start",
				      "__libc_start_main_impl"};

/* glibc's own names for a function, where it calls it itself: __GI___clone3. */
static const char internal[] = "__GI_";

bool signature_is_startup(const char *name)
{
	if (strncmp(name, internal, strlen(internal)) == 0)
		name += strlen(internal);
	for (size_t i = 0; i < sizeof(startup) / sizeof(*startup); i++) {
		if (strcmp(name, startup[i]) == 0)
			return true;
	}
	return false;
}

/* What a lambda becomes: closures of Rust have no number in legacy linkage names. */
static const char *lambda_text(const char *at)
{
	return strncmp(at, "{closure", 8) == 0 ? "{{closure}}" : "{lambda}";
}

/* Of Rust's "grow::<u8>" and "<T as Trait>::grow" the first one has a name before the
 * brackets, which it is called by without them. */
static size_t strip_colons(const char *plain, size_t n)
{
	return n > 2 && memcmp(plain + n - 2, "::", 2) == 0 ? n - 2 : n;
}

/* The text outside of all < > and ( ). */
static size_t strip_brackets(const char *name, size_t length, char *plain, size_t size)
{
	size_t n = 0, depth = 0;

	for (size_t i = 0; i < length && n < size; i++) {
		size_t word = depth == 0 ? name_operator_length(name + i) : 0;
		size_t number = depth == 0 ? name_lambda_length(name + i) : 0;
		const char *lambda = number ? lambda_text(name + i) : "";

		if (number && i + number <= length && n + strlen(lambda) < size) {
			n += (size_t)(stpcpy(plain + n, lambda) - (plain + n));
			i += number - 1;
		} else if (word && i + word <= length && n + word <= size &&
			   (i == 0 || !(isalnum((unsigned char)name[i - 1]) ||
					name[i - 1] == '_'))) {
			memcpy(plain + n, name + i, word);
			n += word;
			i += word - 1;
		} else if (strncmp(name + i, "(anonymous namespace)", 21) == 0) {
			i += 20;
		} else if (name_local_length(name + i)) {
			i += name_local_length(name + i) - 1;
		} else if (name[i] == '<' || name[i] == '(') {
			if (depth++ == 0 && name[i] == '<')
				n = strip_colons(plain, n);
		} else if ((name[i] == '>' && (i == 0 || name[i - 1] != '-')) ||
			   name[i] == ')') {
			depth -= depth > 0;
		} else if (depth == 0) {
			plain[n++] = name[i];
		}
	}
	return n;
}

/* "void ns::f const" -> "ns::f": a template's name stands behind its result type. */
static size_t strip_types(char *plain, size_t n)
{
	static const char *const behind[] = {" const", " volatile", " &", " &&"};
	const char *found;
	char *last;

	for (size_t i = 0; i < sizeof(behind) / sizeof(*behind); i++) {
		size_t length = strlen(behind[i]);

		if (n > length && memcmp(plain + n - length, behind[i], length) == 0)
			n -= length;
	}
	/* "operator new" has a space of its own. */
	found = memmem(plain, n, "operator", 8);
	last = memrchr(plain, ' ', found ? (size_t)(found - plain) : n);
	if (!last)
		return n;
	last++;
	n -= (size_t)(last - plain);
	memmove(plain, last, n);
	return n;
}

size_t signature_name(const char *name, char *plain, size_t size)
{
	const char *clone = strstr(name, " [clone ");
	size_t length = clone ? (size_t)(clone - name) : strlen(name);
	size_t n;

	length = name_cut_offset(name, length);
	length = name_cut_clones(name, length);
	length = name_cut_rust_hash(name, length);
	n = strip_brackets(name, length, plain, size);
	/* Rust's <T as Trait>::f is all brackets: what is left is "::f" */
	return strip_types(plain, n);
}

uint64_t signature_add_plain(uint64_t hash, const char *plain, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)plain[i]) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3); /* names are apart */
}

uint64_t signature_add(uint64_t hash, const char *name)
{
	char plain[SIGNATURE_MAX_NAME];

	return signature_add_plain(hash, plain,
				   signature_name(name, plain, sizeof(plain)));
}

void signature_format(uint64_t hash, char *text)
{
	snprintf(text, SIGNATURE_TEXT_SIZE, "%016llx", (unsigned long long)hash);
}
