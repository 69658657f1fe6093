/* SPDX-License-Identifier: MIT */
/*
 * Who records for this process. An executable and every plug-in linked with
 * --rheaper-shared carry the whole runtime, hidden in them; one of them leads, and
 * the shims of the others call it through this table. The executable leads if it
 * has a runtime; else the first plug-in whose constructors run, which then stays
 * loaded. They find each other by an ELF note, whatever the scope and visibility
 * of their symbols: docs/explanation/shared-objects.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/note.h"
#include "runtime/functions.h"
#include "runtime/thread.h"

struct rhp_leak_counts;

struct rhp_process {
	/* Tables of another version or another list of functions are not used. */
	char version[24];
	uint32_t n_functions;
	uint32_t leads;          /* 1: this module records for the process */
	const uint32_t *capture; /* enum rhp_capture of the module that leads */
	const uint32_t *state;   /* enum rhp_state, of the same */
	/* Functions of runtime.h and others, by their names there. */
	struct rhp_thread *(*thread)(void);
	bool (*enter_slowly)(const void *frame);
	bool (*sample_freed)(const void *block);
	void (*record_alloc)(enum rhp_function function, const void *frame, const void *p,
			     size_t size);
	void (*record_free)(enum rhp_function function, const void *frame, const void *p,
			    size_t size);
	void (*record_realloc_begin)(const void *p);
	void (*record_realloc_end)(enum rhp_function function, const void *frame,
				   const void *p, const void *q, size_t size);
	void (*record_told)(const struct rhp_stream_family *f, enum rhp_function function,
			    const void *frame, enum rhp_code code, const void *p,
			    size_t size);
	void (*record_realloc_end_told)(const struct rhp_stream_family *f,
					enum rhp_function function, const void *frame,
					const void *p, const void *q, size_t size);
	bool (*sample_allocated)(const void *block, size_t size);
	enum rhp_function (*function_declare)(const char *text, uint32_t size);
	void (*modules_closed)(void);
	void (*module_opened)(const void *inside);
	void (*os_leave_counter)(void);
	uint32_t (*exec_begin)(char *const *environment);
	void (*exec_failed)(uint32_t begun);
	void (*spawned)(int pid, char *const *environment);
	void (*child_is_born)(void);
	bool (*record_mark)(const char *text);
	uint32_t (*record_begin)(const char *name);
	void (*record_end)(uint32_t scope);
	const struct rhp_settings *(*start_asked)(void);
	const char *(*switch_trace_path)(void);
	int (*start_switch_on)(const struct rhp_settings *settings);
	int (*switch_off)(void);
	int (*leak_check)(const void *stack, const char *snapshot,
			  struct rhp_leak_counts *counts);
};

/* The texts of the note of labels, each with its NUL, and an empty one. */
extern HIDDEN const char rhp_labels[RHP_LABELS_SIZE];

/* The table of this module. */
extern HIDDEN struct rhp_process rhp_process_own;

#ifdef RHP_PLUGIN
/* The table of the module that leads. Until that is known, a table of nobody: tracking is
 * off in it, and all functions are NULL. */
extern HIDDEN const struct rhp_process *rhp_process;

/*
 * Finds the module that leads, or makes this one lead, whose table `own` is: then true.
 * Only the constructor calls this, for it may take locks of the dynamic loader.
 */
HIDDEN bool rhp_process_join(struct rhp_process *own);
#else
static inline bool rhp_process_join(struct rhp_process *own)
{
	(void)own;
	return true;
}
#endif
