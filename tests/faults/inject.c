/* SPDX-License-Identifier: MIT */
/*
 * Makes a system call of the runtime fail, and no other: the runtime makes its calls by
 * syscall(), which the program does not use, and this one stands in its place. What is to
 * fail stands in a mapped file, whose name is in INJECT: it also counts the calls, those
 * of forked children too. With 0 for an error the call is made, and is the last one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define N_CALLS 512

static struct orders {
	long number, error;
	long first, last; /* the calls of this number that fail, from 1 */
	long seen[N_CALLS];
} * orders;

static long call(long number, const long *a)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4],
			  r9 __asm__("r9") = a[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a[0],
			 x1 __asm__("x1") = a[1], x2 __asm__("x2") = a[2],
			 x3 __asm__("x3") = a[3], x4 __asm__("x4") = a[4],
			 x5 __asm__("x5") = a[5];

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#else
#error "no such processor here"
#endif
}

/* Before main: libc may not be ready. */
static const char *find_orders(void)
{
	for (char **e = environ; e && *e; e++)
		if (!strncmp(*e, "INJECT=", 7))
			return *e + 7;
	return NULL;
}

static void read_orders(void)
{
	const char *path = find_orders();
	long file[6] = {AT_FDCWD, (long)path, O_RDWR | O_CLOEXEC}, mapped;

	if (!path || (file[4] = call(SYS_openat, file)) < 0)
		return;
	mapped = call(SYS_mmap, (const long[]){0, sizeof(*orders), PROT_READ | PROT_WRITE,
					       MAP_SHARED, file[4], 0});
	call(SYS_close, (const long[]){file[4], 0, 0, 0, 0, 0});
	if (mapped > 0 || mapped < -4095)
		orders = (struct orders *)mapped;
}

/* Whether this call of that number is to fail. */
static int fails(long number)
{
	long n;

	if (!orders)
		read_orders();
	if (!orders || number < 0 || number >= N_CALLS)
		return 0;
	n = __atomic_add_fetch(&orders->seen[number], 1, __ATOMIC_RELAXED);
	return number == orders->number && n >= orders->first && n <= orders->last;
}

long syscall(long number, ...)
{
	long a[6], result;
	va_list arguments;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	int failing = fails(number);
	result = failing && orders->error ? -orders->error : call(number, a);
	if (failing && !orders->error)
		raise(SIGKILL);
	if (result < 0 && result >= -4095) {
		errno = (int)-result;
		return -1;
	}
	return result;
}
