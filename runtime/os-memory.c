/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "runtime/line.h"
#include "runtime/machine.h"
#include "runtime/os-call.h"
#include "runtime/os-file.h"
#include "runtime/os-memory.h"
#include "runtime/os-process.h"

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

void *rhp_os_share(size_t size)
{
	return map(NULL, size, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void rhp_os_release(void *start, size_t size)
{
	SYSCALL(SYS_munmap, start, size);
}

uint64_t rhp_os_page_size(void)
{
	return getauxval(AT_PAGESZ);
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

int rhp_os_unlock(uintptr_t start, size_t size)
{
	int r = (int)SYSCALL(SYS_mprotect, start, size, PROT_READ | PROT_WRITE);
	if (r == -ENOMEM)
		r = map((char *)NULL + start, size,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
			    ? 0
			    : -ENOMEM;
	return r;
}

bool rhp_os_copy(void *to, uintptr_t from, size_t size)
{
	struct iovec here = {to, size}, there = {(char *)NULL + from, size};
	return SYSCALL(SYS_process_vm_readv, rhp_os_pid(), &here, 1L, &there, 1L, 0L) ==
	       (long)size;
}

/* struct pm_scan_arg of the kernel, which older headers do not have. */
struct scan_request {
	uint64_t size, flags, start, end, walk_end, extents, n_extents, max_pages;
	uint64_t inverted, all_of, any_of, wanted;
};
#define IN_MEMORY (UINT64_C(1) << 3)
#define GUARD (UINT64_C(1) << 8)

int rhp_os_written(int fd, uintptr_t start, uintptr_t *end, struct rhp_os_extent *extents,
		   size_t n)
{
	struct scan_request request = {
		.size = sizeof(request),
		.start = start,
		.end = *end,
		.extents = (uintptr_t)extents,
		.n_extents = n,
		.inverted = GUARD,
		.all_of = GUARD,
		.any_of = IN_MEMORY | RHP_OS_SWAPPED,
		.wanted = RHP_OS_OF_FILE | RHP_OS_SWAPPED,
	};
	const unsigned long ask = _IOWR('f', 16, struct scan_request);
	long found = SYSCALL(SYS_ioctl, fd, ask, &request);
	if (found == -EINVAL) { /* it has no such pages, or does not know them */
		request.inverted = request.all_of = 0;
		found = SYSCALL(SYS_ioctl, fd, ask, &request);
	}
	*end = (uintptr_t)request.walk_end;
	return (int)found;
}

int rhp_os_in_core(uintptr_t start, size_t size, unsigned char *pages)
{
	return (int)SYSCALL(SYS_mincore, start, size, pages);
}

bool rhp_os_all_readable(uintptr_t start, uintptr_t size)
{
	uintptr_t last = start + size - 1;
	if (size == 0)
		return true;
	if (last < start)
		return false;
	for (uintptr_t at = start; at < last && at >= start;
	     at = (at & -(uintptr_t)RHP_PAGE_LEAST) + RHP_PAGE_LEAST)
		if (!rhp_os_readable(at))
			return false;
	return rhp_os_readable(last);
}

bool rhp_os_is_one_mapping(uintptr_t low, uintptr_t known, uintptr_t high)
{
	/* Asked to enlarge a part in its place, the kernel looks whether the part is of
	 * one mapping (EFAULT), and then finds the rest of it in the way (ENOMEM; before,
	 * EAGAIN: the memory that may be locked is used up). */
	uintptr_t size = high - low;
	long r = under_valgrind()
			 ? -ENOSYS
			 : SYSCALL(SYS_mremap, low, size, size + RHP_PAGE_MAX, 0);
	if (r == -EFAULT)
		return false;
	return r == -ENOMEM || r == -EAGAIN || rhp_os_all_readable(low, known - low);
}

int rhp_os_wipe_on_fork(void *page, size_t size)
{
	return (int)SYSCALL(SYS_madvise, page, size, MADV_WIPEONFORK);
}
