/* SPDX-License-Identifier: MIT */
/* Compresses a stream while it is written. */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct gzip;

/* Begin to write to a stream, which stays the caller's. Returns NULL if memory runs out.
 */
struct gzip *gzip_new(FILE *out);

/* Write n bytes, and count them. Errors are told by gzip_end. */
void gzip_write(struct gzip *gzip, const void *bytes, size_t n);
size_t gzip_size(const struct gzip *gzip);

/* End the stream, and free. Returns 0, or -errno of the first error of writing. */
int gzip_end(struct gzip *gzip);
