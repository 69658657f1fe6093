/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "runtime/os-call.h"
#include "runtime/os-directory.h"
#include "runtime/os-file.h"
#include "runtime/os-signal.h"

#define MOST_AT_ONCE (16u << 20) /* bytes, while signals wait */

/* The kernel's structure, which libc does not declare. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static void make_directories(char *path)
{
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		SYSCALL(SYS_mkdirat, AT_FDCWD, path, 0700);
		*at = '/';
	}
	SYSCALL(SYS_mkdirat, AT_FDCWD, path, 0700);
}

static int check_owner(int fd)
{
	struct statx status;
	long r = SYSCALL(SYS_statx, fd, "", AT_EMPTY_PATH,
			 STATX_MODE | STATX_UID | STATX_TYPE, &status);
	if (r < 0)
		return (int)r;
	bool is_own = status.stx_uid == (uint32_t)SYSCALL(SYS_geteuid) &&
		      !(status.stx_mode & (S_IWGRP | S_IWOTH));
	return is_own ? 0 : -EPERM;
}

int rhp_os_own_directory(char *path)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	long fd = SYSCALL(SYS_openat, AT_FDCWD, path, flags, 0);
	if (fd == -ENOENT) {
		make_directories(path);
		fd = SYSCALL(SYS_openat, AT_FDCWD, path, flags, 0);
	}
	int r = fd < 0 ? 0 : check_owner((int)fd);
	if (r == 0)
		return (int)fd;
	rhp_os_close((int)fd);
	return r;
}

static bool is_real(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

void rhp_os_names(int directory, bool (*take)(void *context, const char *name),
		  void *context)
{
	_Alignas(struct entry) char buffer[1024];
	long n;
	while ((n = SYSCALL(SYS_getdents64, directory, buffer, sizeof(buffer))) > 0) {
		const struct entry *e;
		for (long at = 0; at < n; at += e->length) {
			e = (const void *)(buffer + at);
			if (is_real(e->name) && !take(context, e->name))
				return;
		}
	}
}

void rhp_os_rewind(int directory)
{
	SYSCALL(SYS_lseek, directory, 0L, SEEK_SET);
}

static int look(int at, const char *name, int flags, struct rhp_os_file *file)
{
	struct statx status;
	long r = SYSCALL(SYS_statx, at, name, flags,
			 STATX_TYPE | STATX_SIZE | STATX_MTIME, &status);
	if (r < 0)
		return (int)r;
	if (!S_ISREG(status.stx_mode))
		return -ENOTSUP;
	file->size = status.stx_size;
	file->used_ns = status.stx_mtime.tv_sec * 1000000000 + status.stx_mtime.tv_nsec;
	return 0;
}

int rhp_os_look_at(int directory, const char *name, struct rhp_os_file *file)
{
	return look(directory, name, AT_SYMLINK_NOFOLLOW, file);
}

int rhp_os_open_regular(const char *path, uint64_t *size)
{
	struct rhp_os_file file = {0, 0};
	int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_LARGEFILE;
	long fd = SYSCALL(SYS_openat, AT_FDCWD, path, flags, 0);
	int r = fd < 0 ? (int)fd : look((int)fd, "", AT_EMPTY_PATH, &file);
	*size = file.size;
	if (r == 0)
		return (int)fd;
	if (fd >= 0)
		rhp_os_close((int)fd);
	return r;
}

void rhp_os_touch(int directory, const char *name)
{
	SYSCALL(SYS_utimensat, directory, name, NULL, AT_SYMLINK_NOFOLLOW);
}

int rhp_os_rename(int directory, const char *from, const char *to)
{
	return (int)SYSCALL(SYS_renameat2, directory, from, directory, to, 0);
}

/* In the kernel; by the older call where the newer one does not know the file systems. */
static long copy_some(int to, int from, uint64_t size)
{
	size_t n = size < MOST_AT_ONCE ? (size_t)size : MOST_AT_ONCE;
	long r = SYSCALL(SYS_copy_file_range, from, NULL, to, NULL, n, 0);
	if (r == -EXDEV || r == -EINVAL || r == -ENOSYS || r == -EOPNOTSUPP ||
	    r == -EPERM)
		r = SYSCALL(SYS_sendfile, to, from, NULL, n);
	return r;
}

int rhp_os_copy_file(int to, int from, uint64_t size)
{
	if (SYSCALL(SYS_ioctl, to, FICLONE, from) == 0)
		return 0;
	while (size > 0) {
		uint64_t signals;
		rhp_os_block_signals(&signals);
		long n = copy_some(to, from, size);
		if (n == -EFBIG)
			rhp_os_consume(SIGXFSZ);
		rhp_os_restore_signals(signals);
		if (n <= 0)
			return n ? (int)n : -EIO; /* it has become shorter */
		size -= (uint64_t)n;
	}
	return 0;
}
