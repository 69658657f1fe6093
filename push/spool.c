// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/lock.h"
#include "push/request.h"
#include "push/sent.h"

#include "push/spool.h"

#define NAME_SIZE 64

enum state {
	WAITING,
	TRYING,
	DOUBT,
	N_STATES
};

static const char *const endings[N_STATES] = {".waiting", ".trying", ".doubt"};

struct entry {
	char name[NAME_SIZE]; /* without its ending */
	enum state state;
	int64_t end_ns, size;
};

struct spool {
	struct spool_settings settings;
	int directory;
	struct lock lock;
	struct sent *sent;
	struct entry *entries; /* of this target */
	size_t n, n_max;
	struct entry *taken; /* by spool_next */
	int64_t bytes;       /* of all targets */
};

static _Noreturn void die_of(const struct spool *s, const char *what)
{
	die("%s the spool %s:", what, s->settings.directory);
}

static void file_name(char *name, const char *entry, enum state state)
{
	snprintf(name, NAME_SIZE + 16, "%s%s", entry, endings[state]);
}

static void sync_directory(const struct spool *s)
{
	if (fsync(s->directory) != 0)
		die_of(s, "write to");
}

static void set_state(struct spool *s, struct entry *e, enum state state)
{
	char from[NAME_SIZE + 16], to[NAME_SIZE + 16];

	file_name(from, e->name, e->state);
	file_name(to, e->name, state);
	if (renameat(s->directory, from, s->directory, to) != 0)
		die_of(s, "write to");
	sync_directory(s);
	e->state = state;
}

static void forget(struct spool *s, struct entry *e)
{
	char name[NAME_SIZE + 16];

	file_name(name, e->name, e->state);
	if (unlinkat(s->directory, name, 0) != 0)
		die_of(s, "remove from");
	s->bytes -= e->size;
	*e = s->entries[--s->n];
	s->taken = NULL;
}

static void read_request(const struct spool *s, const char *name,
			 struct push_request *request, int *error)
{
	char *path;

	if (asprintf(&path, "%s/%s", s->settings.directory, name) < 0)
		die("read the spool: out of memory");
	*error = push_request_read(request, path);
	free(path);
}

static struct entry *add_entry(struct spool *s, const char *name, enum state state)
{
	struct entry *e;

	if (array_grow((void **)&s->entries, &s->n_max, s->n + 1, sizeof(*s->entries)))
		die("read the spool: out of memory");
	e = &s->entries[s->n++];
	snprintf(e->name, sizeof(e->name), "%.*s", (int)(strrchr(name, '.') - name),
		 name);
	e->state = state;
	return e;
}

static enum state state_of(const char *name)
{
	const char *ending = strrchr(name, '.');
	enum state state = WAITING;

	while (state < N_STATES && (!ending || strcmp(ending, endings[state]) != 0))
		state++;
	return strlen(name) < NAME_SIZE ? state : N_STATES;
}

/* One that was being sent when the program was killed is in doubt. */
static void take_file(struct spool *s, const char *name, int64_t size)
{
	enum state state = state_of(name);
	struct push_request request;
	char target[24];
	struct entry *e;
	int error;

	if (state == N_STATES)
		return;
	s->bytes += size;
	snprintf(target, sizeof(target), "%016" PRIx64 "-", s->settings.target);
	if (strncmp(name, target, strlen(target)) != 0)
		return;
	read_request(s, name, &request, &error);
	if (error) {
		warn("read %s/%s: %s; it is left out", s->settings.directory, name,
		     error == -EINVAL ? "not a request" : strerror(-error));
		return;
	}
	e = add_entry(s, name, state);
	sent_note_length(s->sent, &request);
	e->end_ns = request.end_ns;
	e->size = size;
	if (sent_has(s->sent, &request, NULL))
		forget(s, e); /* it was written down, and then we were killed */
	else if (state == DOUBT && s->settings.resend)
		set_state(s, e, WAITING);
	else if (state == TRYING)
		set_state(s, e, s->settings.resend ? WAITING : DOUBT);
	push_request_fini(&request);
}

static void read_files(struct spool *s)
{
	DIR *files = opendir(s->settings.directory);
	struct dirent *file;
	struct stat status;

	if (!files)
		die_of(s, "read");
	while ((file = readdir(files))) {
		const char *ending = strrchr(file->d_name, '.');

		if (ending && strcmp(ending, ".unfinished") == 0)
			unlinkat(s->directory, file->d_name, 0);
		else if (fstatat(s->directory, file->d_name, &status,
				 AT_SYMLINK_NOFOLLOW) == 0 &&
			 S_ISREG(status.st_mode))
			take_file(s, file->d_name, status.st_size);
	}
	closedir(files);
}

struct spool *spool_open(const struct spool_settings *settings)
{
	struct spool *s = calloc(1, sizeof(*s));
	int error;

	if (!s)
		die("open the spool: out of memory");
	s->settings = *settings;
	if (mkdir(settings->directory, 0700) != 0 && errno != EEXIST)
		die_of(s, "create");
	s->directory = open(settings->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->directory < 0)
		die_of(s, "open");
	close(openat(s->directory, "lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	{
		char *path;

		if (asprintf(&path, "%s/lock", settings->directory) < 0)
			die("open the spool: out of memory");
		error = lock_take(&s->lock, path);
		free(path);
	}
	if (error)
		die("lock the spool %s: %s", settings->directory, strerror(-error));
	s->sent = sent_open(settings->directory, s->directory);
	read_files(s);
	return s;
}

void spool_close(struct spool *s)
{
	sent_close(s->sent);
	lock_release(&s->lock);
	close(s->directory);
	free(s->entries);
	free(s);
}

static void make_name(const struct spool *s, const struct push_request *r, char *name)
{
	snprintf(name, NAME_SIZE, "%016" PRIx64 "-%016" PRIx64 "-%u-%u",
		 s->settings.target, r->window, r->parts, r->number);
}

static bool has_entry(const struct spool *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->entries[i].name, name) == 0)
			return true;
	return false;
}

static int64_t write_file(struct spool *s, const struct push_request *request,
			  const char *name)
{
	char unfinished[NAME_SIZE + 16], final[NAME_SIZE + 16];
	FILE *out;
	long size;
	int fd;

	snprintf(unfinished, sizeof(unfinished), "%s.unfinished", name);
	file_name(final, name, WAITING);
	fd = openat(s->directory, unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0600);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		die_of(s, "write to");
	push_request_write(request, out);
	size = ftell(out);
	if (fflush(out) != 0 || ferror(out) || fsync(fd) != 0 || fclose(out) != 0 ||
	    renameat(s->directory, unfinished, s->directory, final) != 0)
		die_of(s, "write to");
	sync_directory(s);
	return size;
}

enum spool_added spool_add(struct spool *s, const struct push_request *r)
{
	char name[NAME_SIZE];
	bool shorter = false;
	struct entry *e;
	int64_t size;

	make_name(s, r, name);
	if (sent_has(s->sent, r, &shorter))
		return SPOOL_SENT;
	if (shorter)
		return SPOOL_SHORTER;
	if (sent_length(s->sent, r) != r->length_ms)
		return SPOOL_OTHER;
	if (has_entry(s, name))
		return SPOOL_WAITS;
	if (s->bytes + (int64_t)(r->size + strlen(r->path)) > s->settings.max_bytes)
		return SPOOL_FULL;
	size = write_file(s, r, name);
	sent_note_length(s->sent, r);
	s->bytes += size;
	strcat(name, endings[WAITING]);
	e = add_entry(s, name, WAITING);
	e->end_ns = r->end_ns;
	e->size = size;
	return SPOOL_ADDED;
}

static bool is_before(const struct entry *a, const struct entry *b)
{
	return a->end_ns != b->end_ns ? a->end_ns < b->end_ns
				      : strcmp(a->name, b->name) < 0;
}

bool spool_next(struct spool *s, struct push_request *request)
{
	char name[NAME_SIZE + 16];
	int error;

	s->taken = NULL;
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].state == WAITING &&
		    (!s->taken || is_before(&s->entries[i], s->taken)))
			s->taken = &s->entries[i];
	if (!s->taken)
		return false;
	file_name(name, s->taken->name, WAITING);
	read_request(s, name, request, &error);
	if (error)
		die("read %s/%s: %s", s->settings.directory, name, strerror(-error));
	return true;
}

void spool_try(struct spool *s)
{
	set_state(s, s->taken, TRYING);
}

void spool_put_back(struct spool *s)
{
	set_state(s, s->taken, WAITING);
}

void spool_sent(struct spool *s, const struct push_request *request)
{
	sent_add(s->sent, request);
	forget(s, s->taken);
}

void spool_doubt(struct spool *s)
{
	set_state(s, s->taken, DOUBT);
}

void spool_drop(struct spool *s)
{
	forget(s, s->taken);
}

static size_t count(const struct spool *s, enum state state)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->entries[i].state == state;
	return n;
}

size_t spool_n_waiting(const struct spool *s)
{
	return count(s, WAITING);
}

size_t spool_n_in_doubt(const struct spool *s)
{
	return count(s, DOUBT);
}
