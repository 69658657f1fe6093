/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include "runtime/line.h"
#include "runtime/os-call.h"
#include "runtime/os-file.h"
#include "runtime/os-signal.h"

#define FD_HIGH 512
#define FD_FIRST 3

char *rhp_os_last_name(char *path)
{
	char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

int rhp_os_open_directory(char *path)
{
	char *name = rhp_os_last_name(path), first = *name;
	*name = '\0';
	long fd = SYSCALL(SYS_openat, AT_FDCWD, *path ? path : ".",
			  O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	*name = first;
	return (int)fd;
}

int rhp_os_open(const char *path)
{
	return (int)SYSCALL(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
}

int rhp_os_create(int directory, const char *name)
{
	/* On 32-bit machines libc's open() adds O_LARGEFILE, the kernel does not. */
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_LARGEFILE;
	long fd = SYSCALL(SYS_openat, directory, name, flags, 0600);
	if (fd < 0)
		return (int)fd;
	SYSCALL(SYS_fchmod, fd, 0600);
	long high = SYSCALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, FD_HIGH);
	if (high < 0 && fd < FD_FIRST)
		high = SYSCALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, FD_FIRST);
	if (high < 0 && fd >= FD_FIRST)
		return (int)fd;
	rhp_os_close((int)fd);
	if (high < 0)
		rhp_os_remove(directory, name);
	return (int)high;
}

void rhp_os_remove(int directory, const char *name)
{
	SYSCALL(SYS_unlinkat, directory, name, 0);
}

bool rhp_os_is_file(int directory, const char *name)
{
	struct statx status;
	long r = SYSCALL(SYS_statx, directory, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE,
			 &status);
	return r == 0 && (S_ISREG(status.stx_mode) || S_ISLNK(status.stx_mode));
}

void rhp_os_close(int fd)
{
	SYSCALL(SYS_close, fd);
}

static int write_all(int fd, uint64_t offset, struct iovec *part, int n_parts)
{
	while (n_parts > 0) {
		long n = SYSCALL(SYS_pwritev, fd, part, n_parts, (long)offset,
				 (long)(sizeof(long) == 4 ? offset >> 32 : 0));
		if (n == -EINTR)
			continue;
		if (n <= 0) {
			if (n == -EFBIG)
				rhp_os_consume(SIGXFSZ);
			return n ? (int)n : -EIO;
		}
		offset += (uint64_t)n;
		for (; n_parts > 0 && (size_t)n >= part->iov_len; part++, n_parts--)
			n -= (long)part->iov_len;
		if (n_parts > 0) {
			part->iov_base = (char *)part->iov_base + n;
			part->iov_len -= (size_t)n;
		}
	}
	return 0;
}

int rhp_os_write(int fd, uint64_t offset, const void *head, size_t head_size,
		 const void *body, size_t body_size)
{
	struct iovec parts[2] = {
		{(void *)(uintptr_t)head, head_size},
		{(void *)(uintptr_t)body, body_size},
	};
	return write_all(fd, offset, parts, 2);
}

int rhp_os_read(int fd, uint64_t offset, void *bytes, size_t size)
{
	struct iovec part = {bytes, size};
	long n;
	do
		n = SYSCALL(SYS_preadv, fd, &part, 1L, (long)offset,
			    (long)(sizeof(long) == 4 ? offset >> 32 : 0));
	while (n == -EINTR);
	return n < 0 ? (int)n : (size_t)n == size ? 0 : -EIO;
}

static int write_zeros(int fd, uint64_t offset, size_t size)
{
	static const char zeros[4096];
	int r = 0;
	for (size_t n; size > 0 && r == 0; size -= n, offset += n) {
		n = size < sizeof(zeros) ? size : sizeof(zeros);
		r = rhp_os_write(fd, offset, zeros, n, NULL, 0);
	}
	return r;
}

int rhp_os_reserve_ahead(int fd, uint64_t offset, uint64_t size)
{
	uint64_t signals;
	rhp_os_block_signals(&signals);
	long r;
	do {
#if __SIZEOF_LONG__ == 8
		r = SYSCALL(SYS_fallocate, fd, 0, (long)offset, (long)size);
#else
		r = SYSCALL(SYS_fallocate, fd, 0, (long)offset, (long)(offset >> 32),
			    (long)size, (long)(size >> 32));
#endif
	} while (r == -EINTR); /* a stopped program, on some file systems */
	if (r == -EFBIG)
		rhp_os_consume(SIGXFSZ);
	rhp_os_restore_signals(signals);
	return (int)r;
}

int rhp_os_reserve(int fd, uint64_t offset, size_t size)
{
	int r = rhp_os_reserve_ahead(fd, offset, size);
	if (r != -EOPNOTSUPP && r != -ENOSYS)
		return r;
	uint64_t signals;
	rhp_os_block_signals(&signals);
	r = write_zeros(fd, offset, size);
	rhp_os_restore_signals(signals);
	return r;
}

bool rhp_os_is_in_memory(int fd)
{
	struct statfs64 fs;
#ifdef SYS_fstatfs64
	long r = SYSCALL(SYS_fstatfs64, fd, sizeof(fs), &fs);
#else
	long r = SYSCALL(SYS_fstatfs, fd, &fs);
#endif
	return r == 0 &&
	       (fs.f_type == (long)TMPFS_MAGIC || fs.f_type == (long)RAMFS_MAGIC);
}

ssize_t rhp_os_read_file(const char *path, char *buffer, size_t size)
{
	long fd = SYSCALL(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	size_t length = 0;
	long n = 0;
	while (length + 1 < size) {
		n = SYSCALL(SYS_read, fd, buffer + length, size - 1 - length);
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	rhp_os_close((int)fd);
	buffer[length] = '\0';
	return n < 0 ? n : (ssize_t)length;
}

ssize_t rhp_os_read_link(const char *path, char *buffer, size_t size)
{
	long n = SYSCALL(SYS_readlinkat, AT_FDCWD, path, buffer, size - 1);
	buffer[n < 0 ? 0 : n] = '\0';
	return n;
}

int rhp_os_file_id(int fd, uint64_t id[2])
{
	/* The one call whose structure is the same on every machine. */
	struct statx status;
	long r = SYSCALL(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &status);
	if (r == 0) {
		id[0] = (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor;
		id[1] = status.stx_ino;
	}
	return (int)r;
}

bool rhp_os_is_terminal(int fd)
{
	char attributes[256]; /* the kernel's struct termios is smaller everywhere */
	return SYSCALL(SYS_ioctl, fd, TCGETS, attributes) == 0;
}

void rhp_os_complain(const char *line, size_t length)
{
	uint64_t signals;
	rhp_os_block_signals(&signals);
	if (SYSCALL(SYS_write, STDERR_FILENO, line, length) == -EPIPE)
		rhp_os_consume(SIGPIPE);
	rhp_os_restore_signals(signals);
}

/* By way of a descriptor that stands for the name and can do no harm. */
static int open_same(int found, const uint64_t id[2])
{
	uint64_t it[2] = {0};
	char path[48];
	struct rhp_line line = {path, path + sizeof(path)};
	int r = rhp_os_file_id(found, it);
	if (r < 0 || it[0] != id[0] || it[1] != id[1])
		return r < 0 ? r : -ESTALE;
	rhp_line_add(&line, "/proc/self/fd/");
	rhp_line_add_number(&line, (uint64_t)found);
	return (int)SYSCALL(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC | O_LARGEFILE,
			    0);
}

int rhp_os_open_again(const char *path, const uint64_t id[2], int fd)
{
	int found = (int)SYSCALL(SYS_openat, AT_FDCWD, path,
				 O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (found < 0)
		return found;
	int opened = open_same(found, id);
	rhp_os_close(found);
	if (opened < 0)
		return opened;
	long again = SYSCALL(SYS_fcntl, opened, F_DUPFD_CLOEXEC, fd);
	rhp_os_close(opened);
	return (int)again;
}
