/* SPDX-License-Identifier: MIT */
/*
 * Where the calling thread's stack begins to count: where the frame of whoever asked
 * ends. Frames below it are of the runtime, and hold words that nobody ever wrote there,
 * of functions that returned long ago; so do those of exit() and of what calls the
 * program's handlers and destructors, for main() has returned where they are now. But the
 * registers that all these frames saved are the program's, and count as words of their
 * own: the unwind information says where they are.
 */
#include <stdlib.h>
#include <sys/auxv.h>

#include "runtime/cfi.h"
#include "runtime/leak-parts.h"
#include "runtime/machine.h"
#include "runtime/modules.h"
#include "runtime/tracker.h"
#include "runtime/unwind.h"

#define MOST_FRAMES 48
#define EXIT_SIZE 256 /* bytes of exit() behind which its last call returns */

struct frame {
	uintptr_t ip; /* of an instruction in it */
	uintptr_t start, cfa;
};

/* Goes on to the caller of a frame; false if that cannot be told. */
static bool step(struct rhp_regs *regs, struct rhp_stream *out, struct frame *frame)
{
	static const struct rhp_bounds unknown;
	struct rhp_rule rule = rhp_unwind_rule(regs->ip, regs->exact, out);
	frame->ip = regs->exact ? regs->ip : regs->ip - 1;
	frame->start = regs->sp;
	if (!rhp_unwind_step(rule, &unknown, regs) || regs->sp <= frame->start)
		return false;
	frame->cfa = regs->sp;
	return true;
}

/* The registers that a frame's function saved for its callers. */
READS_STACKS static void add_saved(struct leak_shared *shared, const struct frame *frame,
				   struct rhp_stream *out)
{
	static const unsigned char numbers[] = RHP_SAVED_REGISTERS;
	const struct rhp_module_info *module = rhp_module_find(frame->ip, out);
	int64_t offset;
	for (size_t i = 0; module && i < sizeof(numbers); i++)
		if (rhp_cfi_saved(module, frame->ip, numbers[i], &offset))
			leak_add_word(shared, leak_word(frame->cfa + (uintptr_t)offset));
}

static bool is_exit(const struct frame *frame)
{
	return frame->ip - (uintptr_t)exit < EXIT_SIZE;
}

/* Libc's, or the dynamic loader's, which calls destructors; but a static program is one
 * module. */
static bool is_of_libc(const struct frame *frame, struct rhp_stream *out)
{
	const struct rhp_module_info *module = rhp_module_find(frame->ip, out),
				     *libc = rhp_module_find((uintptr_t)exit, out),
				     *own = rhp_module_find((uintptr_t)is_exit, out);
	uintptr_t loader = getauxval(AT_BASE);
	return module && ((module == libc && libc != own) ||
			  (loader && module->start <= loader && loader < module->end));
}

/* Of the frames up to that of exit(), the last: exit(), what it called, and what else of
 * libc's that called; the others are of a handler, and count. */
static void pass_exit(struct leak_shared *shared, const struct frame *frames, size_t n,
		      struct rhp_stream *out)
{
	size_t first = n > 1 ? n - 2 : 0;
	while (first > 0 && is_of_libc(&frames[first - 1], out))
		first--;
	for (size_t i = first; i < n; i++)
		add_saved(shared, &frames[i], out);
	shared->passed = (struct leak_extent){frames[first].start, frames[n - 1].cfa};
}

/* From here up to where the stack counts, or if that is not known to exit(). */
static bool pass_own(struct leak_shared *shared, struct rhp_stream *out,
		     struct rhp_regs *regs)
{
	struct frame frame;
	for (int i = 0; i < MOST_FRAMES; i++) {
		if (!step(regs, out, &frame))
			return false;
		add_saved(shared, &frame, out);
		if (shared->stack ? regs->sp >= shared->stack : is_exit(&frame)) {
			shared->stack = regs->sp;
			return true;
		}
	}
	return false;
}

/* For the graph: whose words these are. */
static void keep_frame(struct leak_shared *shared, const struct frame *frame)
{
	if (shared->wants_graph && shared->n_frames < LEAK_MAX_FRAMES)
		shared->frames[shared->n_frames++] =
			(struct leak_frame){frame->start, frame->cfa, frame->ip};
}

void rhp_leak_begin_stack(struct leak_shared *shared, struct rhp_stream *out)
{
	struct frame frames[MOST_FRAMES];
	struct rhp_regs regs = rhp_regs_here();
	uint32_t n_words = shared->n_words;
	uintptr_t here = regs.sp;
	if (!pass_own(shared, out, &regs)) {
		shared->n_words = n_words;
		shared->stack = here;
		return;
	}
	for (size_t n = 0; n < MOST_FRAMES && step(&regs, out, &frames[n]); n++) {
		keep_frame(shared, &frames[n]);
		if (is_exit(&frames[n])) {
			pass_exit(shared, frames, n + 1, out);
			break;
		}
	}
	struct frame frame;
	while (shared->wants_graph && shared->n_frames < LEAK_MAX_FRAMES &&
	       step(&regs, out, &frame))
		keep_frame(shared, &frame);
}
