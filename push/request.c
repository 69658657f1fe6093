// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "push/request.h"

#define FORMAT "rheaper-push request 1\n"
#define MAX_SIZE ((off_t)1 << 28) /* of a file that we wrote */

void push_request_fini(struct push_request *r)
{
	if (r->text) {
		free(r->text);
	} else {
		free(r->path);
		free(r->body);
	}
	*r = (struct push_request){0};
}

void push_request_write(const struct push_request *r, FILE *out)
{
	fprintf(out,
		FORMAT "%016" PRIx64 " %" PRIu32 " %016" PRIx64 " %u %u %" PRId64
		       " %zu %zu\n%s\n%s\n%s\n",
		r->series, r->length_ms, r->window, r->parts, r->number, r->end_ns,
		r->n_samples, r->size, r->path, r->type, r->encoding ? r->encoding : "");
	fwrite(r->body, 1, r->size, out);
}

/* Cut a line off; NULL if there is none. */
static char *next_line(char **text, const char *end)
{
	char *line = *text, *newline = memchr(line, '\n', (size_t)(end - line));

	if (!newline)
		return NULL;
	*newline = 0;
	*text = newline + 1;
	return line;
}

static int parse(struct push_request *r, char *text, size_t size)
{
	char *at = text + strlen(FORMAT), *end = text + size, *numbers;

	if (size < strlen(FORMAT) || memcmp(text, FORMAT, strlen(FORMAT)) != 0)
		return -EINVAL;
	numbers = next_line(&at, end);
	r->path = numbers ? next_line(&at, end) : NULL;
	r->type = r->path ? next_line(&at, end) : NULL;
	r->encoding = r->type ? next_line(&at, end) : NULL;
	if (!r->encoding ||
	    sscanf(numbers,
		   "%" SCNx64 " %" SCNu32 " %" SCNx64 " %u %u %" SCNd64 " %zu %zu",
		   &r->series, &r->length_ms, &r->window, &r->parts, &r->number,
		   &r->end_ns, &r->n_samples, &r->size) != 8)
		return -EINVAL;
	if (!*r->encoding)
		r->encoding = NULL;
	r->body = at;
	return r->size == (size_t)(end - at) ? 0 : -EINVAL;
}

/* Read a whole file: 0, with *text and *size, or -errno. */
static int read_file(const char *path, char **text, size_t *size)
{
	FILE *in = fopen(path, "re");
	struct stat status;
	int error = 0;

	if (!in)
		return -errno;
	if (fstat(fileno(in), &status) != 0)
		error = -errno;
	else if (status.st_size > MAX_SIZE)
		error = -EINVAL;
	*size = error ? 0 : (size_t)status.st_size;
	*text = error ? NULL : malloc(*size + 1);
	if (!error && !*text)
		error = -ENOMEM;
	if (!error && fread(*text, 1, *size, in) != *size)
		error = ferror(in) ? -errno : -EINVAL;
	fclose(in);
	return error;
}

int push_request_read(struct push_request *r, const char *path)
{
	char *text = NULL;
	size_t size = 0;
	int error = read_file(path, &text, &size);

	*r = (struct push_request){.text = text};
	if (!error)
		error = parse(r, text, size);
	if (error)
		push_request_fini(r);
	return error;
}
