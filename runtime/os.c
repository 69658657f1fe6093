/* SPDX-License-Identifier: MIT */
/*
 * System calls for code that runs below malloc. syscall() sets errno, so each
 * call here saves and restores it: the program must not notice that one of
 * its allocations also wrote to a file.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "runtime/line.h"
#include "runtime/machine.h"
#include "runtime/os-call.h"
#include "runtime/os.h"

#define SIGSET_BYTES 8         /* the kernel's sigset_t */
#define NO_MASK (~UINT64_C(0)) /* SIGKILL is in no mask that the kernel tells of */
#define FD_HIGH 512
#define FD_FIRST 3

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#ifdef SYS_mmap2
static void *map(void *at, size_t size, int flags, int fd, uint64_t offset)
{
	long r = SYSCALL(SYS_mmap2, at, size, PROT_READ | PROT_WRITE, flags, fd,
			 (long)(offset >> 12));
	return r < 0 && r > -4096 ? NULL : (void *)r;
}
#else
static void *map(void *at, size_t size, int flags, int fd, uint64_t offset)
{
	long r = SYSCALL(SYS_mmap, at, size, PROT_READ | PROT_WRITE, flags, fd, offset);
	return r < 0 && r > -4096 ? NULL : (void *)r;
}
#endif

void *rhp_os_alloc(size_t size)
{
	return map(NULL, size, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void rhp_os_release(void *start, size_t size)
{
	SYSCALL(SYS_munmap, start, size);
}

void rhp_os_discard(void *start, size_t size)
{
	uintptr_t begin =
		((uintptr_t)start + RHP_PAGE_MAX - 1) & ~(uintptr_t)(RHP_PAGE_MAX - 1);
	uintptr_t end = ((uintptr_t)start + size) & ~(uintptr_t)(RHP_PAGE_MAX - 1);
	if (begin < end)
		SYSCALL(SYS_madvise, begin, end - begin, MADV_DONTNEED);
}

void rhp_os_zero(void *start, size_t size)
{
	char *low = start, *high = low + size;
	size_t before = -(uintptr_t)low % RHP_PAGE_MAX,
	       after = (uintptr_t)high % RHP_PAGE_MAX;
	if (size < 2 * RHP_PAGE_MAX ||
	    SYSCALL(SYS_madvise, low + before, size - before - after, MADV_DONTNEED) !=
		    0) {
		memset(low, 0, size);
		return;
	}
	memset(low, 0, before);
	memset(high - after, 0, after);
}

static bool can_be_mapped(int fd, size_t size)
{
	struct statx status;
	long seals = SYSCALL(SYS_fcntl, fd, F_GET_SEALS);
	return seals >= 0 && (seals & F_SEAL_SHRINK) &&
	       SYSCALL(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_SIZE | STATX_UID,
		       &status) == 0 &&
	       status.stx_size >= size &&
	       status.stx_uid == (uint32_t)SYSCALL(SYS_geteuid);
}

void *rhp_os_map_of(int pid, int fd, size_t size)
{
	char path[64];
	struct rhp_line line = {path, path + sizeof(path)};
	rhp_line_add(&line, "/proc/");
	rhp_line_add_number(&line, (uint64_t)pid);
	rhp_line_add(&line, "/fd/");
	rhp_line_add_number(&line, (uint64_t)fd);
	int file = (int)SYSCALL(SYS_openat, AT_FDCWD, path,
				O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return NULL;
	void *at =
		can_be_mapped(file, size) ? rhp_os_map_file(NULL, file, 0, size) : NULL;
	rhp_os_close(file);
	return at;
}

void rhp_os_show(const char *name)
{
	int fd = (int)SYSCALL(SYS_memfd_create, name, MFD_CLOEXEC);
	if (fd < 0)
		return;
	rhp_os_map_file(NULL, fd, 0, RHP_PAGE_MAX);
	rhp_os_close(fd);
}

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

static uint64_t bit_of(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

/* Takes back the signal that a write of ours left pending: SIGXFSZ past
 * RLIMIT_FSIZE, SIGPIPE. Signals are blocked. */
static void consume(int signal)
{
	uint64_t set = bit_of(signal);
	struct timespec now = {0, 0};
	SYSCALL(SYS_rt_sigtimedwait, &set, NULL, &now, SIGSET_BYTES);
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
				consume(SIGXFSZ);
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
		consume(SIGXFSZ);
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

void *rhp_os_map_file(void *at, int fd, uint64_t offset, size_t size)
{
	return map(at, size, MAP_SHARED | (at ? MAP_FIXED : 0), fd, offset);
}

void *rhp_os_replace_page(uintptr_t address)
{
	uintptr_t size = getauxval(AT_PAGESZ);
	return map((void *)(address & -size), size,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
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

/* What a filter of system calls refuses is unknown. */
static int number(long result)
{
	return result < 0 ? 0 : (int)result;
}

int rhp_os_pid(void)
{
	return number(SYSCALL(SYS_getpid));
}

int rhp_os_parent_pid(void)
{
	return number(SYSCALL(SYS_getppid));
}

void rhp_os_host(char host[RHP_OS_HOST_SIZE])
{
	struct utsname names;
	static_assert(sizeof(names.nodename) == RHP_OS_HOST_SIZE, "the kernel's size");
	host[0] = '\0';
	if (SYSCALL(SYS_uname, &names) == 0)
		memcpy(host, names.nodename, RHP_OS_HOST_SIZE);
}

int rhp_os_tid(void)
{
	return number(SYSCALL(SYS_gettid));
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t = {0, 0};
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

bool rhp_os_thread_is_gone(int pid, int tid)
{
	return SYSCALL(SYS_tgkill, pid, tid, 0) == -ESRCH;
}

/* "/proc/self/task/TID/comm" */
static void comm_path(int tid, char path[48])
{
	static const char head[] = "/proc/self/task/", tail[] = "/comm";
	char digits[12];
	size_t n = sizeof(digits);
	for (unsigned rest = (unsigned)tid; rest > 0; rest /= 10)
		digits[--n] = (char)('0' + rest % 10);
	memcpy(path, head, sizeof(head) - 1);
	path += sizeof(head) - 1;
	memcpy(path, digits + n, sizeof(digits) - n);
	memcpy(path + sizeof(digits) - n, tail, sizeof(tail));
}

void rhp_os_thread_name(int tid, char name[RHP_OS_NAME_SIZE])
{
	char path[48], line[RHP_OS_NAME_SIZE + 1];
	memset(name, 0, RHP_OS_NAME_SIZE);
	if (tid == 0) {
		SYSCALL(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
		return;
	}
	comm_path(tid, path);
	ssize_t n = rhp_os_read_file(path, line, sizeof(line));
	if (n > 0)
		memcpy(name, line, (size_t)n - 1); /* without the end of the line */
}

uint64_t rhp_os_realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

uint64_t rhp_os_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint32_t rhp_os_reads_counter;

void rhp_os_choose_clock(void)
{
	static const char path[] =
		"/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char source[8] = "";
	rhp_os_read_file(path, source, sizeof(source));
	rhp_os_reads_counter = memcmp(source, "tsc\n", 4) == 0;
}

struct rhp_instant rhp_os_instant(void)
{
	if (!rhp_os_reads_counter) {
		uint64_t ns = rhp_os_monotonic_ns();
		return (struct rhp_instant){ns, ns};
	}
	uint64_t before = rhp_os_ticks(), ns = rhp_os_monotonic_ns();
	return (struct rhp_instant){before + (rhp_os_ticks() - before) / 2, ns};
}

/* Valgrind takes these rotations, which rotate nothing, for a request: 0x1001 asks
 * how deep it is nested. */
static bool under_valgrind(void)
{
	uint64_t depth = 0;
#ifdef __x86_64__
	const uint64_t request[6] = {0x1001};
	__asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi\n\t"
			 "rolq $61, %%rdi; rolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(depth)
			 : "a"(request)
			 : "cc", "memory");
#endif
	return depth != 0;
}

/* Ten times as slow as asking the signal mask, but Valgrind looks at the arguments
 * of that, and reports as an error of the program what was never written there. */
static bool readable_by_copy(uintptr_t address)
{
	char byte;
	struct iovec to = {&byte, 1}, from = {(char *)NULL + address, 1};
	return SYSCALL(SYS_process_vm_readv, rhp_os_pid(), &to, 1L, &from, 1L, 0L) == 1;
}

bool rhp_os_readable(uintptr_t address)
{
	if (under_valgrind())
		return readable_by_copy(address);
	/* The kernel reads the new mask before it looks at `how`: EFAULT says
	 * unreadable, EINVAL (no such `how`) says readable; nothing is changed. */
	return SYSCALL(SYS_rt_sigprocmask, ~0L, address & ~(uintptr_t)7, NULL,
		       SIGSET_BYTES) != -EFAULT;
}

static uint64_t all_signals = ~UINT64_C(0);

uint64_t rhp_os_never_block(int signal)
{
	return all_signals &= ~bit_of(signal);
}

void rhp_os_block_signals(uint64_t *saved)
{
	if (SYSCALL(SYS_rt_sigprocmask, SIG_BLOCK, &all_signals, saved, SIGSET_BYTES) < 0)
		*saved = NO_MASK;
}

void rhp_os_unblock(int signal)
{
	uint64_t set = bit_of(signal);
	SYSCALL(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, SIGSET_BYTES);
}

void rhp_os_raise_again(int signal, void *info)
{
	SYSCALL(SYS_rt_tgsigqueueinfo, rhp_os_pid(), rhp_os_tid(), signal, info);
}

void rhp_os_restore_signals(uint64_t saved)
{
	if (saved != NO_MASK)
		SYSCALL(SYS_rt_sigprocmask, SIG_SETMASK, &saved, NULL, SIGSET_BYTES);
}

void rhp_os_complain(const char *line, size_t length)
{
	uint64_t signals;
	rhp_os_block_signals(&signals);
	if (SYSCALL(SYS_write, STDERR_FILENO, line, length) == -EPIPE)
		consume(SIGPIPE);
	rhp_os_restore_signals(signals);
}

int rhp_os_wipe_on_fork(void *page, size_t size)
{
	return (int)SYSCALL(SYS_madvise, page, size, MADV_WIPEONFORK);
}

#define MEMBARRIER_PRIVATE_EXPEDITED (1 << 3)
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED (1 << 4)

void rhp_os_wait(unsigned round)
{
	struct timespec nap = {0, round < RHP_OS_SHORT_WAITS ? 50000 : 1000000};
	if (round < 50)
		SYSCALL(SYS_sched_yield);
	else
		SYSCALL(SYS_nanosleep, &nap, NULL);
}

void rhp_os_barrier_prepare(void)
{
	SYSCALL(SYS_membarrier, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

void rhp_os_barrier(void)
{
	/* Where the kernel or a filter refuses: no store buffer is full for so long. */
	if (SYSCALL(SYS_membarrier, MEMBARRIER_PRIVATE_EXPEDITED, 0, 0) != 0)
		for (unsigned i = 0; i < 10; i++)
			rhp_os_wait(RHP_OS_SHORT_WAITS);
}

uint32_t rhp_os_process = 1;

static bool try_lock(struct rhp_lock *lock)
{
	uint32_t held = __atomic_load_n(&lock->held, __ATOMIC_RELAXED);
	return held != rhp_os_process &&
	       __atomic_compare_exchange_n(&lock->held, &held, rhp_os_process, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void rhp_lock_take(struct rhp_lock *lock)
{
	uint64_t signals;
	rhp_os_block_signals(&signals);
	/* To yield is not enough where this thread has real-time priority and the
	 * holder has not: it would wait for ever on one processor. */
	for (unsigned i = 0; !try_lock(lock); i++)
		rhp_os_wait(i);
	lock->signals = signals;
}

void rhp_lock_drop(struct rhp_lock *lock)
{
	uint64_t signals = lock->signals;
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
	rhp_os_restore_signals(signals);
}
