// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "contract/packed.h"
#include "tests/faults/hostile.h"

#define R USUAL_REGION

static void scopes(struct trace_writer *w)
{
	const uint64_t scope = UINT64_C(7) << 32;

	writer_blob(w, R, RHP_BLOB_END, scope | 1, 50, "", 0);
	writer_blob(w, R, RHP_BLOB_BEGIN, scope | 1, UINT64_MAX, "twice", 5);
	writer_blob(w, R, RHP_BLOB_BEGIN, scope | 1, 0, "twice", 5);
	writer_blob(w, R, RHP_BLOB_BEGIN, scope | 77, 60, "of nobody", 9);
	writer_blob(w, R, RHP_BLOB_END, scope | 1, 0, "text where none is", 18);
	writer_blob(w, R, RHP_BLOB_MARK, UINT64_MAX, UINT64_MAX, "far away", 8);
}

static void deep_scopes(struct trace_writer *w)
{
	for (uint64_t i = 0; i < 100; i++)
		writer_blob(w, R, RHP_BLOB_BEGIN, 1 | (i + 1) << 32, 100 + i, "", 0);
}

static void processes(struct trace_writer *w)
{
	writer_blob(w, R, RHP_BLOB_PROCESS, UINT64_C(1) << 40, 0, "far", 3);
	writer_blob(w, R, RHP_BLOB_PROCESS, 1, 0, "host", 4);
	writer_blob(w, R, RHP_BLOB_PROCESS, 2, 0, "other\0x\0", 8);
}

/* Labels without names, without values, of one name, and more of them than there may be
 */
static void labels(struct trace_writer *w)
{
	static const char texts[] = "=\0=x\0x\0same=1\0same=2\0\0\0";

	writer_blob(w, R, RHP_BLOB_LABELS, UINT64_MAX, UINT64_MAX, texts, sizeof(texts));
	for (uint64_t i = 0; i < 35; i++)
		writer_blob(w, R, RHP_BLOB_LABELS, 0, 0, "same=3", 6);
}

/* A text that is a thread's name, a mark, a scope, a function's and a module's name */
static void name_all(struct trace_writer *w, const char *text, size_t size)
{
	char function[512];

	memcpy(function, text, size);
	memcpy(function + size, "\0fam", 4);
	writer_blob(w, R, RHP_BLOB_NAME, 1, 10, text, size);
	writer_blob(w, R, RHP_BLOB_MARK, 1, 20, text, size);
	writer_blob(w, R, RHP_BLOB_BEGIN, 1 | UINT64_C(5) << 32, 30, text, size);
	writer_blob(w, R, RHP_BLOB_PROCESS, 1, 0, text, size);
	writer_blob(w, R, RHP_BLOB_FUNCTION, 9, 0, function, size + 4);
	writer_module(w, R, 9, 0x800000, text);
	writer_node(w, R, RHP_FRAME, 8, 0, 0x801000, 9, 0);
	writer_node(w, R, RHP_CALL, 9, 8, 9, 0, 0);
	hostile_use_stack(w, 9);
}

#define NAME(function, text)                                                             \
	static void function(struct trace_writer *w)                                     \
	{                                                                                \
		name_all(w, text, sizeof(text) - 1);                                     \
	}
NAME(nul_name, "before\0behind")
NAME(quote_name, "');DROP TABLE blocks;--\"'`")
NAME(html_name, "<script>alert(1)</script>&\"'><img src=x onerror=alert(1)>")
NAME(ansi_name, "\x1b]0;title\x07\x1b[2J\x1b[31mred\r\b\x7f\xc2\x9b")
NAME(utf8_name, "\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x80")
NAME(newline_name, "one\ntwo\r\n::error::three\n")
NAME(formula_name, "=cmd|' /C calc'!A0")
NAME(direction_name, "\xe2\x80\xaegpj.exe\xe2\x80\xac\xef\xbb\xbf")
NAME(format_name, "%s%n%n%n%p$(id)`id`;id|id")
NAME(empty_name, "")
NAME(semicolon_name, "a;b c;d\t9 10")

/* More than one text may have: 2^24 bytes. Its own region is as large. */
static void put_large_name(struct trace_writer *w, size_t size)
{
	char *text = malloc(size);

	if (!text)
		abort();
	memset(text, 'x', size);
	writer_fini(w);
	writer_init(w, size / (RHP_WIDE_UNITS * RHP_PACKED_TEXT_BYTES) + 200);
	hostile_usual(w);
	writer_blob(w, R, RHP_BLOB_MARK, 1, 20, text, size);
	free(text);
}

static void name_of_16_mib(struct trace_writer *w)
{
	put_large_name(w, 1 << 24);
}

static void name_above_16_mib(struct trace_writer *w)
{
	put_large_name(w, (1 << 24) + 1);
}

const struct hostile hostile_texts[] = {
	{"scopes", AS_USUAL, .change = scopes},
	{"deep-scopes", AS_USUAL, .change = deep_scopes},
	{"processes", PARTIAL(USUAL_SAID), .change = processes},
	{"labels", PARTIAL(USUAL_SAID), .change = labels},
	{"nul-name", WHOLE(ONE_MORE), .change = nul_name},
	{"quote-name", WHOLE(ONE_MORE), .change = quote_name},
	{"html-name", WHOLE(ONE_MORE), .change = html_name},
	{"ansi-name", WHOLE(ONE_MORE), .change = ansi_name},
	{"invalid-utf8-name", WHOLE(ONE_MORE), .change = utf8_name},
	{"newline-name", WHOLE(ONE_MORE), .change = newline_name},
	{"formula-name", WHOLE(ONE_MORE), .change = formula_name},
	{"direction-name", WHOLE(ONE_MORE), .change = direction_name},
	{"format-name", WHOLE(ONE_MORE), .change = format_name},
	{"empty-name", WHOLE(ONE_MORE), .change = empty_name},
	{"semicolon-name", WHOLE(ONE_MORE), .change = semicolon_name},
	{"name-of-16-mib", AS_USUAL, .change = name_of_16_mib},
	{"name-above-16-mib", PARTIAL(USUAL_SAID), .change = name_above_16_mib},
};
const size_t n_hostile_texts = sizeof(hostile_texts) / sizeof(*hostile_texts);
