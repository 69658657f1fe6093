/* SPDX-License-Identifier: MIT */
/*
 * Looks at the runtime after each instruction of an event, by the processor's trap flag.
 *
 * usage: steps watch|burst [EVERY]
 *
 * watch: the records of the trace, which must not change once they are there. burst: at
 * each instruction in turn, or one of EVERY, a handler comes that allocates more than the
 * window has room for. Prints how many instructions there were, and how many records
 * changed, or were there without all their units.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#include "contract/packed.h"

#define TRAP_FLAG 0x100ul
enum {
	SEEN = 4096,
	BURST = 300
};

extern __thread volatile int allocating;
static const struct rhp_region *window; /* its header, which comes last */
static const uint64_t *units;
static uint64_t seen[SEEN];
static uint32_t n_units;
static int watches;
static volatile long step, chosen, n_changed;
static void *volatile block, *volatile of_handler;

/* A record is there when its first unit is. */
static void look(void)
{
	for (uint32_t i = 0, size; i < n_units && i < SEEN; i += size ? size : 1) {
		size = rhp_units_of_whole(units + i, n_units - i);
		n_changed += rhp_units_of(units[i]) != size;
		for (uint32_t k = i; k < i + size && k < SEEN; k++) {
			n_changed += seen[k] && seen[k] != units[k];
			seen[k] = units[k];
		}
	}
}

static void forget_seen(void)
{
	memset(seen, 0, sizeof(seen));
}

static void handle(int number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)number;
	(void)info;
	if (allocating)
		return;
	if (watches)
		look();
	else if (step == chosen) {
		for (int i = 0; i < BURST; i++) {
			of_handler = malloc(333);
			free(of_handler);
		}
		/* The window may be full, and to hand it over blocks this signal. */
		c->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
	}
	step++;
}

static void set_trap(unsigned long flag)
{
	__builtin_ia32_writeeflags_u64((__builtin_ia32_readeflags_u64() & ~TRAP_FLAG) |
				       flag);
}

static void use(void)
{
	block = malloc(17);
	free(block);
}

/* From one place, so that its stack is known: the first time takes a lock. */
__attribute__((noinline)) static void use_each(const unsigned long *flags, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		set_trap(flags[i]);
		use();
		set_trap(0);
	}
}

/* That of this thread: stream 0 is everybody's. */
static void find_window(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		abort();
	const char *file =
		mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	const struct rhp_file_header *h = (const void *)file;
	if (file == MAP_FAILED)
		abort();
	n_units = h->head_offset / sizeof(*units);
	for (uint64_t at = h->first_region; at < h->file_end; at += h->region_size) {
		const struct rhp_region *r = (const void *)(file + at + h->head_offset);
		if (r->kind == RHP_REGION_WINDOW && r->stream != 0) {
			window = r;
			units = (const void *)(file + at);
		}
	}
	if (!window)
		abort();
}

static void have_room(void)
{
	static const unsigned long no_trap[1];
	uint64_t before = window->sequence;

	while (window->sequence == before)
		use_each(no_trap, 1);
	forget_seen();
}

int main(int argc, char **argv)
{
	static const unsigned long last[4] = {0, 0, 0, TRAP_FLAG};
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	long n = 0, every = argc > 2 ? atol(argv[2]) : 1;

	watches = argc > 1 && !strcmp(argv[1], "watch");
	sigaction(SIGTRAP, &action, NULL);
	use_each(last, 3);
	find_window(getenv("RHEAPER_TRACE"));
	do {
		have_room();
		chosen = n;
		n += every;
		step = 0;
		look();
		use_each(last, 4);
	} while (!watches && step > chosen);
	dprintf(1, "%ld %ld\n", step, n_changed);
	return 0;
}
