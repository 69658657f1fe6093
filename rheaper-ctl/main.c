// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/json.h"
#include "common/options.h"
#include "common/path.h"
#include "common/text.h"
#include "contract/format.h"
#include "rheaper-ctl/ask.h"
#include "rheaper-ctl/snapshot.h"

#define TIMEOUT 5 /* seconds */
#define GRAPH_TIMEOUT 300

struct options {
	double timeout; /* 0: that of the command */
	bool json, graph;
	const char *argument; /* of the command */
};

static const struct option_row rows[] = {
	{OPTION_REAL, 't', "timeout", "SECONDS", OPTION_FIELD(timeout), .min = 0.001,
	 .max = 86400,
	 .help = "wait this long for the program (default: 5; with --graph 300)"},
	{OPTION_SET, 0, "graph", OPTION_FIELD(graph),
	 .help = "snapshot: record which block points to which before"},
	{OPTION_SET, 0, "json", OPTION_FIELD(json), .help = "print the status as JSON"},
};

static const struct option_program program = {
	.name = "rheaper-ctl",
	.usage = "[OPTION]... PID on\n"
		 "[OPTION]... PID off\n"
		 "[OPTION]... PID mark TEXT\n"
		 "[OPTION]... PID status\n"
		 "[OPTION]... PID snapshot FILE",
	.about = "Control heap tracking in a running program.",
	.notes =
		"on starts a new trace and off completes it. mark adds TEXT and the "
		"time to "
		"the trace. status prints whether the program is recording. snapshot "
		"copies "
		"the current trace to FILE; with --graph the heap is scanned before, and "
		"rheaper-report tells from the copy what keeps memory alive.\n"
		"\n"
		"The program must be linked by rheaper-cc and started with "
		"RHEAPER_TRACE and RHEAPER_SIGNAL. It must belong to you, unless you "
		"are root.",
	.operands = "PID and a command",
	.min_operands = 2,
	.in_order = true,
	.status = {[EXIT_FINE] = "the command was carried out", [EXIT_CANNOT] = "error"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

static const char *const states[] = {
	[RHP_IS_OFF] = "off",
	[RHP_IS_ON] = "on",
	[RHP_IS_WAITING] = "waiting",
};

static const char *state_of(const struct ask *ask)
{
	uint32_t state = ask->request->state;

	return state < sizeof(states) / sizeof(*states) ? states[state] : "unknown";
}

/* Whether the request could be done; EALREADY is for the caller. */
static void check(const struct ask *ask, int error)
{
	int pid = (int)ask->target.pid;

	if (error == ECHILD)
		die("ask process %d (%s): it is a forked child, which is not traced; "
		    "RHEAPER_FOLLOW_FORK=1 traces children",
		    pid, ask->target.name);
	if (error == ENODATA)
		die("ask process %d (%s): tracking is off", pid, ask->target.name);
	errno = error;
	if (error && error != EALREADY)
		die("ask process %d (%s):", pid, ask->target.name);
}

/* The path of the trace, as anybody sees it. */
static const char *trace_path(const struct ask *ask)
{
	static char path[PATH_MAX];
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)ask->target.pid,
		 (int)ask->request->trace_fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	ask->request->path[sizeof(ask->request->path) - 1] = '\0';
	return n > 0 ? path : ask->request->path;
}

static void print_path(const char *label, const struct ask *ask)
{
	char *path = text_printable(trace_path(ask));

	printf("%s%s\n", label, path ? path : "out of memory");
	free(path);
}

#define NAP 0.005 /* seconds */

static void nap(void)
{
	nanosleep(&(struct timespec){0, (long)(NAP * 1e9)}, NULL);
}

static void switch_on(struct ask *ask, const struct options *o)
{
	int error = ask_send(ask, RHP_ASK_ON);

	check(ask, error);
	for (double waited = 0;
	     ask->request->state == RHP_IS_WAITING && waited < o->timeout;
	     waited += NAP) {
		nap();
		ask_send(ask, RHP_ASK_STATUS);
	}
	errno = (int)ask->request->last_error;
	if (ask->request->state == RHP_IS_OFF && errno)
		die("switch on process %d (%s): it cannot write its trace:",
		    (int)ask->target.pid, ask->target.name);
	if (ask->request->state == RHP_IS_OFF)
		die("switch on process %d (%s): it was switched off again",
		    (int)ask->target.pid, ask->target.name);
	if (ask->request->state == RHP_IS_WAITING)
		puts("tracking will begin with the next allocation or free of the "
		     "program");
	else
		print_path(error ? "tracking was already on: " : "tracking is on: ", ask);
}

static void switch_off(struct ask *ask, const struct options *o)
{
	int error = ask_send(ask, RHP_ASK_OFF);

	(void)o;
	check(ask, error);
	if (error)
		puts("tracking was already off");
	else if (trace_path(ask)[0] == 0)
		puts("tracking is off; it had not begun");
	else
		print_path("tracking is off: ", ask);
}

static void mark(struct ask *ask, const struct options *o)
{
	size_t n = strlen(o->argument);

	if (n > sizeof(ask->request->text))
		die("mark process %d: the text is longer than %zu bytes",
		    (int)ask->target.pid, sizeof(ask->request->text));
	memcpy(ask->request->text, o->argument, n);
	check(ask, ask_send(ask, RHP_ASK_MARK));
}

/* What the trace says of itself; all 0 if it cannot be read. */
struct progress {
	double seconds;
	uint64_t bytes, threads, lost;
};

static struct progress read_progress(const struct ask *ask)
{
	struct progress p = {0};
	struct rhp_file_header h;
	struct timespec t;
	int fd = ask->request->state == RHP_IS_ON ? ask_open_trace(ask) : -1;

	if (fd < 0)
		return p;
	if (pread(fd, &h, sizeof(h), 0) == (ssize_t)sizeof(h) &&
	    memcmp(h.magic, RHP_TRACE_MAGIC, sizeof(h.magic)) == 0) {
		clock_gettime(CLOCK_REALTIME, &t);
		p.seconds = (double)t.tv_sec + (double)t.tv_nsec / 1e9 -
			    (double)h.start_realtime_ns / 1e9;
		p.bytes = h.file_end;
		p.threads = h.n_threads;
		for (int i = 0; i < RHP_N_LOSSES; i++)
			p.lost += i == RHP_LOST_STACK ? 0 : h.lost[i];
	}
	close(fd);
	return p;
}

static void print_status_json(const struct ask *ask, const struct progress *p)
{
	const char *path = trace_path(ask);
	int error = (int)ask->request->last_error;
	struct json json = json_open(stdout);

	json_begin_object(&json);
	json_put_integer(&json, "pid", ask->target.pid);
	json_put_text(&json, "program", ask->target.name);
	json_put_text(&json, "tracking", state_of(ask));
	json_put_text(&json, "trace", path[0] ? path : NULL);
	json_put_real(&json, "seconds", p->seconds, 3);
	json_put_unsigned(&json, "bytes", p->bytes);
	json_put_unsigned(&json, "threads", p->threads);
	json_put_unsigned(&json, "lost", p->lost);
	json_put_text(&json, "error", error ? strerror(error) : NULL);
	json_end_object(&json);
	putchar('\n');
}

static void print_status(struct ask *ask, const struct options *o)
{
	struct progress p;
	char *name;

	check(ask, ask_send(ask, RHP_ASK_STATUS));
	p = read_progress(ask);
	if (o->json) {
		print_status_json(ask, &p);
		return;
	}
	name = text_printable(ask->target.name);
	printf("process: %d (%s)\ntracking: %s", (int)ask->target.pid,
	       name ? name : "out of memory", state_of(ask));
	free(name);
	if (ask->request->state == RHP_IS_ON)
		printf(" for %.1f s", p.seconds);
	else if (ask->request->last_error)
		printf("; the trace could not be written: %s",
		       strerror((int)ask->request->last_error));
	puts("");
	if (trace_path(ask)[0])
		print_path(ask->request->state == RHP_IS_ON ? "trace: " : "last trace: ",
			   ask);
	if (p.bytes)
		printf("size: %.1f MiB\nthreads: %" PRIu64 "\nlost: %" PRIu64 "\n",
		       (double)p.bytes / 1048576, p.threads, p.lost);
}

static void record_graph(struct ask *ask, const char *name)
{
	int error;

	memcpy(ask->request->text, name, strnlen(name, sizeof(ask->request->text) - 1));
	error = ask_send(ask, RHP_ASK_GRAPH);
	if (error == ENOTSUP)
		die("scan process %d (%s): its trace is a sample or a ring",
		    (int)ask->target.pid, ask->target.name);
	if (error == ENOBUFS)
		die("scan process %d (%s): its signal handlers run on a stack that is "
		    "too "
		    "small for it (sigaltstack); call rheaper_heap_snapshot() in the "
		    "program",
		    (int)ask->target.pid, ask->target.name);
	if (error == EBUSY)
		die("scan process %d (%s): it is being scanned already",
		    (int)ask->target.pid, ask->target.name);
	check(ask, error);
}

static void take_snapshot(struct ask *ask, const struct options *o)
{
	uint64_t size;
	int fd;

	if (o->graph)
		record_graph(ask, path_base(o->argument));
	check(ask, ask_send(ask, RHP_ASK_STATUS));
	if (ask->request->state != RHP_IS_ON)
		die("ask process %d (%s): tracking is off", (int)ask->target.pid,
		    ask->target.name);
	fd = ask_open_trace(ask);
	if (fd < 0)
		die("open the trace of process %d (%s):", (int)ask->target.pid,
		    ask->target.name);
	size = snapshot_copy(fd, o->argument);
	printf("%s: %.1f MiB\n", o->argument, (double)size / 1048576);
	close(fd);
}

static const struct command {
	const char *name;
	int n_arguments;
	void (*run)(struct ask *ask, const struct options *o);
} commands[] = {
	{"on", 0, switch_on},        {"off", 0, switch_off},         {"mark", 1, mark},
	{"status", 0, print_status}, {"snapshot", 1, take_snapshot},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	die_usage("unknown command: %s", name);
}

static pid_t parse_pid(const char *word)
{
	char *end;
	long n = strtol(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || n <= 0 || n > INT_MAX)
		die_usage("%s: expected a process id", word);
	return (pid_t)n;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	const struct command *command;
	struct ask ask;
	int first = options_parse(&program, &o, argc, argv);

	command = find_command(argv[first + 1]);
	if (argc - first - 2 != command->n_arguments)
		die_usage("%s: expected %s", command->name,
			  command->n_arguments ? "one argument" : "no argument");
	if (o.json && command->run != print_status)
		die_usage("%s: --json is for status only", command->name);
	if (o.graph && command->run != take_snapshot)
		die_usage("%s: --graph is for snapshot only", command->name);
	o.argument = argv[first + 2];
	if (o.timeout == 0)
		o.timeout = o.graph ? GRAPH_TIMEOUT : TIMEOUT;
	ask_begin(&ask, parse_pid(argv[first]), o.timeout);
	command->run(&ask, &o);
	finish_output();
	return EXIT_FINE;
}
