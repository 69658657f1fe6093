// SPDX-License-Identifier: MIT
/*
 * A compiler command with response files, judged and completed as the driver does. An
 * input is parts with the byte 0x1e between them: the command, after a byte of how the
 * driver is called; then the response files @1, @2, ...
 */
#include <stdlib.h>
#include <string.h>

#include "rheaper-cc/cmdline.h"
#include "rheaper-cc/respfile.h"
#include "tests/fuzz/fuzz.h"

#define BETWEEN 0x1e

struct command {
	unsigned how;
	struct words words, expanded;
};

static void complete(const struct command *c, const struct cmdline *decision)
{
	struct words compile = {0}, before = {0}, after = {0};
	struct cmd_inject inject = {
		.capture = c->how & 1 ? CAPTURE_LINK : CAPTURE_PROCESS,
		.archive_dir = "/usr/lib/rheaper",
		.pull_all = c->how >> 1 & 1,
	};

	cmdline_inject(decision, &inject, &compile, &before, &after);
	free(words_quote(&compile));
	free(words_quote(&before));
	free(words_quote(&after));
	words_fini(&compile);
	words_fini(&before);
	words_fini(&after);
}

static void judge(void *context)
{
	static const char *const targets[] = {NULL, "aarch64-linux-gnu", "i686-linux-gnu",
					      "riscv64-linux-gnu"};
	struct command *c = context;
	struct cmd_driver driver = {
		.plugins = c->how >> 2 & 1,
		.cxx = c->how >> 3 & 1,
		.target = targets[c->how >> 4 & 3],
	};
	struct cmdline decision;

	respfile_expand(&c->words, &c->expanded);
	cmdline_classify(&c->expanded, &driver, &decision);
	if (decision.compiles || cmdline_links(&decision))
		complete(c, &decision);
	cmdline_fini(&decision);
}

static void split_parts(struct fuzz_files *files, const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;

	while (files->n < FUZZ_MAX_FILES) {
		const uint8_t *stop = memchr(data, BETWEEN, (size_t)(end - data));

		files->bytes[files->n] = data;
		files->sizes[files->n++] = (size_t)((stop ? stop : end) - data);
		if (!stop)
			return;
		data = stop + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_files files = {0};
	struct command c = {0};
	char *text;

	if (size == 0)
		return 0;
	c.how = data[0];
	split_parts(&files, data + 1, size - 1);
	text = strndup((const char *)files.bytes[0], files.sizes[0]);
	if (!text)
		return 0;
	respfile_split(text, &c.words);
	fuzz_with_files(&files, judge, &c);
	free(text);
	words_fini(&c.words);
	words_fini(&c.expanded);
	return 0;
}
