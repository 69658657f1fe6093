/* SPDX-License-Identifier: MIT */
/*
 * A thread has the stack that pthread_create() gave it. libc notes it in the thread's
 * control block, and tells it by pthread_getattr_np(), which allocates. So the control
 * block is searched for the words that say it. No others can be taken for them: together
 * they must enclose the control block, or else the place where the thread is.
 *
 * The first thread has none noted. Its stack grows, by itself, as one mapping of the
 * kernel's, which no neighbour is ever joined to: the kernel is asked whether an address
 * is in the same mapping as what it put at the stack's top.
 */
#include <sys/auxv.h>

#include "runtime/machine.h"
#include "runtime/os-memory.h"
#include "runtime/os-process.h"
#include "runtime/own-stack.h"

#define BLOCK_SIZE 2560u  /* bytes of the control block that are searched */
#define SMALLEST 2048u    /* musl's least stack */
#define LEAST_BELOW 8192u /* of glibc's least stack, below its control block */
/* From the control block to the end of all. */
#if RHP_CONTROL_BLOCK_BELOW
#define MOST_BEHIND (16u << 20)
#else
#define MOST_BEHIND 8192u
#endif
#define MOST (UINTPTR_MAX >> (sizeof(uintptr_t) == 8 ? 24 : 2))

static bool encloses(uintptr_t low, uintptr_t size, uintptr_t address)
{
	return size < MOST && address >= low && address - low < size;
}

/* glibc: the whole of it, with the control block at its end; its size; that of the guard
 * at its beginning, in whole pages; what was asked for as that. */
static bool is_noted_by_glibc(const uintptr_t *word, uintptr_t self,
			      struct rhp_bounds *stack)
{
	uintptr_t low = word[0], size = word[1];
	uintptr_t guard = word[2], guard_asked = word[3];
	if (low < RHP_PAGE_MAX || !encloses(low, size, self) ||
	    self - low < LEAST_BELOW || low + size - self > MOST_BEHIND ||
	    guard >= self - low || guard % RHP_PAGE_LEAST || guard_asked > guard)
		return false;
	*stack = (struct rhp_bounds){low + guard, self};
	return true;
}

/* musl: its mapping and the size of that, 0 if it has none; the end of the stack, below
 * the control block; its size; that of the guard before it. The program may have made the
 * stack, and the mapping may then have the control block alone. */
static bool is_noted_by_musl(const uintptr_t *word, uintptr_t self, bool may_be_given,
			     struct rhp_bounds *stack)
{
	uintptr_t map = word[0], map_size = word[1];
	uintptr_t high = word[2], size = word[3], guard = word[4];
	uintptr_t here = (uintptr_t)RHP_FRAME_HERE;
	if (size < SMALLEST || high < size)
		return false;
	bool has_block = encloses(map, map_size, self);
	bool is_own = has_block && map + guard == high - size && high <= self;
	bool is_given = may_be_given && guard == 0 && encloses(high - size, size, here) &&
			size >> 31 == 0 && (has_block || map == 0);
	*stack = (struct rhp_bounds){high - size, high};
	return is_own || is_given;
}

/* The words of the control block that can be read. */
static const uintptr_t *block_of(uintptr_t self, const uintptr_t **end)
{
	uintptr_t low = self, high = self + BLOCK_SIZE;
#if RHP_CONTROL_BLOCK_BELOW
	low = (self - BLOCK_SIZE) & -sizeof(uintptr_t);
	high = self;
#endif
	if (!rhp_os_readable(high - sizeof(uintptr_t)))
		high &= -(uintptr_t)RHP_PAGE_LEAST;
	*end = (const uintptr_t *)(rhp_os_readable(low) ? high : low);
	return (const uintptr_t *)low;
}

READS_STACKS static bool find_noted(struct rhp_bounds *stack)
{
	uintptr_t self = rhp_thread_pointer();
	const uintptr_t *end, *block = block_of(self, &end);
	for (const uintptr_t *word = block; word + 4 <= end; word++)
		if (is_noted_by_glibc(word, self, stack))
			return true;
	bool may_be_given = rhp_os_tid() != rhp_os_pid();
	for (const uintptr_t *word = block; word + 5 <= end; word++)
		if (is_noted_by_musl(word, self, may_be_given, stack))
			return true;
	return false;
}

static uintptr_t page_of(uintptr_t address)
{
	return address & -(uintptr_t)rhp_os_page_size();
}

struct rhp_own_stack rhp_own_stack_find(void)
{
	struct rhp_own_stack stack = {{0, 0}, 0};
	if (find_noted(&stack.known)) {
		stack.lowest = stack.known.low;
		return stack;
	}
	stack.known = (struct rhp_bounds){0, 0};
	/* The kernel puts 16 random bytes above the first frame. */
	uintptr_t high = (uintptr_t)getauxval(AT_RANDOM) & ~(uintptr_t)7;
	uintptr_t most = rhp_os_stack_limit();
	most = most < MOST ? most : MOST;
	if (high > most)
		stack = (struct rhp_own_stack){{page_of(high), high}, high - most};
	return stack;
}

bool rhp_own_stack_grow(struct rhp_own_stack *stack, uintptr_t address)
{
	uintptr_t page = page_of(address);
	if (address >= stack->known.high || address < stack->lowest)
		return false;
	if (page >= stack->known.low)
		return true;
	if (!rhp_os_is_one_mapping(page, stack->known.low, page_of(stack->known.high)))
		return false;
	stack->known.low = page;
	return true;
}
