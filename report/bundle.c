// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "common/base64.h"
#include "common/cli.h"
#include "common/json.h"
#include "report/memory.h"

#include "report/bundle.h"

#define MAX_VALUE ((UINT64_C(1) << 53) - 1)
#define GZIP_WINDOW (15 + 16) /* as zlib calls a window of 32 KiB with gzip's header */

size_t bundle_column(struct bundle *b, const char *name, bool is_delta)
{
	b->columns = memory_grow(b->columns, b->n, &b->n_max, sizeof(*b->columns));
	b->columns[b->n] = (struct bundle_column){.name = name, .is_delta = is_delta};
	return b->n++;
}

static void put_byte(struct bundle_column *c, unsigned char byte)
{
	if (c->n == c->n_max)
		c->bytes = memory_grow(c->bytes, c->n, &c->n_max, 1);
	c->bytes[c->n++] = byte;
}

static void put_number(struct bundle_column *c, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		put_byte(c, (unsigned char)(value | 0x80));
	put_byte(c, (unsigned char)value);
}

void bundle_put(struct bundle *b, size_t column, uint64_t value)
{
	struct bundle_column *c = &b->columns[column];
	uint64_t last = c->last;

	if (value > MAX_VALUE)
		value = MAX_VALUE;
	c->count++;
	c->last = value;
	if (!c->is_delta)
		put_number(c, value);
	else if (value >= last)
		put_number(c, (value - last) << 1);
	else
		put_number(c, ((last - value) << 1) - 1);
}

void bundle_put_real(struct bundle *b, size_t column, double value)
{
	if (!(value > 0))
		value = 0;
	bundle_put(b, column, value < 0x1p53 ? (uint64_t)llround(value) : MAX_VALUE);
}

void bundle_list(const struct bundle *b, struct json *json)
{
	json_begin_array(json);
	for (size_t i = 0; i < b->n; i++) {
		json_begin_object(json);
		json_put_text(json, "name", b->columns[i].name);
		json_put_unsigned(json, "count", b->columns[i].count);
		json_put_text(json, "encoding",
			      b->columns[i].is_delta ? "delta" : "plain");
		json_end_object(json);
	}
	json_end_array(json);
}

static void feed(z_stream *z, const void *bytes, size_t n, int flush)
{
	z->next_in = (Bytef *)bytes;
	z->avail_in = (uInt)n;
	if (deflate(z, flush) == Z_STREAM_ERROR)
		die("make the report: compression failed");
	if (z->avail_out == 0)
		memory_fail();
}

static size_t all_bytes(const struct bundle *b, size_t n)
{
	size_t all = n + 4;

	for (size_t i = 0; i < b->n; i++)
		all += b->columns[i].n;
	if (all > UINT32_MAX / 2)
		die("make the report: more than 2 GiB of data; --prune less, or choose a "
		    "--window");
	return all;
}

static void encode(struct bundle *b, const char *text, size_t n)
{
	unsigned char length[4] = {(unsigned char)n, (unsigned char)(n >> 8),
				   (unsigned char)(n >> 16), (unsigned char)(n >> 24)};
	size_t all = all_bytes(b, n);
	unsigned char *packed;
	z_stream z = {0};

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 9,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		memory_fail();
	z.avail_out = (uInt)deflateBound(&z, all) + 64;
	packed = memory_new(z.avail_out, 1);
	z.next_out = packed;
	feed(&z, length, sizeof(length), Z_NO_FLUSH);
	feed(&z, text, n, Z_NO_FLUSH);
	for (size_t i = 0; i < b->n; i++)
		feed(&z, b->columns[i].bytes, b->columns[i].n, Z_NO_FLUSH);
	feed(&z, "", 0, Z_FINISH);
	b->encoded = base64_encode(packed, z.total_out);
	if (!b->encoded)
		die("make the report: out of memory");
	b->n_encoded = strlen(b->encoded);
	deflateEnd(&z);
	free(packed);
}

void bundle_encode(struct bundle *b, void (*write)(void *context, struct json *json),
		   void *context)
{
	struct json_memory memory;
	char *text;

	if (!json_memory_begin(&memory))
		memory_fail();
	write(context, &memory.json);
	text = json_memory_end(&memory);
	if (!text)
		memory_fail();
	encode(b, text, strlen(text));
	free(text);
}

void bundle_fini(struct bundle *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->columns[i].bytes);
	free(b->columns);
	free(b->encoded);
	*b = (struct bundle){0};
}
