// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/unfinished.h"
#include "loading/load.h"
#include "trace/reader.h"

#include "loading/temporary.h"

/* Removed when the program ends, in whatever way it calls exit. */
static char temporary[4096];

void temporary_remove(void)
{
	/* It has stacks and addresses: who keeps it knows of it. */
	if (temporary[0] && unlink(temporary) != 0 && errno != ENOENT)
		warn("remove %s:", temporary);
	temporary[0] = 0;
	unfinished_accompany("");
}

bool temporary_is_database(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)] = "";
	struct stat status;
	FILE *in;

	/* Whoever opens a pipe waits */
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		die("open %s: not a regular file", path);
	in = fopen(path, "re");
	if (!in)
		die("open %s: %s", path, reader_explain(-errno));
	if (fread(head, 1, sizeof(head), in) < sizeof(head) && ferror(in))
		die("read %s:", path);
	fclose(in);
	return memcmp(head, magic, sizeof(magic)) == 0;
}

/* The loader makes the file beside its name, as its owner's alone, and never over one
 * that is there. */
static void name_temporary(void)
{
	const char *directory = getenv("TMPDIR");
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		die("create a temporary database:");
	if (snprintf(temporary, sizeof(temporary), "%s/rheaper-%016llx.db",
		     directory && directory[0] ? directory : "/tmp",
		     (unsigned long long)number) >= (int)sizeof(temporary)) {
		temporary[0] = 0;
		die("create a temporary database: the path in TMPDIR is too long");
	}
	unfinished_accompany(temporary);
	atexit(temporary_remove);
}

const char *temporary_load(const char *const *traces, size_t n,
			   const struct symbol_settings *symbols, bool progress)
{
	struct load_options options = {.traces = traces,
				       .n_traces = n,
				       .symbolize = true,
				       .symbols = *symbols,
				       .progress = progress};
	struct load_result result;

	name_temporary();
	options.database = temporary;
	symbol_settings_check(&options.symbols);
	result = load_traces(&options);
	load_result_fini(&result);
	return temporary;
}
