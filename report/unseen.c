// SPDX-License-Identifier: MIT
#include <string.h>

#include "common/path.h"
#include "report/memory.h"
#include "report/model.h"
#include "report/numbers.h"

#include "report/unseen.h"

/* Rows of `losses` and `coverage` that a user can do something about. Others are shown
 * with their meaning alone; a NULL remedy and no row of its own: harmless. */
static const struct {
	const char *reason, *remedy;
} remedies[] = {
	{"io", "make room on the disk of the trace, or name another by RHEAPER_TRACE"},
	{"tracker", "RHEAPER_MAX_TRACKERS=1024"},
	{"stack", "RHEAPER_STACK_DEPTH=32: fewer distinct stacks"},
	{"limit", "raise RHEAPER_MAX_BYTES"},
	{"overwritten", "raise RHEAPER_MAX_BYTES: only the newest part is in the trace"},
	{"untraced_programs",
	 "keep RHEAPER_TRACE in the environment of what is executed"},
	{"unrecorded_library", "link that library with rheaper-cc --rheaper-shared"},
	{"stack_truncated", "RHEAPER_STACK_DEPTH=256"},
	{"stack_unsampled", "RHEAPER_SAMPLE_RATE=1"},
	{"stack_incomplete",
	 "build with rheaper-cc or -fno-omit-frame-pointer, or keep .eh_frame"},
};

/* They say that the program did something before, or outside of, what is traced. */
static const char *const harmless[] = {"foreign_free",        "foreign_realloc",
				       "clock_inversions",    "unpaired_scope_end",
				       "scan_on_other_stack", "quiet_children"};

static void add(struct report *report, char *sentence, const char *remedy)
{
	struct report_notes *notes = &report->unseen;

	notes->notes =
		memory_grow(notes->notes, notes->n, &notes->n_max, sizeof(*notes->notes));
	notes->notes[notes->n++] =
		(struct report_note){.sentence = sentence, .remedy = memory_text(remedy)};
}

static bool is_harmless(const char *reason)
{
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		if (strcmp(reason, harmless[i]) == 0)
			return true;
	}
	return false;
}

static const char *find_remedy(const char *reason)
{
	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++) {
		if (strcmp(reason, remedies[i].reason) == 0)
			return remedies[i].remedy;
	}
	return NULL;
}

static void find_losses(struct report *report)
{
	for (size_t i = 0; i < report->n_losses; i++) {
		const struct overview_loss *loss = &report->losses[i];

		if (!loss->reason || is_harmless(loss->reason))
			continue;
		add(report,
		    memory_format("%s %s", count_text((double)loss->count).text,
				  loss->meaning ? loss->meaning : loss->reason),
		    find_remedy(loss->reason));
	}
}

static void add_cut(struct report *report, const char *how)
{
	add(report,
	    memory_format("%s, so what was live then is not called leaked%s.", how,
			  report->leaks_known
				  ? ", but for what a leak scan had found lost"
				  : ""),
	    NULL);
}

/* How the trace ended, where that says something about what is in it. */
static void find_ending(struct report *report)
{
	const char *name = report->process.ending ? report->process.ending : "";

	switch (process_ending_find(name)) {
	case ENDING_STOPPED:
		add_cut(report, "Tracking was switched off before the program ended");
		break;
	case ENDING_SNAPSHOT:
		add_cut(report, "The trace is a copy from while the program ran");
		break;
	case ENDING_EXECUTED:
		add_cut(report, "The process went on as another program, by exec");
		break;
	case ENDING_UNKNOWN:
		add(report,
		    memory_text(
			    "The program did not exit normally: it was killed, called "
			    "_exit, or still runs. What was live then may not "
			    "be leaked."),
		    NULL);
		break;
	case ENDING_FULL:
	case ENDING_FAILED:
		add(report,
		    memory_format("The trace ends before the program did%s%s.",
				  report->process.ending_error ? ": " : "",
				  report->process.ending_error
					  ? report->process.ending_error
					  : ""),
		    "raise RHEAPER_MAX_BYTES, or make room on the disk of the trace");
		break;
	default:
		break;
	}
}

static void find_scan(struct report *report)
{
	if (report->is_cut || report->live_blocks <= 0)
		return;
	if (!report->process.leak_scan)
		add(report,
		    memory_text(
			    "Memory was not scanned at exit: lost blocks are not told "
			    "from those that something still points to."),
		    "RHEAPER_LEAK_SCAN=1");
	else if (!report->leaks_known)
		add(report,
		    memory_text(
			    "The scan for leaks failed: lost blocks are not told from "
			    "those that something still points to."),
		    NULL);
}

static void find_children(struct report *report)
{
	int64_t silent = report->process.silent_children,
		followed = report->process.followed_children;

	if (silent > 0)
		add(report,
		    memory_format("%lld forked child%s allocated and %s not recorded.",
				  (long long)silent, silent == 1 ? "" : "ren",
				  silent == 1 ? "was" : "were"),
		    "RHEAPER_FOLLOW_FORK=1");
	if (followed > 0)
		add(report,
		    memory_format("%lld forked child%s traces of %s own.",
				  (long long)followed,
				  followed == 1 ? " has" : "ren have",
				  followed == 1 ? "its" : "their"),
		    "load them into the same database, and name each by --process");
}

/* Frames on the way to blocks that have no name, by module: the program's own first. */
static void find_names(struct report *report)
{
	for (size_t i = 0; i < report->n_modules; i++) {
		const struct report_module *module = &report->modules[i];
		struct module_gap gap =
			module_find_gap(module->symbols, module->has_functions);
		bool is_program = report->process.executable &&
				  strcmp(module->path, report->process.executable) == 0;

		if (!is_program || module->has_lines)
			continue;
		add(report,
		    memory_format("%s has no %s.", path_base(module->path), gap.what),
		    gap.remedy);
	}
}

static void find_sampling(struct report *report)
{
	if (report->process.sample_bytes <= 0)
		return;
	add(report,
	    memory_format("One allocation in about %s was sampled: every figure is an "
			  "estimate.",
			  bytes_text((double)report->process.sample_bytes).text),
	    "RHEAPER_SAMPLE_BYTES=0");
}

static void find_capture(struct report *report)
{
	if (report->process.capture && strcmp(report->process.capture, "link") == 0)
		add(report,
		    memory_text("Only what the program's own objects allocate was "
				"recorded, not what shared libraries do: in C++ not all "
				"memory of std::string and streams."),
		    "link with --rheaper-capture=process, a plug-in in C++ with "
		    "-static-libstdc++");
}

void unseen_find(struct report *report)
{
	find_ending(report);
	find_sampling(report);
	find_capture(report);
	find_losses(report);
	find_scan(report);
	find_children(report);
	find_names(report);
}
