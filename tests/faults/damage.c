// SPDX-License-Identifier: MIT
/*
 * Traces that are cut at every length, and with every byte changed, one by one, by what
 * reads traces: the reader up to the pairing, at rest and as one that is written, and a
 * whole load. They must end with a result, soon, in bounded memory; with sanitizers
 * (build with -Db_sanitize=address,undefined) without a word from these.
 *
 * The trace is one file in memory, damaged and mended in place. Children do a stretch of
 * the damages each, so that a crash or a hang is that of one damage, which is named; and
 * so that a load may end its process, as loads do.
 *
 * usage: damage [STEP [FROM]]      Prints TAP. Every STEP-th damage, 1 is all, from that
 * byte on.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cli.h"
#include "loading/load.h"
#include "tests/faults/rich-trace.h"
#include "tests/faults/take-trace.h"

#define PATIENCE_S 10      /* of the processor, for one damage */
#define PATIENCE_ALL_S 600 /* of the clock: other programs may have the processor */
#define STRETCH 512        /* damages of one child */
#define SANITIZER_SAID 99  /* no status of ours */
#define MEMORY_KB (64 << 10)

/* What sanitizers find ends the child with a status of its own. What is freed is given
 * back, for memory is measured, too. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__asan_default_options(void)
{
	return "exitcode=99:quarantine_size_mb=1:detect_leaks=0";
}

const char *__ubsan_default_options(void)
{
	return "halt_on_error=1:print_stacktrace=1:exitcode=99";
}

static struct trace_writer original;
static int file = -1;
static char path[64];          /* of the file */
static char database[64];      /* in memory, too */
static uint64_t n_allocations; /* of the trace that was read last */
static size_t *current;        /* damage, shared with the children */

static void read_at_rest(void)
{
	struct taken taken;

	take_trace(path, false, &taken);
	n_allocations = taken.pair.allocations;
}

static void read_as_written(void)
{
	struct taken taken;

	take_trace(path, true, &taken);
}

static void load(void)
{
	const char *const traces[] = {path};
	struct load_result result = load_traces(&(struct load_options){
		.traces = traces,
		.n_traces = 1,
		.database = database,
		.replace = access(database, F_OK) == 0,
	});

	load_result_fini(&result);
}

static void cut(size_t at)
{
	if (ftruncate(file, (off_t)at) != 0)
		die("cut the trace:");
}

static void mend_cut(size_t at)
{
	if (pwrite(file, original.bytes + at, original.size - at, (off_t)at) !=
	    (ssize_t)(original.size - at))
		die("mend the trace:");
}

/* All bits of some, one bit of others: every byte gets both, for the place moves on. */
static void put_byte(size_t at, char byte)
{
	if (pwrite(file, &byte, 1, (off_t)at) != 1)
		die("change the trace:");
}

static void change_all_bits(size_t at)
{
	put_byte(at, (char)~original.bytes[at]);
}

static void change_one_bit(size_t at)
{
	put_byte(at, (char)(original.bytes[at] ^ 1 << at % 8));
}

static void mend_byte(size_t at)
{
	put_byte(at, original.bytes[at]);
}

static const struct damage {
	const char *name;
	void (*make)(size_t at);
	void (*mend)(size_t at);
} damages[] = {
	{"cut_at_every_length", cut, mend_cut},
	{"every_byte_changed", change_all_bits, mend_byte},
	{"a_bit_of_every_byte_changed", change_one_bit, mend_byte},
};

static const struct act {
	const char *name;
	void (*run)(void);
	size_t slowness; /* times the step: for the time that a load takes */
} acts[] = {
	{"read_and_paired", read_at_rest, 1},
	{"followed", read_as_written, 1},
	{"loaded", load, 4},
};

struct results {
	size_t n, n_refused;
	long kilobytes; /* the most that a child had */
};

/* Bytes that no reader looks at, the rest of each counter's cache line, are left out. */
static bool is_looked_at(size_t at)
{
	const struct rhp_file_header *h = writer_header(&original);

	return at < h->shard_offset || at >= h->first_region ||
	       (at - h->shard_offset) % RHP_SHARD_STRIDE <= sizeof(uint64_t);
}

static size_t next_place(size_t at, size_t step)
{
	size_t left = step;

	while (at < original.size && (!is_looked_at(at) || left-- > 0))
		at++;
	return at;
}

/* Who takes longer is ended by a signal. */
static void be_patient(void)
{
	const struct itimerval patience = {.it_value = {.tv_sec = PATIENCE_S}};

	setitimer(ITIMER_PROF, &patience, NULL);
	alarm(PATIENCE_ALL_S);
}

/* In a child: a stretch of damages. A load that refuses the trace ends it here. */
static _Noreturn void run_stretch(const struct damage *damage, const struct act *act,
				  size_t step)
{
	size_t at = *current;

	if (!freopen("/dev/null", "w", stderr))
		_exit(EXIT_FAILURE);
	for (size_t i = 0; i < STRETCH && at < original.size; i++) {
		*current = at;
		be_patient();
		damage->make(at);
		act->run();
		damage->mend(at);
		at = next_place(at, step);
	}
	*current = at;
	exit(EXIT_SUCCESS);
}

/* A stretch: whether its child ended as it may. */
static bool take_stretch(const struct damage *damage, const struct act *act, size_t step,
			 struct results *results)
{
	struct rusage usage;
	int status;
	size_t began = *current;
	pid_t child = fork();

	if (child == 0)
		run_stretch(damage, act, step);
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		die("wait for a child:");
	if (usage.ru_maxrss > results->kilobytes)
		results->kilobytes = usage.ru_maxrss;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CANNOT) {
		results->n_refused++;
		mend_cut(0);
		*current = next_place(*current, step);
		return true;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		return *current > began;
	printf("# %s, place %zu: %s %d\n", damage->name, *current,
	       WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return false;
}

/* Remove the database; whether there was nothing else beside it. */
static bool leave_nothing(void)
{
	char pattern[sizeof(database) + 1];
	glob_t found;
	int result;

	unlink(database);
	snprintf(pattern, sizeof(pattern), "%s*", database);
	result = glob(pattern, 0, NULL, &found);
	for (size_t i = 0; result == 0 && i < found.gl_pathc; i++)
		printf("# left behind: %s\n", found.gl_pathv[i]);
	if (result == 0)
		globfree(&found);
	return result == GLOB_NOMATCH;
}

static bool run_all(const struct damage *damage, const struct act *act, size_t from,
		    size_t step)
{
	struct results r = {0};
	long most = MEMORY_KB + 4 * (long)(original.size >> 10);

	for (size_t at = from; at < original.size; at = next_place(at, step))
		r.n++;
	*current = from;
	while (*current < original.size) {
		if (!take_stretch(damage, act, step, &r))
			return false;
	}
	printf("# %zu damages, %zu refused, at most %ld KiB of memory\n", r.n,
	       r.n_refused, r.kilobytes);
	return r.kilobytes <= most && leave_nothing();
}

static void make_file(void)
{
	rich_trace(&original);
	file = memfd_create("trace", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	snprintf(database, sizeof(database), "/dev/shm/rheaper-test-%d.db",
		 (int)getpid());
	current = mmap(NULL, sizeof(*current), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (file < 0 || current == MAP_FAILED)
		die("make a trace:");
	mend_cut(0);
	read_at_rest();
	if (n_allocations == 0)
		die("read the trace as it was: there is nothing in it");
}

int main(int argc, char **argv)
{
	const size_t n_damages = sizeof(damages) / sizeof(*damages);
	const size_t n_acts = sizeof(acts) / sizeof(*acts);
	size_t step = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	size_t from = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	bool all_fine = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	make_file();
	printf("1..%zu\n", n_damages * n_acts);
	for (size_t i = 0; i < n_damages * n_acts; i++) {
		const struct damage *damage = &damages[i % n_damages];
		const struct act *act = &acts[i / n_damages];
		bool fine =
			run_all(damage, act, from, step > 1 ? step * act->slowness : 1);

		printf("%sok %zu - L1_%s_and_%s\n", fine ? "" : "not ", i + 1,
		       damage->name, act->name);
		all_fine = all_fine && fine;
	}
	writer_fini(&original);
	return all_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
