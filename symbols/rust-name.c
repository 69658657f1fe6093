// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "symbols/rust-name.h"

/* "17h", the hash, "E" */
enum {
	HASH_DIGITS = 16,
	HASH_LENGTH = 3 + HASH_DIGITS + 1
};

static bool is_legacy(const char *name)
{
	size_t length = strlen(name);
	const char *hash;

	if (strncmp(name, "_ZN", 3) != 0 || length <= HASH_LENGTH)
		return false;
	hash = name + length - HASH_LENGTH;
	return strncmp(hash, "17h", 3) == 0 &&
	       strspn(hash + 3, "0123456789abcdef") == HASH_DIGITS &&
	       strcmp(hash + 3 + HASH_DIGITS, "E") == 0;
}

/* The length of what stands before the last part of a name, if that is `last`; 0: it is
 * another one. */
static size_t length_before(const char *name, const char *last, size_t length)
{
	size_t n = strlen(name);

	return n > length + 2 && strncmp(name + n - length - 2, "::", 2) == 0 &&
			       strncmp(name + n - length, last, length) == 0
		       ? n - length
		       : 0;
}

static char *keep_hash(const char *linkage_name, const char *demangled)
{
	const char *hash = linkage_name + strlen(linkage_name) - HASH_LENGTH + 2;
	char *kept;

	return asprintf(&kept, "%s::%.*s", demangled, HASH_DIGITS + 1, hash) < 0 ? NULL
										 : kept;
}

/* What stands behind the kind of a closure, "#1}<u8>"; NULL: it is none. Bodies of
 * asynchronous functions and blocks, "{async_fn#0}", are closures, too. */
static const char *find_number(const char *given)
{
	size_t n = strcspn(given, "#<}");

	return given[0] == '{' && given[n] == '#' ? given + n : NULL;
}

char *rust_name_join(const char *linkage_name, const char *demangled, const char *given)
{
	const char *number = find_number(given), *last = number ? "{{closure}}" : given;
	size_t length = number ? strlen(last) : strcspn(given, "<");
	size_t before = length_before(demangled, last, length);
	char *joined;

	if (is_legacy(linkage_name) && !given[0])
		return keep_hash(linkage_name, demangled);
	if (!is_legacy(linkage_name) || before == 0 || (!number && !given[length]))
		return NULL;
	given = number ? number : given;
	length = strcspn(given, "<");
	if (asprintf(&joined, "%.*s%s%.*s%s%s", (int)before, demangled,
		     number ? "{closure" : "", (int)length, given,
		     given[length] ? "::" : "", given + length) < 0)
		return NULL;
	return joined;
}
