/* SPDX-License-Identifier: MIT */
/*
 * Which frame a word on the stack of another thread is in, for the graph. The registers
 * of a thread that waits in the kernel are not known but for its stack pointer, so its
 * frames are found by what they look like: a saved frame pointer leads to the next one,
 * with a return address behind each. Of the chains that begin in the first words of the
 * stack the longest counts. Programs that the driver compiles have frame pointers; of
 * others, or of a thread that runs, the frames are not known.
 */
#include "runtime/leak-parts.h"
#include "runtime/place.h"

#define MOST_LINKS 256
#define MOST_TRIED 512 /* words in which the innermost saved frame pointer is */

/* The record that the one at `at` leads to, or 0 if that is none. */
static uintptr_t follow(const struct leak_scan *s, uintptr_t at, uintptr_t end)
{
	const struct leak_region *r = rhp_leak_region(s, at);
	if (!r || r->end - at < 2 * LEAK_WORD || !leak_is_present(r, at) ||
	    !leak_is_present(r, at + LEAK_WORD))
		return 0;
	uintptr_t next = rhp_record_of(leak_word(at));
	const struct leak_region *code = rhp_leak_region(s, leak_word(at + LEAK_WORD));
	return next > at && next < end && next % LEAK_WORD == 0 && code && code->is_code
		       ? next
		       : 0;
}

static size_t length(const struct leak_scan *s, uintptr_t at, uintptr_t end)
{
	size_t n = 0;
	while (n < MOST_LINKS && (at = follow(s, at, end)) != 0)
		n++;
	return n;
}

/* The pair that begins the longest chain, or 0. */
static uintptr_t find_first(const struct leak_scan *s, uintptr_t sp, uintptr_t end)
{
	size_t most = 0;
	uintptr_t first = 0;
	for (size_t i = 0; i < MOST_TRIED && end - sp > (i + 2) * LEAK_WORD; i++) {
		size_t n = length(s, sp + i * LEAK_WORD, end);
		if (n > most) {
			most = n;
			first = sp + i * LEAK_WORD;
		}
	}
	return first;
}

/* The frame that the return address behind a pair leads into. A function has its pair at
 * the end of its frame, so that of its caller lies between two; but on aarch64 at the
 * beginning. */
static struct leak_frame frame_of(const struct leak_scan *s, uintptr_t at, uintptr_t next,
				  uintptr_t end)
{
	uintptr_t code = leak_word(at + LEAK_WORD) - 1;
#ifdef __aarch64__
	uintptr_t above = follow(s, next, end);
	return (struct leak_frame){next, above ? above : next, code};
#else
	(void)s, (void)end;
	return (struct leak_frame){at + 2 * LEAK_WORD, next + 2 * LEAK_WORD, code};
#endif
}

static int add_frames(struct leak_scan *s, uintptr_t sp, uintptr_t end)
{
	uintptr_t at = find_first(s, sp, end), next;
	int error = 0;
	for (size_t i = 0; i < MOST_LINKS && at && error == 0; i++, at = next) {
		next = follow(s, at, end);
		if (!next)
			break;
		error = rhp_leak_grow((void **)&s->frames, s->n_frames, &s->n_frames_max,
				      sizeof(*s->frames));
		if (error == 0)
			s->frames[s->n_frames++] = frame_of(s, at, next, end);
	}
	return error;
}

/* The end of the stack that an address is on, or 0. */
static uintptr_t end_of_stack(const struct leak_scan *s, uintptr_t sp)
{
	const struct leak_stack *stack = rhp_leak_stack(s, sp);
	const struct leak_region *r = rhp_leak_region(s, sp);
	return stack ? stack->end : r && r->is_stack ? r->end : 0;
}

int rhp_leak_find_frames(struct leak_scan *s)
{
	int error = 0;
	for (uint32_t i = 0; i < s->shared->n_threads && error == 0; i++) {
		const struct leak_thread *t = &s->shared->threads[i];
		uintptr_t end = t->is_steady && t->sp ? end_of_stack(s, t->sp) : 0;
		if (end)
			error = add_frames(s, t->sp, end);
	}
	return error;
}

static uintptr_t find_in(const struct leak_frame *frames, size_t n, uintptr_t at)
{
	for (size_t i = 0; i < n; i++)
		if (frames[i].start <= at && at < frames[i].end)
			return frames[i].code;
	return 0;
}

uintptr_t rhp_leak_frame(const struct leak_scan *s, uintptr_t at)
{
	uintptr_t code = find_in(s->shared->frames, s->shared->n_frames, at);
	return code ? code : find_in(s->frames, s->n_frames, at);
}
