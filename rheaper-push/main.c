// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/path.h"
#include "database/choice.h"
#include "database/profile.h"
#include "loading/temporary.h"
#include "push/cut.h"
#include "push/engine.h"
#include "push/growing.h"
#include "push/http.h"
#include "push/request.h"
#include "push/send.h"
#include "push/spool.h"
#include "push/text.h"
#include "rheaper-push/options.h"
#include "push/token.h"
#include "rheaper-push/watch.h"

#define EXIT_REFUSED 3

struct push {
	const struct options *options;
	const struct push_engine *engine;
	struct http *http;
	struct spool *spool; /* NULL: a dry run */
	uint64_t target;
	int64_t max_age_s;
	struct cut cut;
	size_t n_before, n_shorter, n_other, n_full, n_left_out;
	size_t n_not_followed; /* traces that cannot be read */
};

static void take_request(void *context, struct push_request *request)
{
	struct push *push = context;

	if (!push->spool) {
		http_print(push->http, request, stdout);
		push_request_fini(request);
		return;
	}
	switch (spool_add(push->spool, request)) {
	case SPOOL_ADDED:
	case SPOOL_WAITS:
		break;
	case SPOOL_SENT:
		push->n_before++;
		break;
	case SPOOL_SHORTER:
		push->n_shorter++;
		break;
	case SPOOL_OTHER:
		push->n_other++;
		break;
	case SPOOL_FULL:
		push->n_full++;
		break;
	}
	push_request_fini(request);
}

static void set_default(struct push_labels *labels, const char *name, const char *value)
{
	if (value && !push_labels_find(labels, name))
		push_labels_add(labels, name, value);
}

/* What the user says prevails over what the build says, and that over what is known. */
static struct push_labels make_labels(void *context, const struct push_process *p)
{
	const struct push *push = context;
	const struct options *o = push->options;
	size_t most = push->engine->max_labels;
	struct push_labels labels = {0};
	const char *program = p->executable ? path_base(p->executable) : NULL;

	push_labels_add_all(&labels, &p->build);
	push_labels_add_all(&labels, &o->labels);
	set_default(&labels, "service.name", program);
	set_default(&labels, "service.name", "unknown");
	set_default(&labels, "process.executable.name", program);
	set_default(&labels, "process.executable.build_id.gnu", p->build_id);
	if (!o->redact)
		set_default(&labels, "host.name", p->host);
	if (most && labels.n > most)
		die("%zu labels, and %s takes %zu: leave some out", labels.n,
		    push->engine->name, most);
	return labels;
}

static void push_process(struct push *push, struct profile *profile)
{
	struct push_process process;
	struct push_labels labels;

	push_process_read(&process, profile, push->options->allowed,
			  push->options->n_allowed);
	labels = make_labels(push, &process);
	push->n_left_out += process.n_left_out;
	cut_process(&push->cut, profile, &process, &labels);
	push_labels_fini(&labels);
	push_process_fini(&process);
}

struct numbers {
	int64_t *numbers;
	size_t n;
};

static void take_number(void *context, const struct profile_process *process)
{
	struct numbers *list = context;

	list->numbers = reallocarray(list->numbers, list->n + 1, sizeof(*list->numbers));
	if (!list->numbers)
		die("read the processes: out of memory");
	list->numbers[list->n++] = process->process;
}

static void push_database(struct push *push, const char *path)
{
	const struct options *o = push->options;
	struct profile *profile = profile_open(path);
	struct numbers list = {0};
	size_t n_runs;
	struct choice choice = choice_make(profile_database(profile), o->run,
					   (int64_t)o->process, &n_runs);

	if (n_runs > 1)
		warn("%s has %zu runs: this is the last one; --run=RUN takes another, "
		     "--run=all all together",
		     path, n_runs);
	profile_choose(profile, choice);
	profile_each_process(profile, take_number, &list);
	for (size_t i = 0; i < list.n; i++) {
		profile_choose(profile, (struct choice){.process = list.numbers[i]});
		push_process(push, profile);
	}
	free(list.numbers);
	profile_close(profile);
}

/* One database, or traces. */
static void push_inputs(struct push *push)
{
	const struct options *o = push->options;
	const char *const *inputs = (const char *const *)o->inputs;
	bool database = o->n_inputs > 0 && temporary_is_database(inputs[0]);

	if (o->n_inputs == 0)
		return;
	for (size_t i = 1; i < o->n_inputs; i++)
		if (database || temporary_is_database(inputs[i]))
			die_usage("%s: expected one DATABASE, or traces only", inputs[i]);
	push_database(push, database ? inputs[0]
				     : temporary_load(inputs, o->n_inputs, &o->symbols,
						      isatty(STDERR_FILENO)));
	if (!database)
		temporary_remove();
}

static char *default_spool(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path;

	if (!(state && *state == '/') && !(home && *home == '/'))
		die_usage("missing option: --spool=DIR, for HOME is not set");
	if ((state && *state == '/'
		     ? asprintf(&path, "%s/rheaper-push", state)
		     : asprintf(&path, "%s/.local/state/rheaper-push", home)) < 0)
		die("open the spool: out of memory");
	for (char *slash = path + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = 0;
		mkdir(path, 0700); /* what fails is said of the directory itself */
	}
	return path;
}

static void begin(struct push *push, const char *token, char *tenant)
{
	const struct options *o = push->options;
	uint64_t target = push_hash(PUSH_HASH, push->engine->name);

	target = push_hash(target, o->url);
	push->target = push_hash(target, o->tenant ? o->tenant : "");
	push->max_age_s =
		o->max_age_ns < 0 ? push->engine->max_age_s : o->max_age_ns / 1000000000;
	push->http = http_new(&(struct http_settings){
		.url = o->url,
		.token_header = token,
		.tenant_header = tenant,
		.ca_file = o->ca_file,
		.timeout_s = (long)(o->timeout_ns / 1000000000),
	});
	push->cut = (struct cut){
		.engine = push->engine,
		.target = push->target,
		.window_ns = o->window_ns,
		.now_ns = (int64_t)time(NULL) * 1000000000,
		.max_age_s = push->max_age_s,
		.redacted = o->redact,
		.take = take_request,
		.context = push,
	};
}

static void say(size_t n, const char *one, const char *many)
{
	if (n)
		printf("%zu %s\n", n, n == 1 ? one : many);
}

static void print_summary(const struct push *push, const struct send *send)
{
	const struct cut *cut = &push->cut;

	printf("%zu request%s sent, %zu samples\n", send->n_sent,
	       send->n_sent == 1 ? "" : "s", send->n_samples);
	say(push->n_before, "request had been sent before",
	    "requests had been sent before");
	say(cut->n_empty, "window was empty", "windows were empty");
	say(cut->n_unfinished, "window is not over yet, and was left out",
	    "windows are not over yet, and were left out");
	say(push->n_left_out, "label of a build is not on the list, and was left out",
	    "labels of builds are not on the list, and were left out");
	say(push->n_not_followed, "trace could not be followed",
	    "traces could not be followed");
	if (send->stopped)
		printf("stopped: %s\n", send->stopped);
	say(spool_n_waiting(push->spool), "request waits in the spool",
	    "requests wait in the spool");
	say(spool_n_in_doubt(push->spool),
	    "request may have arrived: --resend sends it again",
	    "requests may have arrived: --resend sends them again");
	say(push->n_full,
	    "request was not kept, for the spool is full: send the trace again later",
	    "requests were not kept, for the spool is full: send the trace again later");
	say(push->n_shorter,
	    "request is of a window that was sent when it was shorter: its rest is not "
	    "sent",
	    "requests are of windows that were sent when they were shorter: their rest "
	    "is not sent");
	say(push->n_other,
	    "request is of a process that was sent in windows of another length, and is "
	    "not sent: see --window",
	    "requests are of a process that was sent in windows of another length, and "
	    "are not sent: see --window");
	say(cut->n_too_old + send->n_too_old,
	    "window ended too long ago (--max-age), and is refused",
	    "windows ended too long ago (--max-age), and are refused");
	say(cut->n_ahead, "window ends in the future, by this machine's clock",
	    "windows end in the future, by this machine's clock");
	say(send->n_refused, "request was refused", "requests were refused");
}

static int status_of(const struct push *push, const struct send *send)
{
	const struct cut *cut = &push->cut;

	if (cut->n_too_old || cut->n_ahead || send->n_too_old || send->n_refused ||
	    push->n_shorter || push->n_other)
		return EXIT_REFUSED;
	if (push->n_full || push->n_not_followed || spool_n_waiting(push->spool) ||
	    spool_n_in_doubt(push->spool))
		return EXIT_FINDING;
	return EXIT_FINE;
}

static void follow(struct push *push, struct send *send)
{
	struct options *o = (struct options *)push->options;
	struct growing_settings settings = {.cut = &push->cut,
					    .symbols = &o->symbols,
					    .allowed = o->allowed,
					    .n_allowed = o->n_allowed,
					    .make_labels = make_labels,
					    .context = push};
	struct watch watch = {.directory = o->follow,
			      .interval_ms = (int)(o->interval_ns / 1000000),
			      .max_backoff_ms = 60000,
			      .max_age_s = push->max_age_s,
			      .settings = &settings,
			      .send = send};

	symbol_settings_check(&o->symbols);
	send->retries = 0; /* the next look is the next try */
	watch_run(&watch);
	push->n_not_followed = watch.n_left;
}

static int push_and_send(struct push *push)
{
	const struct options *o = push->options;
	char *directory = o->spool ? strdup(o->spool) : default_spool();
	struct send send = {.http = push->http,
			    .retries = o->retries,
			    .backoff_ms = o->backoff_ns / 1000000,
			    .max_age_s = push->max_age_s,
			    .takes_twice = push->engine->takes_twice};
	int status;

	if (!directory)
		die("open the spool: out of memory");
	push->spool = spool_open(&(struct spool_settings){
		.directory = directory,
		.max_bytes = o->spool_bytes,
		.target = push->target,
		.resend = o->resend || push->engine->takes_twice,
	});
	send.spool = push->spool;
	if (o->follow)
		follow(push, &send);
	else
		push_inputs(push);
	send.stopped = NULL;
	send_all(&send);
	if (!o->quiet)
		print_summary(push, &send);
	status = status_of(push, &send);
	spool_close(push->spool);
	free(directory);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct push push = {.options = &options};
	char *token = NULL, *tenant = NULL;
	int status = EXIT_FINE;

	options_read(&options, argc, argv);
	/* Its rights are not those of who calls it, who says what it sends and where. */
	if (getauxval(AT_SECURE) || geteuid() != getuid() || getegid() != getgid())
		die("it runs with the rights of somebody else (set-uid): it sends "
		    "nothing");
	push.engine = push_engine((size_t)options.engine);
	if (options.token_file)
		token = token_read(options.token_file, push.engine->token_prefix);
	if (options.tenant &&
	    asprintf(&tenant, "%s: %s", push.engine->tenant_header, options.tenant) < 0)
		die("send: out of memory");
	begin(&push, token, tenant);
	if (options.dry_run)
		push_inputs(&push);
	else
		status = push_and_send(&push);
	http_free(push.http);
	free(token);
	free(tenant);
	options_free(&options);
	finish_output();
	return status;
}
