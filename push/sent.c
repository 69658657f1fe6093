// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/map.h"
#include "push/request.h"
#include "push/text.h"

#include "push/sent.h"

#define REMEMBERED 65536

struct sent {
	const char *path;
	int directory, fd;
	struct map requests;
	struct map windows; /* milliseconds of their end, since 1970; the low bits */
	struct map lengths; /* of windows, by series */
	size_t n_lines;
};

static _Noreturn void die_of(const struct sent *sent, const char *what)
{
	die("%s %s/sent:", what, sent->path);
}

static uint64_t key_of(uint64_t window, unsigned int parts, unsigned int number)
{
	return push_hash_number(push_hash_number(window, parts), number);
}

/* A time as a value of a map. */
static uint32_t end_of(const struct push_request *r)
{
	return (uint32_t)((uint64_t)r->end_ns / 1000000 & 0x7fffffff);
}

void sent_note_length(struct sent *sent, const struct push_request *r)
{
	if (map_put(&sent->lengths, r->series, r->length_ms))
		die("read what was sent: out of memory");
}

uint32_t sent_length(const struct sent *sent, const struct push_request *r)
{
	uint32_t length = map_get(&sent->lengths, r->series);

	return length == MAP_NONE ? r->length_ms : length;
}

static void remember(struct sent *sent, const struct push_request *r)
{
	if (map_put(&sent->requests, key_of(r->window, r->parts, r->number), 1) ||
	    map_put(&sent->windows, key_of(r->window, r->parts, UINT32_MAX), end_of(r)))
		die("read what was sent: out of memory");
	sent_note_length(sent, r);
	sent->n_lines++;
}

/* A last line without its end was not finished, and then the request's file is there. */
static void read_lines(struct sent *sent, FILE *in)
{
	struct push_request r = {0};
	char line[128];

	while (fgets(line, sizeof(line), in)) {
		if (strchr(line, '\n') &&
		    sscanf(line, "%" SCNx64 " %u %u %" SCNd64 " %" SCNx64 " %" SCNu32,
			   &r.window, &r.parts, &r.number, &r.end_ns, &r.series,
			   &r.length_ms) == 6)
			remember(sent, &r);
	}
	if (ferror(in))
		die_of(sent, "read");
}

/* Leave the newest lines only, and a whole line at the end. */
static void shorten(struct sent *sent, FILE *in)
{
	size_t skip = sent->n_lines > REMEMBERED ? sent->n_lines - REMEMBERED : 0;
	int fd = openat(sent->directory, "sent.unfinished",
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	char line[128];

	if (!out)
		die_of(sent, "write");
	rewind(in);
	while (fgets(line, sizeof(line), in)) {
		if (skip > 0)
			skip--;
		else if (strchr(line, '\n'))
			fputs(line, out);
	}
	if (fflush(out) != 0 || ferror(out) || fsync(fd) != 0 || fclose(out) != 0 ||
	    renameat(sent->directory, "sent.unfinished", sent->directory, "sent") != 0 ||
	    fsync(sent->directory) != 0)
		die_of(sent, "write");
}

static bool ends_in_a_line(FILE *in)
{
	return fseek(in, -1, SEEK_END) != 0 || fgetc(in) == '\n';
}

struct sent *sent_open(const char *path, int directory)
{
	struct sent *sent = calloc(1, sizeof(*sent));
	int fd = openat(directory, "sent", O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	if (!sent)
		die("read what was sent: out of memory");
	sent->path = path;
	sent->directory = directory;
	if (!in && errno != ENOENT)
		die_of(sent, "open");
	if (in) {
		read_lines(sent, in);
		if (sent->n_lines > 2 * REMEMBERED || !ends_in_a_line(in))
			shorten(sent, in);
		fclose(in);
	}
	sent->fd = openat(directory, "sent", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
			  0600);
	if (sent->fd < 0)
		die_of(sent, "open");
	return sent;
}

void sent_close(struct sent *sent)
{
	close(sent->fd);
	map_fini(&sent->requests);
	map_fini(&sent->windows);
	map_fini(&sent->lengths);
	free(sent);
}

bool sent_has(const struct sent *sent, const struct push_request *r, bool *shorter)
{
	uint32_t end = map_get(&sent->windows, key_of(r->window, r->parts, UINT32_MAX));
	bool same = end == end_of(r);

	if (shorter)
		*shorter = end != MAP_NONE && !same;
	return (end == MAP_NONE || same) &&
	       map_get(&sent->requests, key_of(r->window, r->parts, r->number)) !=
		       MAP_NONE;
}

void sent_add(struct sent *sent, const struct push_request *r)
{
	char line[128];
	int n = snprintf(line, sizeof(line),
			 "%016" PRIx64 " %u %u %" PRId64 " %016" PRIx64 " %" PRIu32 "\n",
			 r->window, r->parts, r->number, r->end_ns, r->series,
			 r->length_ms);

	if (write(sent->fd, line, (size_t)n) != n || fsync(sent->fd) != 0)
		die_of(sent, "write");
	remember(sent, r);
}
