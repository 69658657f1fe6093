/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "rheaper-cc/target.h"

#if defined(__x86_64__)
#define HOST "x86_64"
#elif defined(__i386__)
#define HOST "i386"
#elif defined(__aarch64__)
#define HOST "aarch64"
#elif defined(__riscv) && __riscv_xlen == 64
#define HOST "riscv64"
#elif defined(__ARM_PCS_VFP) && defined(__ARMEL__)
#define HOST "armhf"
#else
#define HOST ""
#endif

/* Compilers may leave out the frame pointer of functions that call none; where they never
 * do, they leave out the unwind tables of C. */
#define LEAVES "-mno-omit-leaf-frame-pointer"
#define TABLES "-fasynchronous-unwind-tables"

static const struct target targets[] = {
	{"x86_64", "-x86_64", 0, LEAVES},   {"i386", "-i386", 1, LEAVES},
	{"aarch64", "-aarch64", 0, LEAVES}, {"riscv64", "-riscv64", 0, TABLES},
	{"armhf", "-armhf", 1, TABLES},
};

/* The first part of a triple, as compilers and distributions write it. The last two are
 * zig's. */
static const struct {
	const char *spelling, *name;
} processors[] = {
	{"x86_64", "x86_64"},   {"amd64", "x86_64"},    {"i386", "i386"},
	{"i486", "i386"},       {"i586", "i386"},       {"i686", "i386"},
	{"i786", "i386"},       {"aarch64", "aarch64"}, {"arm64", "aarch64"},
	{"riscv64", "riscv64"}, {"arm", "armhf"},       {"armv7", "armhf"},
	{"armv7l", "armhf"},    {"armv7a", "armhf"},    {"x86", "i386"},
	{"native", HOST},
};

/* Systems with "linux" in their name where the archive would not fit. */
static const char *const other_systems[] = {"android", "gnux32", "muslx32", "ilp32"};

/* The processor's name, or NULL. */
static const char *processor_of(const char *triple)
{
	size_t length = strcspn(triple, "-");

	for (size_t i = 0; i < sizeof(processors) / sizeof(processors[0]); i++)
		if (strlen(processors[i].spelling) == length &&
		    strncmp(processors[i].spelling, triple, length) == 0)
			return processors[i].name;
	return NULL;
}

static int is_our_system(const char *triple)
{
	const char *system = strchr(triple, '-');

	if (!system)
		return 1;
	for (size_t i = 0; i < sizeof(other_systems) / sizeof(other_systems[0]); i++)
		if (strstr(system, other_systems[i]))
			return 0;
	/* The one for which floating point numbers are passed in registers */
	if (strncmp(triple, "arm", 3) == 0 && strncmp(triple, "arm64", 5) != 0 &&
	    !strstr(system, "eabihf"))
		return 0;
	return strstr(system, "linux") != NULL || strstr(system, "native") != NULL;
}

/* The name of what a processor is with a width of its registers. */
static const char *with_width(const char *name, enum width width)
{
	int x86 = strcmp(name, "x86_64") == 0 || strcmp(name, "i386") == 0;

	switch (width) {
	case WIDTH_32:
		return x86 ? "i386" : NULL;
	case WIDTH_64:
		return x86 ? "x86_64" : name;
	case WIDTH_OTHER:
		return NULL;
	default:
		return name;
	}
}

/* The row of a name, which may be NULL, or NULL. */
static const struct target *row_of(const char *name)
{
	for (size_t i = 0; name && i < sizeof(targets) / sizeof(targets[0]); i++)
		if (strcmp(targets[i].name, name) == 0)
			return &targets[i];
	return NULL;
}

const struct target *target_find(const char *triple, enum width width)
{
	static struct target host;
	const char *name = processor_of(triple ? triple : HOST);

	if (name && triple && !is_our_system(triple))
		name = NULL;
	const struct target *row = row_of(name ? with_width(name, width) : NULL);
	if (!row || strcmp(row->name, HOST) != 0)
		return row;
	host = *row;
	host.suffix = "";
	return &host;
}

const char *target_code_word(const char *triple)
{
	const struct target *row = row_of(processor_of(triple ? triple : HOST));

	return row ? row->code : NULL;
}
