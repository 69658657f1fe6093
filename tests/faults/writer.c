// SPDX-License-Identifier: MIT
/*
 * The runtime writes traces while what it asks of the kernel fails: the N-th call of a
 * kind, or all from it on, with several settings. A child does the work, the same each
 * time; then its trace is read. The work goes on whatever fails; what is not in the trace
 * is counted there, to the event, and nothing in it is damaged.
 *
 * Prints TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/os-clock.h"
#include "runtime/os-file.h"
#include "runtime/os-memory.h"
#include "runtime/runtime.h"
#include "runtime/start.h"
#include "runtime/switch.h"
#include "runtime/trace-file.h"
#include "runtime/trace-mend.h"
#include "runtime/trace-write.h"
#include "runtime/tracker.h"
#include "tests/faults/take-trace.h"

#define N_LIVES 700
#define MAX_NTH 400
#define PATIENCE_S 120

enum kind {
	NO_KIND,
	RESERVE,
	RESERVE_AHEAD,
	WRITE,
	READ,
	MAP,
	FILE_ID,
	CREATE,
	ALLOC,
	LINK,
	N_KINDS,
};

static const char *const kind_names[N_KINDS] = {
	[RESERVE] = "reserve", [RESERVE_AHEAD] = "reserve_ahead",
	[WRITE] = "write",     [READ] = "read",
	[MAP] = "map",         [FILE_ID] = "file_id",
	[CREATE] = "create",   [ALLOC] = "memory",
	[LINK] = "link",
};

static struct {
	enum kind kind;
	unsigned calls, nth;
	bool for_ever;
} fault;

static bool fails(enum kind kind)
{
	unsigned call;

	if (fault.kind != kind)
		return false;
	call = ++fault.calls;
	return call == fault.nth || (fault.for_ever && call > fault.nth);
}

static void (*during_write)(void);
static bool no_page;
static int write_error = -EIO;

static bool fails_to_write(void)
{
	void (*act)(void) = during_write;

	during_write = NULL;
	if (act)
		act();
	return fails(WRITE);
}

#define WRAP(result, failure, kind, name, parameters, arguments)                         \
	result __real_##name parameters;                                                 \
	result __wrap_##name parameters;                                                 \
	result __wrap_##name parameters                                                  \
	{                                                                                \
		return fails(kind) ? failure : __real_##name arguments;                  \
	}
WRAP(int, -ENOSPC, RESERVE, rhp_os_reserve, (int fd, uint64_t at, size_t n), (fd, at, n))
WRAP(int, -ENOSPC, RESERVE_AHEAD, rhp_os_reserve_ahead, (int fd, uint64_t at, uint64_t n),
     (fd, at, n))
int __real_rhp_os_write(int fd, uint64_t at, const void *a, size_t n, const void *b,
			size_t m);
int __wrap_rhp_os_write(int fd, uint64_t at, const void *a, size_t n, const void *b,
			size_t m);
int __wrap_rhp_os_write(int fd, uint64_t at, const void *a, size_t n, const void *b,
			size_t m)
{
	return fails_to_write() ? write_error : __real_rhp_os_write(fd, at, a, n, b, m);
}
WRAP(int, -EIO, READ, rhp_os_read, (int fd, uint64_t at, void *to, size_t n),
     (fd, at, to, n))
WRAP(void *, NULL, MAP, rhp_os_map_file, (void *at, int fd, uint64_t offset, size_t n),
     (at, fd, offset, n))
WRAP(int, -EBADF, FILE_ID, rhp_os_file_id, (int fd, uint64_t id[2]), (fd, id))
WRAP(int, -EEXIST, CREATE, rhp_os_create, (int fd, const char *name), (fd, name))
WRAP(void *, NULL, ALLOC, rhp_os_alloc, (size_t n), (n))
WRAP(ssize_t, -ENOENT, LINK, rhp_os_read_link, (const char *name, char *to, size_t n),
     (name, to, n))

void *__real_rhp_os_replace_page(uintptr_t address);
void *__wrap_rhp_os_replace_page(uintptr_t address);
void *__wrap_rhp_os_replace_page(uintptr_t address)
{
	return no_page ? NULL : __real_rhp_os_replace_page(address);
}

/* The work: blocks that are allocated, resized in every way, freed; marks; scopes. */

static void live(uint64_t i)
{
	const void *frame = RHP_FRAME_HERE;
	const void *p = (const void *)(0x100000 + i * 64);
	const void *q = (const void *)(0x9000000 + i * 64);
	size_t size = i % 100 ? i : (size_t)1 << 40;

	rhp_on_alloc(RHP_FN_malloc, frame, p, size);
	if (i % 5 == 4) { /* ended in another way than by free */
		bool is_recorded = rhp_on_realloc_begin(p);

		if (is_recorded && i % 2)
			rhp_record_realloc_followed(p, NULL, 0);
		else if (is_recorded)
			rhp_on_realloc_end(RHP_FN_realloc, frame, p, NULL, 0);
		return;
	}
	if (i % 5 && rhp_on_realloc_begin(p)) {
		const void *result = i % 5 == 1 ? q : i % 5 == 2 ? p : NULL;

		if (i % 2)
			rhp_on_realloc_end(RHP_FN_realloc, frame, p, result, size + 1);
		else
			rhp_record_realloc_followed(p, result, size + 1);
		p = result ? result : p;
	}
	if (rhp_is_recorded(p))
		rhp_on_free(RHP_FN_free, frame, p, i % 3 ? 0 : size);
}

static void *live_often(void *first)
{
	for (uint64_t i = 0; i < N_LIVES; i++) {
		uint32_t scope = i % 50 ? 0 : rhp_record_begin("a scope");

		live((uintptr_t)first + i);
		if (i % 70 == 0)
			rhp_record_mark("a mark");
		if (i % 90 == 0)
			rhp_record_mark_from_outside("a mark that somebody else made");
		if (scope)
			rhp_record_end(scope);
	}
	return NULL;
}

static void work(void)
{
	pthread_t thread;

	live_often(NULL);
	if (pthread_create(&thread, NULL, live_often, (void *)100000) != 0 ||
	    pthread_join(thread, NULL) != 0)
		exit(3);
	live_often((void *)200000);
}

static char directory[] = "/tmp/rheaper-test-XXXXXX";
static char trace[64];

enum trait {
	COUNTS_ALL = 1, /* every event: no sampling, nothing overwritten */
	PATH_IS_TAKEN = 2,
	SPOILS = 4, /* what meddles the file: the work goes on, that is all */
};

struct setting {
	const char *name;
	const char *environment[4];
	unsigned traits;
	void (*meddle)(void);
};

static char away[128];

static void do_nothing(void)
{
}

/* Another file has the number of the trace's descriptor. */
static void take_descriptor(void)
{
	int fd = open(directory, O_RDONLY | O_CLOEXEC); /* of the same file system */

	dup2(fd, rhp_trace_fd());
	close(fd);
}

/* One of another file system. */
static void take_descriptor_for_nothing(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(fd, rhp_trace_fd());
	close(fd);
}

/* From here on by the clock that other machines have. */
static void read_other_clock(void)
{
	rhp_os_reads_counter = 0;
}

static void close_descriptor(void)
{
	close(rhp_trace_fd());
}

/* And its name leads to nothing. */
static void lose_descriptor(void)
{
	snprintf(away, sizeof(away), "%s/away", directory);
	if (rename(trace, away) != 0)
		exit(3);
	close_descriptor();
}

static void lose_and_find_descriptor(void)
{
	lose_descriptor();
	live_often((void *)400000);
	if (rhp_trace_header()->stop_errno == 0 || rename(away, trace) != 0)
		exit(4);
}

/* A realloc that begins in one trace and ends in none, in the next one, or in both. */
static void begin_again(void)
{
	static struct rhp_settings again;
	const void *p = (const void *)0x5000000, *q = (const void *)0x6000000;

	memcpy(&again, rhp_start_asked(), sizeof(again));
	snprintf(again.path, sizeof(again.path), "%s/again", directory);
	rhp_on_alloc(RHP_FN_malloc, RHP_FRAME_HERE, p, 1);
	rhp_record_realloc_begin(p);
	rhp_switch_off();
	rhp_record_realloc_end(RHP_FN_realloc, RHP_FRAME_HERE, p, q, 2);
	rhp_record_realloc_followed(p, q, 2);
	rhp_record_realloc_begin(p);
	rhp_record_free(RHP_FN_free, RHP_FRAME_HERE, q, 0);
	rhp_record_mark("of no trace");
	rhp_switch_on(&again);
	rhp_record_realloc_end(RHP_FN_realloc, RHP_FRAME_HERE, p, q, 2);
	rhp_record_realloc_end(RHP_FN_realloc, RHP_FRAME_HERE, q, NULL, 2);
	rhp_record_realloc_followed(p, q, 2);
}

static void cut(void)
{
	if (truncate(trace, 0) != 0)
		exit(3);
}

/* The head stays: it can say why. */
static void cut_windows(void)
{
	const struct rhp_file_header *h = rhp_trace_header();

	if (truncate(trace, (off_t)h->first_region) != 0)
		exit(3);
	live_often((void *)400000);
	if (h->stop_errno != EIO)
		exit(4);
}

static void cut_and_begin_again(void)
{
	cut();
	live_often((void *)400000);
	begin_again();
}

/* Faults that no store of ours had. */
static void ask_to_mend(void)
{
	const char *head = (const char *)rhp_trace_header();
	uintptr_t below = (uintptr_t)head - 1; /* the kernel may put a window there */

	if (rhp_trace_mend((uintptr_t)&fault) || rhp_trace_mend(0) ||
	    (!rhp_trace_in_window(below) && rhp_trace_mend(below)))
		exit(4);
	lose_descriptor();
	if (!rhp_trace_mend((uintptr_t)head))
		exit(4);
	if (rhp_trace_header()->stop_errno != EBADF || rename(away, trace) != 0)
		exit(4);
	no_page = true;
	if (rhp_trace_mend((uintptr_t)head))
		exit(4);
}

/* The kernel finds nothing in a window that is to be copied, as some file systems say. */
static void find_no_window(void)
{
	write_error = -EFAULT;
}

/* A write takes so long that who makes it is given up, and another trace is begun. */
static void begin_during_a_write(void)
{
	during_write = begin_again;
}

#define SMALL "RHEAPER_EVENT_BUFFER=500"

static const struct setting settings[] = {
	{"usual", {SMALL}, COUNTS_ALL, do_nothing},
	{"large", {"RHEAPER_EVENT_BUFFER=5000"}, COUNTS_ALL, do_nothing},
	{"limit", {SMALL, "RHEAPER_MAX_BYTES=360000"}, COUNTS_ALL, do_nothing},
	{"full_limit", {SMALL, "RHEAPER_MAX_BYTES=352256"}, COUNTS_ALL, do_nothing},
	{"tight", {SMALL, "RHEAPER_MAX_BYTES=300000"}, COUNTS_ALL, do_nothing},
	{"ring", {SMALL, "RHEAPER_MAX_BYTES=400000,ring"}, 0, do_nothing},
	{"sample",
	 {SMALL, "RHEAPER_SAMPLE_BYTES=300", "RHEAPER_SAMPLE_RATE=0.5"},
	 0,
	 do_nothing},
	{"rate", {SMALL, "RHEAPER_SAMPLE_RATE=0.5"}, COUNTS_ALL, do_nothing},
	{"free_stacks", {SMALL, "RHEAPER_FREE_STACKS=1"}, COUNTS_ALL, do_nothing},
	{"one_tracker", {SMALL, "RHEAPER_MAX_TRACKERS=1"}, COUNTS_ALL, do_nothing},
	{"descriptor_taken", {SMALL}, COUNTS_ALL, take_descriptor},
	{"descriptor_of_nothing", {SMALL}, COUNTS_ALL, take_descriptor_for_nothing},
	{"descriptor_closed", {SMALL}, COUNTS_ALL, close_descriptor},
	{"descriptor_lost", {SMALL}, COUNTS_ALL, lose_and_find_descriptor},
	{"too_small", {SMALL, "RHEAPER_MAX_BYTES=1000"}, COUNTS_ALL, do_nothing},
	{"path_taken", {SMALL}, COUNTS_ALL | PATH_IS_TAKEN, do_nothing},
	{"other_clock", {SMALL}, COUNTS_ALL, read_other_clock},
	{"begun_again", {SMALL}, 0, begin_again},
	{"cut", {SMALL}, SPOILS, cut},
	{"cut_windows", {SMALL}, SPOILS, cut_windows},
	{"cut_and_begun_again", {SMALL}, SPOILS, cut_and_begin_again},
	{"no_window", {SMALL}, COUNTS_ALL, find_no_window},
	{"asked_to_mend", {SMALL}, SPOILS, ask_to_mend},
	{"begun_during_a_write", {SMALL}, SPOILS, begin_during_a_write},
};

/* In a child: write a trace while that fails. Whether it could be begun, and how often
 * the kind was called, are its status: 0, 1 not begun, 2 the fault did not come. */
static _Noreturn void write_trace(const struct setting *s)
{
	static const uint64_t nothing[1 << 16]; /* more than a window of 5000 */
	static struct rhp_settings own;
	char variable[128], next[128];
	char *environment[6] = {variable};
	int result;

	alarm(PATIENCE_S);
	snprintf(variable, sizeof(variable), "RHEAPER_TRACE=%s", trace);
	for (int i = 0; i < 4 && s->environment[i]; i++)
		environment[i + 1] = (char *)(uintptr_t)s->environment[i];
	rhp_settings_read(&own, environment);
	rhp_settings_expand_path(&own, trace);
	rhp_trace_set_state(RHP_STATE_STOPPED); /* of no trace */
	signal(SIGBUS, SIG_DFL);                /* and not a sanitizer's */
	if (s->traits & PATH_IS_TAKEN)
		close(open(trace, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	result = rhp_switch_on(&own);
	if (result == 0) {
		snprintf(next, sizeof(next), "%s", rhp_switch_trace_path());
		live_often((void *)300000);
		s->meddle();
		work();
		rhp_trace_append_scan(0, nothing, sizeof(*nothing));
		rhp_switch_off();
	}
	if (s->traits & PATH_IS_TAKEN && (result ? unlink(trace) : rename(next, trace)))
		exit(3);
	exit(fault.kind && fault.calls < fault.nth ? 2 : result ? 1 : 0);
}

/* What the trace has: whether nothing in it is damaged, and all that is not there is
 * counted. */
static bool is_sound(const struct setting *s)
{
	struct rhp_file_header h;
	struct taken taken;
	uint64_t missing, counted;
	int result = take_trace(trace, false, &taken);
	int fd = open(trace, O_RDONLY | O_CLOEXEC);
	bool read_all = fd >= 0 && read(fd, &h, sizeof(h)) == sizeof(h);

	close(fd);
	if (result || !read_all || taken.file.damaged_records || taken.n_damaged ||
	    taken.file.damaged_regions || taken.merge.bad_stamps) {
		printf("# result %d, damaged: %zu records, %zu regions, %zu, %zu "
		       "stamps\n",
		       result, (size_t)taken.file.damaged_records,
		       (size_t)taken.file.damaged_regions, (size_t)taken.n_damaged,
		       (size_t)taken.merge.bad_stamps);
		return false;
	}
	missing = taken.merge.missing + taken.merge.unwritten;
	counted = h.lost[RHP_LOST_IO] + h.lost[RHP_LOST_LIMIT] + h.lost[RHP_LOST_NESTED];
	/* Of the record that could not be written last it does not matter what it was. */
	if (s->traits & COUNTS_ALL && missing != counted && missing + 1 != counted) {
		printf("# %zu events are missing, %zu are counted\n", (size_t)missing,
		       (size_t)counted);
		return false;
	}
	return true;
}

/* One trace: -1 if it is not as it must be, else the child's status. */
static int try_trace(const struct setting *s)
{
	int status;
	pid_t child;

	child = fork();
	if (child == 0)
		write_trace(s);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 2) {
		printf("# the child ended with %#x\n", (unsigned)status);
		return -1;
	}
	if (access(trace, F_OK) == 0 && !(s->traits & SPOILS) && !is_sound(s))
		return -1;
	if (access(trace, F_OK) != 0 && WEXITSTATUS(status) == 0)
		return -1;
	return WEXITSTATUS(status);
}

static void clear(void)
{
	static const char *const names[] = {"trace", "trace.1", "trace.2", "again"};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
}

static bool try_all(const struct setting *s, unsigned *n)
{
	int n_kinds = s->traits & SPOILS ? NO_KIND + 1 : N_KINDS;

	for (int kind = NO_KIND; kind < n_kinds; kind++) {
		for (unsigned form = 0; form < (kind ? 2 : 1); form++) {
			int result = 0;

			for (unsigned nth = 1; nth <= (kind ? MAX_NTH : 1) && result < 2;
			     nth += 1 + nth / 6, ++*n) {
				fault.kind = (enum kind)kind;
				fault.nth = nth;
				fault.for_ever = form;
				result = try_trace(s);
				clear();
				if (result < 0) {
					printf("# %s %u%s\n",
					       kind ? kind_names[kind] : "nothing", nth,
					       form ? "+" : "");
					return false;
				}
			}
		}
	}
	return true;
}

int main(void)
{
	const size_t n_settings = sizeof(settings) / sizeof(*settings);
	bool all_fine = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(directory))
		return EXIT_FAILURE;
	snprintf(trace, sizeof(trace), "%s/trace", directory);
	rhp_start(); /* the environment has been read, as it is when a program begins */
	printf("1..%zu\n", n_settings);
	for (size_t i = 0; i < n_settings; i++) {
		unsigned n = 0;
		bool fine = try_all(&settings[i], &n);

		printf("# %u traces\n%sok %zu - F1_F5_F7_%s\n", n, fine ? "" : "not ",
		       i + 1, settings[i].name);
		all_fine = all_fine && fine;
	}
	clear();
	rmdir(directory);
	return all_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
