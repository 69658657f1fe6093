/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "runtime/line.h"
#include "runtime/os-call.h"
#include "runtime/os-directory.h"
#include "runtime/os-file.h"
#include "runtime/os-process.h"

#ifndef __WCLONE
#define __WCLONE 0x80000000
#endif

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

int rhp_os_tid(void)
{
	return number(SYSCALL(SYS_gettid));
}

uintptr_t rhp_os_stack_limit(void)
{
	struct {
		uint64_t now, most;
	} limit; /* the kernel's, the same on every machine */
	if (SYSCALL(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &limit) < 0)
		return 8u << 20; /* the kernel's default */
	return limit.now < UINTPTR_MAX ? (uintptr_t)limit.now : UINTPTR_MAX;
}

void rhp_os_host(char host[RHP_OS_HOST_SIZE])
{
	struct utsname names;
	static_assert(sizeof(names.nodename) == RHP_OS_HOST_SIZE, "the kernel's size");
	host[0] = '\0';
	if (SYSCALL(SYS_uname, &names) == 0)
		memcpy(host, names.nodename, RHP_OS_HOST_SIZE);
}

bool rhp_os_thread_is_gone(int pid, int tid)
{
	return SYSCALL(SYS_tgkill, pid, tid, 0) == -ESRCH;
}

/* What the kernel says of a thread in one short line; its length, 0: nothing. */
static size_t read_of_thread(int tid, const char *what, char *text, size_t size)
{
	char path[64];
	struct rhp_line line = {path, path + sizeof(path)};
	rhp_line_add(&line, "/proc/self/task/");
	rhp_line_add_number(&line, (uint64_t)tid);
	rhp_line_add(&line, what);
	ssize_t n = rhp_os_read_file(path, text, size);
	return n > 0 ? (size_t)n : 0;
}

void rhp_os_thread_name(int tid, char name[RHP_OS_NAME_SIZE])
{
	char line[RHP_OS_NAME_SIZE + 1];
	memset(name, 0, RHP_OS_NAME_SIZE);
	if (tid == 0) {
		SYSCALL(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
		return;
	}
	size_t n = read_of_thread(tid, "/comm", line, sizeof(line));
	if (n > 0)
		memcpy(name, line, n - 1); /* without the end of the line */
}

/* The kernel writes a pointer of its own size, also for a 32-bit program. */
uintptr_t rhp_os_tid_address(void)
{
	uint64_t address = 0;
	long r = SYSCALL(SYS_prctl, PR_GET_TID_ADDRESS, &address, 0, 0, 0);
	return r == 0 ? (uintptr_t)address : 0;
}

int rhp_os_split(void)
{
	/* No signal at its end, no new stack, nothing shared: the order of the other
	 * arguments, which differs between machines, does not matter. */
	int pid = (int)SYSCALL(SYS_clone, 0L, 0L, 0L, 0L, 0L);
	if (pid == 0) {
		struct rlimit none = {0, 0};
		SYSCALL(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		SYSCALL(SYS_prlimit64, 0, RLIMIT_CORE, &none, NULL);
	}
	return pid;
}

void rhp_os_leave(void)
{
	for (;;)
		SYSCALL(SYS_exit_group, 0);
}

int rhp_os_wait_for(int pid)
{
	int status = -1;
	long r;
	do
		r = SYSCALL(SYS_wait4, pid, &status, __WCLONE, NULL);
	while (r == -EINTR);
	return r < 0 ? (int)r : status == 0 ? 0 : -EIO;
}

static int read_decimal(const char *name)
{
	int n = 0;
	for (; *name >= '0' && *name <= '9'; name++)
		n = 10 * n + (*name - '0');
	return n;
}

struct visit {
	bool (*take)(void *context, int tid);
	void *context;
	int self;
	uint32_t n;
	bool has_self;
};

static bool count_name(void *context, const char *name)
{
	struct visit *visit = context;
	visit->n++;
	visit->has_self |= read_decimal(name) == visit->self;
	return true;
}

static bool take_name(void *context, const char *name)
{
	const struct visit *visit = context;
	int tid = read_decimal(name);
	return tid == visit->self || visit->take(visit->context, tid);
}

static void visit_threads(bool (*take)(void *context, const char *name),
			  struct visit *visit)
{
	int fd = rhp_os_open("/proc/self/task");
	if (fd < 0)
		return;
	rhp_os_names(fd, take, visit);
	rhp_os_close(fd);
}

bool rhp_os_threads(bool (*take)(void *context, int tid), void *context)
{
	struct visit visit = {take, context, rhp_os_tid(), 0, false};
	visit_threads(count_name, &visit);
	if (visit.has_self)
		visit_threads(take_name, &visit);
	return visit.has_self || visit.n <= 1;
}

uint32_t rhp_os_count_threads(void)
{
	struct visit visit = {.n = 0};
	visit_threads(count_name, &visit);
	return visit.n ? visit.n - 1 : 0;
}

static uintptr_t read_hex(const char *at)
{
	uintptr_t n = 0;
	if (at[0] == '0' && at[1] == 'x')
		at += 2;
	for (;; at++) {
		if (*at >= '0' && *at <= '9')
			n = n << 4 | (uintptr_t)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			n = n << 4 | (uintptr_t)(*at - 'a' + 10);
		else
			return n;
	}
}

/* Which arguments of calls that block are addresses: the other registers hold whatever
 * was left there. */
static unsigned addresses_of(long call)
{
	static const struct {
		long call;
		unsigned addresses;
	} calls[] = {
		{SYS_read, 1u << 1},        {SYS_write, 1u << 1},
		{SYS_readv, 1u << 1},       {SYS_writev, 1u << 1},
		{SYS_pread64, 1u << 1},     {SYS_pwrite64, 1u << 1},
		{SYS_recvfrom, 1u << 1},    {SYS_sendto, 1u << 1},
		{SYS_recvmsg, 1u << 1},     {SYS_sendmsg, 1u << 1},
		{SYS_accept4, 1u << 1},     {SYS_connect, 1u << 1},
		{SYS_epoll_pwait, 1u << 1}, {SYS_ppoll, 1u << 0},
		{SYS_futex, 1u << 0},
#ifdef SYS_poll
		{SYS_poll, 1u << 0},        {SYS_epoll_wait, 1u << 1},
#endif
	};
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].call == call)
			return calls[i].addresses;
	return 0;
}

/* "NUMBER 0xA 0xB 0xC 0xD 0xE 0xF 0xSP 0xPC", or "-1 0xSP 0xPC", or "running". */
uintptr_t rhp_os_blocked_at(int tid, uintptr_t buffers[RHP_OS_BUFFERS])
{
	char text[256];
	uintptr_t words[9] = {0};
	int n = 0;
	memset(buffers, 0, RHP_OS_BUFFERS * sizeof(*buffers));
	if (read_of_thread(tid, "/syscall", text, sizeof(text)) == 0 || text[0] == 'r')
		return 0;
	for (const char *at = text; at && n < 9; n++) {
		words[n] = n == 0 ? (uintptr_t)read_decimal(at) : read_hex(at);
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	unsigned addresses = n == 9 ? addresses_of((long)words[0]) : 0;
	for (int i = 0; i < RHP_OS_BUFFERS; i++)
		buffers[i] = addresses >> i & 1 ? words[1 + i] : 0;
	return n == 9 ? words[7] : n == 3 ? words[1] : 0;
}

uint64_t rhp_os_ran(int tid)
{
	char text[128];
	size_t n = read_of_thread(tid, "/schedstat", text, sizeof(text));
	uint64_t hash = n > 0;
	for (size_t i = 0; i < n; i++)
		hash = hash * 1099511628211u + (unsigned char)text[i];
	return hash;
}

/* A line of /proc/self/maps as far as it was read: "LOW-HIGH rwxp ...". */
struct mapping {
	uintptr_t low, high;
	unsigned field, letter; /* which of them is being read, and the letter in that */
	bool is_code;
	char *path; /* room for that, or NULL */
	size_t n_path, size;
};

/* Takes the next letter. True at the end of the line that has the address. */
static bool read_mapping(struct mapping *m, char c, uintptr_t address)
{
	if (c == '\n') {
		bool found = address >= m->low && address < m->high;
		if (!found)
			*m = (struct mapping){.path = m->path, .size = m->size};
		return found;
	}
	if (m->path && (m->n_path > 0 || c == '/')) {
		if (m->n_path + 1 < m->size)
			m->path[m->n_path++] = c;
		return false;
	}
	if (c == '-' && m->field == 0)
		m->field = 1;
	else if (c == ' ')
		m->field += m->field < 3;
	else if (m->field < 2) {
		uintptr_t digit = (uintptr_t)(c <= '9' ? c - '0' : c - 'a' + 10);
		uintptr_t *number = m->field == 0 ? &m->low : &m->high;
		*number = *number << 4 | digit;
	} else if (m->field == 2 && m->letter++ == 2)
		m->is_code = c == 'x';
	return false;
}

static bool find_mapping(struct mapping *m, uintptr_t address)
{
	static char text[4096];
	int fd = rhp_os_open("/proc/self/maps");
	bool found = false;
	if (fd < 0)
		return false;
	for (long n; !found && (n = SYSCALL(SYS_read, fd, text, sizeof(text))) > 0;)
		for (long i = 0; i < n && !found; i++)
			found = read_mapping(m, text[i], address);
	rhp_os_close(fd);
	return found;
}

bool rhp_os_is_code(uintptr_t address)
{
	struct mapping m = {.field = 0};
	return find_mapping(&m, address) && m.is_code;
}

/* If the dynamic loader was called with the program's name, /proc/self/exe is the loader.
 * The kernel has loaded no other one then, and the program is what has our code. */
size_t rhp_os_executable(char *path, size_t size)
{
#ifndef RHP_PLUGIN
	struct mapping m = {.path = path, .size = size};
	if (getauxval(AT_BASE) == 0 && find_mapping(&m, (uintptr_t)find_mapping) &&
	    m.n_path > 0) {
		path[m.n_path] = '\0';
		return m.n_path;
	}
#endif
	ssize_t n = rhp_os_read_link("/proc/self/exe", path, size);
	return n > 0 ? (size_t)n : 0;
}
