// SPDX-License-Identifier: MIT
/*
 * The runtime does the same in runtime/symbols.c, by its own means. Both may be at work
 * at a time: files come by rename, and whoever removes one that is gone does not mind.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>

#include "contract/symbol-cache.h"

#include "symbols/symbol-cache.h"

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define MOST_AT_ONCE (1u << 30)

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

char *symbol_cache_directory(void)
{
	const char *named = environment(RHP_SYMBOLS_DIR);
	const char *cache = environment("XDG_CACHE_HOME"), *home = environment("HOME");
	char *path = NULL;
	int n = -1;

	if (named)
		return strdup(named);
	if (cache && cache[0] == '/')
		n = asprintf(&path, "%s" RHP_SYMBOLS_DIRECTORY, cache);
	else if (home && home[0] == '/')
		n = asprintf(&path, "%s/.cache" RHP_SYMBOLS_DIRECTORY, home);
	return n < 0 ? NULL : path;
}

static void make_name(char name[RHP_SYMBOLS_NAME_SIZE], const uint8_t *id, size_t size)
{
	for (size_t i = 0; i < size; i++)
		name += sprintf(name, "%02x", id[i]);
	memcpy(name, RHP_SYMBOLS_SUFFIX, sizeof(RHP_SYMBOLS_SUFFIX));
}

static bool is_kept_name(const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");

	return digits > 0 && digits <= 2 * RHP_BUILD_ID_MOST &&
	       strcmp(name + digits, RHP_SYMBOLS_SUFFIX) == 0;
}

static int open_regular(int directory, const char *name, int flags, struct stat *status)
{
	int fd = openat(directory, name, OPEN_FLAGS | flags);

	if (fd < 0)
		return -errno;
	if (fstat(fd, status) == 0 && S_ISREG(status->st_mode))
		return fd;
	close(fd);
	return -ENOENT;
}

int symbol_cache_open(const uint8_t *build_id, size_t build_id_size)
{
	char name[RHP_SYMBOLS_NAME_SIZE], *path;
	struct stat status;
	int directory, fd;

	if (build_id_size == 0 || build_id_size > RHP_BUILD_ID_MOST)
		return -ENOENT;
	path = symbol_cache_directory();
	directory = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	free(path);
	if (directory < 0)
		return -ENOENT;
	make_name(name, build_id, build_id_size);
	fd = open_regular(directory, name, O_NOFOLLOW, &status);
	close(directory);
	if (fd < 0)
		return -ENOENT;
	futimens(fd, NULL); /* of a cache that is not ours: as it is */
	return fd;
}

static void make_directories(char *path)
{
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		mkdir(path, 0700);
		*at = '/';
	}
	mkdir(path, 0700);
}

static int open_own_directory(char *path)
{
	struct stat status;
	int fd;

	make_directories(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
	    !(status.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	close(fd);
	return -EPERM;
}

static uint64_t get_limit(void)
{
	const char *text = environment(RHP_SYMBOLS_BYTES);
	uint64_t n, shift;
	char *end;

	if (!text || !isdigit((unsigned char)text[0]))
		return RHP_SYMBOLS_BYTES_DEFAULT;
	errno = 0;
	n = strtoull(text, &end, 10);
	shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
	if (errno || end[shift > 0] || n > UINT64_MAX >> shift)
		return RHP_SYMBOLS_BYTES_DEFAULT;
	return n << shift;
}

/* Adds up what is in the cache, and finds the file whose last use is longest ago. */
static uint64_t list(DIR *listing, char oldest[RHP_SYMBOLS_NAME_SIZE])
{
	struct timespec oldest_use = {0};
	uint64_t bytes = 0;
	struct dirent *entry;
	struct stat s;

	oldest[0] = 0;
	rewinddir(listing);
	while ((entry = readdir(listing))) {
		const char *name = entry->d_name;
		bool unfinished = strncmp(name, RHP_SYMBOLS_UNFINISHED,
					  strlen(RHP_SYMBOLS_UNFINISHED)) == 0;

		if ((!unfinished && !is_kept_name(name)) ||
		    fstatat(dirfd(listing), name, &s, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(s.st_mode))
			continue;
		if (unfinished) {
			if (s.st_mtime < time(NULL) - RHP_SYMBOLS_PATIENCE_S)
				unlinkat(dirfd(listing), name, 0);
			continue;
		}
		bytes += (uint64_t)s.st_size;
		if (!oldest[0] || s.st_mtim.tv_sec < oldest_use.tv_sec ||
		    (s.st_mtim.tv_sec == oldest_use.tv_sec &&
		     s.st_mtim.tv_nsec < oldest_use.tv_nsec)) {
			oldest_use = s.st_mtim;
			memcpy(oldest, name, strlen(name) + 1);
		}
	}
	return bytes;
}

static void make_room(int directory, uint64_t size)
{
	char oldest[RHP_SYMBOLS_NAME_SIZE];
	int own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = own < 0 ? NULL : fdopendir(own);

	if (!listing) {
		if (own >= 0)
			close(own);
		return;
	}
	while (list(listing, oldest) + size > get_limit() && oldest[0]) {
		if (unlinkat(directory, oldest, 0) != 0 && errno != ENOENT)
			break;
	}
	closedir(listing);
}

static int copy(int to, int from, uint64_t size)
{
	while (size > 0) {
		ssize_t n = sendfile(to, from, NULL,
				     size < MOST_AT_ONCE ? size : MOST_AT_ONCE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		size -= (uint64_t)n;
	}
	return 0;
}

static int add(int directory, int from, uint64_t size, const char *name)
{
	char unfinished[64];
	uint64_t number;
	int to, error;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -errno;
	snprintf(unfinished, sizeof(unfinished), RHP_SYMBOLS_UNFINISHED "%016" PRIx64,
		 number);
	make_room(directory, size);
	to = openat(directory, unfinished,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	error = copy(to, from, size);
	if (close(to) != 0 && !error)
		error = -errno;
	if (!error && renameat(directory, unfinished, directory, name) != 0)
		error = -errno;
	if (error)
		unlinkat(directory, unfinished, 0);
	else
		make_room(directory, 0); /* others may have added theirs meanwhile */
	return error;
}

/* The name that a file has in the cache; false: none. */
static bool name_of(int fd, char name[RHP_SYMBOLS_NAME_SIZE])
{
	const void *id = NULL;
	Elf *elf;
	ssize_t n;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	n = elf && elf_kind(elf) == ELF_K_ELF ? dwelf_elf_gnu_build_id(elf, &id) : 0;
	if (n > 0 && n <= RHP_BUILD_ID_MOST)
		make_name(name, id, (size_t)n);
	elf_end(elf);
	return n > 0 && n <= RHP_BUILD_ID_MOST;
}

/* 1: the cache has it now; 0: it cannot be kept. */
static int keep(int directory, const char *path)
{
	char name[RHP_SYMBOLS_NAME_SIZE];
	struct stat status = {0};
	int fd = open_regular(AT_FDCWD, path, 0, &status), error = 0;

	if (fd < 0)
		return 0;
	if (!name_of(fd, name) || (uint64_t)status.st_size > get_limit())
		error = 1;
	else if (utimensat(directory, name, NULL, AT_SYMLINK_NOFOLLOW) != 0)
		error = add(directory, fd, (uint64_t)status.st_size, name);
	close(fd);
	return error < 0 ? error : !error;
}

int symbol_cache_keep(const char *const *paths, size_t n)
{
	char *path = symbol_cache_directory();
	int directory, kept = 0;

	if (!path)
		return -ENOENT;
	directory = open_own_directory(path);
	free(path);
	for (size_t i = 0; i < n && directory >= 0 && kept >= 0; i++) {
		int result = keep(directory, paths[i]);

		kept = result < 0 ? result : kept + result;
	}
	if (directory < 0)
		return directory;
	close(directory);
	return kept;
}
