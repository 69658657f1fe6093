// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include <zlib.h>

#include "pprof/gzip.h"

#define WINDOW_OF_GZIP (15 + 16)

struct gzip {
	z_stream stream;
	FILE *out;
	size_t size;
	int error;
	unsigned char buffer[1 << 14];
};

struct gzip *gzip_new(FILE *out)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));

	if (!gzip)
		return NULL;
	gzip->out = out;
	if (deflateInit2(&gzip->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_OF_GZIP,
			 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gzip);
		return NULL;
	}
	return gzip;
}

static void run(struct gzip *gzip, int flush)
{
	int more;

	do {
		size_t n;

		gzip->stream.next_out = gzip->buffer;
		gzip->stream.avail_out = sizeof(gzip->buffer);
		more = deflate(&gzip->stream, flush);
		n = sizeof(gzip->buffer) - gzip->stream.avail_out;
		if (fwrite(gzip->buffer, 1, n, gzip->out) != n && !gzip->error)
			gzip->error = errno ? -errno : -EIO;
	} while (flush == Z_FINISH ? more == Z_OK : gzip->stream.avail_out == 0);
}

void gzip_write(struct gzip *gzip, const void *bytes, size_t n)
{
	gzip->stream.next_in = (z_const Bytef *)bytes;
	gzip->stream.avail_in = (uInt)n;
	gzip->size += n;
	if (!gzip->error)
		run(gzip, Z_NO_FLUSH);
}

size_t gzip_size(const struct gzip *gzip)
{
	return gzip->size;
}

int gzip_end(struct gzip *gzip)
{
	int error;

	run(gzip, Z_FINISH);
	error = gzip->error;
	deflateEnd(&gzip->stream);
	free(gzip);
	return error;
}
