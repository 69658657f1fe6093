/* SPDX-License-Identifier: MIT */
/*
 * A request as it is kept until it was sent: a file of a few lines and a body. The token
 * is not in it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct push_request {
	char *path;           /* behind the URL of the engine, with its query */
	const char *type;     /* of the content; constant, or of the file's text */
	const char *encoding; /* of the content, the same; NULL: none */
	uint64_t series;      /* which process, for which engine, with which labels */
	uint32_t length_ms;   /* of the windows that it is cut into */
	uint64_t window;      /* which window of which process, for which engine */
	unsigned int parts;   /* enum push_part */
	unsigned int number;  /* of the requests of a window and parts, from 0 */
	int64_t end_ns;       /* of the window, since 1970 */
	size_t n_samples;
	char *body;
	size_t size;
	char *text; /* of the file that it was read from, or NULL */
};

void push_request_fini(struct push_request *request);

/* Write a request. Errors stay in the stream. */
void push_request_write(const struct push_request *request, FILE *out);

/* Read a file that push_request_write wrote. Returns 0,
 * -EINVAL if it is no such file, or -errno. */
int push_request_read(struct push_request *request, const char *path);
