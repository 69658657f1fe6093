// SPDX-License-Identifier: MIT
/*
 * The processed profile of the Firefox Profiler, in version 48 of its format, which every
 * later profiler upgrades. Each process is a thread of it, whose native allocations are
 * all allocations and frees of the process: from them the profiler makes what is
 * retained in any span of time. The timeline is its track of memory, marks and scopes are
 * its markers.
 *
 * A table is a number of columns, so what is read once stays in memory: the tree of calls
 * and the events. Texts are read again and again instead.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "database/past.h"

#include "rheaper-export/firefox-parts.h"

#define VERSION 48
#define GECKO_VERSION 27
/* Numbers of JavaScript are exact up to here; tags of aarch64 are above. */
#define ADDRESS_MASK ((INT64_C(1) << 53) - 1)

static void put_ms(struct firefox *f, int64_t ns)
{
	json_real(&f->json, (double)ns / 1e6 + f->process->offset_ms, 6);
}

/* Texts: names of functions, their files, libs, marks */
static void put_name_text(void *context, const struct profile_place *place)
{
	struct firefox *f = context;

	/* Places are ordered by function. */
	if ((size_t)place->number <= f->n_functions)
		return;
	f->n_functions++;
	json_text(&f->json, place->function[0] ? place->function : "[unnamed]");
}

static void put_file_text(void *context, const struct profile_place *place)
{
	struct firefox *f = context;

	if ((size_t)place->number <= f->n_functions)
		return;
	f->n_functions++;
	json_text(&f->json, place->file ? place->file : "");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_lib_text(void *context, const struct profile_module *module)
{
	struct firefox *f = context;

	json_text(&f->json, base_name(module->path));
}

static void put_mark_text(void *context, const struct past_mark *mark)
{
	struct firefox *f = context;

	json_text(&f->json, mark->text);
}

static void choose_process(struct firefox *f, const struct process *process)
{
	profile_choose(f->profile, process ? (struct choice){0, process->process}
					   : f->options->choice);
}

static void put_texts(struct firefox *f)
{
	json_key(&f->json, "stringArray");
	json_begin_array(&f->json);
	f->n_functions = 0;
	profile_each_place(f->profile, true, put_name_text, f);
	f->n_functions = 0;
	profile_each_place(f->profile, true, put_file_text, f);
	choose_process(f, NULL);
	profile_each_module(f->profile, put_lib_text, f);
	choose_process(f, f->process);
	past_each_mark(f->profile, f->options->max_events, put_mark_text, f);
	json_end_array(&f->json);
}

static void put_event_time(struct firefox *f, size_t i)
{
	put_ms(f, f->events.events[i].ns);
}

static void put_event_weight(struct firefox *f, size_t i)
{
	json_integer(&f->json, f->events.events[i].bytes);
}

static void put_event_stack(struct firefox *f, size_t i)
{
	uint32_t call = numbers_find(&f->stacks, f->events.events[i].stack);

	if (call && call != NUMBERS_NONE)
		json_integer(&f->json, call - 1);
	else
		json_null(&f->json);
}

static void put_event_address(struct firefox *f, size_t i)
{
	json_integer(&f->json, f->events.events[i].address & ADDRESS_MASK);
}

static void put_event_thread(struct firefox *f, size_t i)
{
	json_integer(&f->json, f->events.events[i].tid);
}

static void put_events(struct firefox *f)
{
	size_t n;

	events_collect(&f->events, f->profile);
	n = f->events.n;
	firefox_begin_table(f, "nativeAllocations", n);
	json_put_text(&f->json, "weightType", "bytes");
	firefox_column(f, "time", n, put_event_time);
	firefox_column(f, "weight", n, put_event_weight);
	firefox_column(f, "stack", n, put_event_stack);
	firefox_column(f, "memoryAddress", n, put_event_address);
	firefox_column(f, "threadId", n, put_event_thread);
	json_end_object(&f->json);
}

static void add_mark(void *context, const struct past_mark *mark)
{
	struct firefox *f = context;

	firefox_reserve((void **)&f->marks, &f->n_marks_max, f->n_marks + 1,
			sizeof(*f->marks));
	f->marks[f->n_marks++] = (struct mark){mark->begin_ns, mark->end_ns, mark->scope};
}

static void put_mark_name(struct firefox *f, size_t i)
{
	json_integer(&f->json, (int64_t)(2 * f->n_functions + f->libs.n + i));
}

static void put_mark_begin(struct firefox *f, size_t i)
{
	put_ms(f, f->marks[i].begin_ns);
}

static void put_mark_end(struct firefox *f, size_t i)
{
	if (f->marks[i].scope)
		put_ms(f, f->marks[i].end_ns);
	else
		json_null(&f->json);
}

static void put_mark_phase(struct firefox *f, size_t i)
{
	json_integer(&f->json, f->marks[i].scope); /* an instant, an interval */
}

static void put_marks(struct firefox *f)
{
	size_t n;

	past_each_mark(f->profile, f->options->max_events, add_mark, f);
	n = f->n_marks;
	firefox_begin_table(f, "markers", n);
	firefox_column(f, "name", n, put_mark_name);
	firefox_column(f, "startTime", n, put_mark_begin);
	firefox_column(f, "endTime", n, put_mark_end);
	firefox_column(f, "phase", n, put_mark_phase);
	firefox_same(f, "category", n, "0");
	firefox_same(f, "data", n, "null");
	json_end_object(&f->json);
	firefox_begin_table(f, "samples", 0);
	firefox_same(f, "time", 0, "0");
	firefox_same(f, "stack", 0, "0");
	json_put_text(&f->json, "weightType", "samples");
	json_key(&f->json, "weight");
	json_null(&f->json);
	json_end_object(&f->json);
}

/* Pids are texts there, and the same number of two processes would make them one. */
static void put_pid(struct firefox *f, const struct process *process)
{
	char text[60];

	if (f->n_processes == 1)
		snprintf(text, sizeof(text), "%" PRId64, process->pid);
	else
		snprintf(text, sizeof(text), "%" PRId64 " (process %" PRId64 ")",
			 process->pid, process->process);
	json_put_text(&f->json, "pid", text);
}

static void put_thread_head(struct firefox *f)
{
	const struct process *process = f->process;

	json_put_text(&f->json, "name", process->name);
	json_put_text(&f->json, "processName", process->name);
	json_put_text(&f->json, "processType", "default");
	json_put_bool(&f->json, "isMainThread", true);
	put_pid(f, process);
	json_put_integer(&f->json, "tid", process->pid);
	json_put_real(&f->json, "processStartupTime", process->offset_ms, 6);
	json_put_real(&f->json, "registerTime", process->offset_ms, 6);
	json_key(&f->json, "processShutdownTime");
	json_null(&f->json);
	json_key(&f->json, "unregisterTime");
	json_null(&f->json);
	json_key(&f->json, "pausedRanges");
	json_begin_array(&f->json);
	json_end_array(&f->json);
}

static void forget_process(struct firefox *f)
{
	calls_fini(&f->calls);
	numbers_fini(&f->stacks);
	numbers_fini(&f->frames);
	f->calls = (struct calls){.nodes = NULL};
	f->stacks = f->frames = (struct numbers){.n = 0};
	f->n_places = f->n_functions = f->n_marks = f->n_points = 0;
}

static void put_thread(struct firefox *f, const struct process *process)
{
	f->process = process;
	choose_process(f, process);
	json_begin_object(&f->json);
	put_thread_head(f);
	firefox_read_stacks(f);
	firefox_put_stacks(f);
	put_events(f);
	put_marks(f);
	put_texts(f);
	json_end_object(&f->json);
	forget_process(f);
}

static void add_point(void *context, const struct past_point *point)
{
	struct firefox *f = context;

	firefox_reserve((void **)&f->points, &f->n_points_max, f->n_points + 1,
			sizeof(*f->points));
	f->points[f->n_points++] = (struct point){point->at_ms, point->live_bytes};
}

static void put_point_time(struct firefox *f, size_t i)
{
	json_real(&f->json, f->points[i].at_ms + f->process->offset_ms, 6);
}

static void put_point_change(struct firefox *f, size_t i)
{
	json_integer(&f->json, f->points[i].bytes - (i ? f->points[i - 1].bytes : 0));
}

static void put_counter(struct firefox *f, size_t index)
{
	f->process = &f->processes[index];
	choose_process(f, f->process);
	f->n_points = 0;
	past_each_point(f->profile, add_point, f);
	if (f->n_points == 0)
		return;
	json_begin_object(&f->json);
	json_put_text(&f->json, "name", "heap");
	json_put_text(&f->json, "category", "Memory");
	json_put_text(&f->json, "description", "Bytes that are allocated and not freed");
	put_pid(f, f->process);
	json_put_integer(&f->json, "mainThreadIndex", (int64_t)index);
	firefox_begin_table(f, "samples", f->n_points);
	firefox_column(f, "time", f->n_points, put_point_time);
	firefox_column(f, "count", f->n_points, put_point_change);
	json_end_object(&f->json);
	json_end_object(&f->json);
}

static void put_lib(void *context, const struct profile_module *module)
{
	struct firefox *f = context;

	numbers_add(&f->libs, module->module);
	json_begin_object(&f->json);
	json_put_text(&f->json, "arch", "");
	json_put_text(&f->json, "name", base_name(module->path));
	json_put_text(&f->json, "path", module->path);
	json_put_text(&f->json, "debugName", base_name(module->path));
	json_put_text(&f->json, "debugPath", module->path);
	json_put_text(&f->json, "breakpadId", ""); /* nothing to ask a server for */
	json_put_text(&f->json, "codeId", module->build_id);
	json_end_object(&f->json);
}

static void add_process(void *context, const struct profile_process *process)
{
	struct firefox *f = context;
	char *name = strdup(base_name(process->executable));

	firefox_reserve((void **)&f->processes, &f->n_processes_max, f->n_processes + 1,
			sizeof(*f->processes));
	if (!name)
		die("write the profile: out of memory");
	f->processes[f->n_processes++] = (struct process){process->process, process->pid,
							  process->started_ns, 0, name};
}

/* Times count from the beginning of the first process. */
static int64_t find_start(struct firefox *f)
{
	int64_t first = f->n_processes ? f->processes[0].started_ns : 0;

	for (size_t i = 1; i < f->n_processes; i++) {
		if (f->processes[i].started_ns < first)
			first = f->processes[i].started_ns;
	}
	for (size_t i = 0; i < f->n_processes; i++)
		f->processes[i].offset_ms =
			(double)(f->processes[i].started_ns - first) / 1e6;
	return first;
}

static void put_meta(struct firefox *f, int64_t start_ns)
{
	struct json *json = &f->json;

	json_key(json, "meta");
	json_begin_object(json);
	json_put_integer(json, "version", GECKO_VERSION);
	json_put_integer(json, "preprocessedProfileVersion", VERSION);
	json_put_integer(json, "interval", 1);
	json_put_real(json, "startTime", (double)start_ns / 1e6, 3);
	json_put_integer(json, "processType", 0);
	json_put_integer(json, "stackwalk", 1);
	json_put_text(json, "product", f->n_processes ? f->processes[0].name : "");
	json_put_text(json, "importedFrom", "rheaper");
	json_put_bool(json, "symbolicated", true);
	json_put_bool(json, "doesNotUseFrameImplementation", true);
	json_put_bool(json, "sourceCodeIsNotOnSearchfox", true);
	json_key(json, "markerSchema");
	json_begin_array(json);
	json_end_array(json);
	json_key(json, "categories");
	json_begin_array(json);
	json_begin_object(json);
	json_put_text(json, "name", "Other");
	json_put_text(json, "color", "grey");
	json_key(json, "subcategories");
	json_begin_array(json);
	json_text(json, "Other");
	json_end_array(json);
	json_end_object(json);
	json_end_array(json);
	json_end_object(json);
}

static void put_all(struct firefox *f)
{
	json_begin_object(&f->json);
	profile_each_process(f->profile, add_process, f);
	put_meta(f, find_start(f));
	json_key(&f->json, "libs");
	json_begin_lines(&f->json);
	profile_each_module(f->profile, put_lib, f);
	json_end_array(&f->json);
	json_key(&f->json, "pages");
	json_begin_array(&f->json);
	json_end_array(&f->json);
	json_key(&f->json, "threads");
	json_begin_lines(&f->json);
	for (size_t i = 0; i < f->n_processes; i++)
		put_thread(f, &f->processes[i]);
	json_end_array(&f->json);
	json_key(&f->json, "counters");
	json_begin_lines(&f->json);
	for (size_t i = 0; i < f->n_processes; i++)
		put_counter(f, i);
	json_end_array(&f->json);
	json_end_object(&f->json);
	putc('\n', f->json.out);
}

void firefox_write(struct profile *profile, const struct format_options *options,
		   FILE *out)
{
	struct past_sums sums = past_sum(profile);
	struct firefox f = {
		.json = json_open(out),
		.profile = profile,
		.options = options,
		.events = events_begin(&sums, options->max_events),
	};

	if (f.events.step)
		warn("there are %" PRId64
		     " allocations and frees, more than --max-events=%" PRId64
		     ": this is a sample, in which blocks below %" PRId64
		     " bytes stand for others",
		     sums.blocks + sums.frees, options->max_events, f.events.step);
	put_all(&f);
	for (size_t i = 0; i < f.n_processes; i++)
		free(f.processes[i].name);
	free(f.processes);
	free(f.places);
	free(f.functions);
	free(f.marks);
	free(f.points);
	numbers_fini(&f.libs);
	events_fini(&f.events);
}
