/* SPDX-License-Identifier: MIT */
/*
 * Loses structures. usage: owners heads | entry | SEED
 *
 * heads: 20 heads of lists, each node of which has a text; entry: a circle that another
 * block leads into behind its first; SEED: blocks of four call sites that point to each
 * other at random, in trees, shared parts, circles, and what hangs on these. Nothing is
 * freed and no block is large, so addresses ascend with any allocator.
 */
#include <stdlib.h>
#include <string.h>

#ifdef WITH_PLACES
#include <rheaper.h>
#else
#define RHEAPER_SCOPE(name) ((void)0)
#define rheaper_mark(name) ((void)0)
#endif

#define MOST 400
#define NOINLINE __attribute__((noinline))

static unsigned state;

static unsigned some(unsigned n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

struct item {
	struct item *to[3];
};

/* For the compiler anybody may know the block: so it stores what nobody reads. */
#define MAKER(name, size)                                                                \
	static NOINLINE struct item *name(void)                                          \
	{                                                                                \
		struct item *made = calloc(1, sizeof(struct item) + size);               \
		__asm__ volatile("" : "+r"(made) : : "memory");                          \
		return made;                                                             \
	}
MAKER(make_list, 8)
MAKER(make_tree, 40)
MAKER(make_leaf, 100)
MAKER(make_text, 1000)

static struct item *(*const makers[])(void) = {make_list, make_tree, make_leaf,
					       make_text};

static NOINLINE struct item *make_some(void)
{
	return makers[some(sizeof(makers) / sizeof(*makers))]();
}

/* Nothing else leads into a circle but to its first block. */
static NOINLINE struct item *make_circle(unsigned n)
{
	struct item *first = make_some(), *last = first;

	while (n-- > 0)
		last = last->to[0] = make_some();
	last->to[0] = first;
	return first;
}

static NOINLINE void lose_some(void)
{
	struct item *items[MOST];
	unsigned n = 20 + some(MOST - 20);

	for (unsigned i = 0; i < n; i++) {
		items[i] = some(10) ? make_some() : make_circle(some(4));
		for (unsigned k = 1; k < 3 && i > 0; k++)
			if (some(2) == 0)
				items[i]->to[k] = items[some(i)];
	}
	memset(items, 0, sizeof(items));
	__asm__ volatile("" : : "r"(items) : "memory");
}

static NOINLINE void lose_heads(void)
{
	RHEAPER_SCOPE("heads");
	rheaper_mark("lose");
	for (int n = 0; n < 20; n++) {
		struct item *head = make_tree();

		for (int i = 0; i < n; i++) {
			struct item *node = make_list();

			node->to[0] = head->to[0];
			node->to[1] = make_text();
			head->to[0] = node;
		}
	}
}

static NOINLINE void lose_entry(void)
{
	struct item *circle = make_list();

	circle->to[0] = make_leaf();
	circle->to[0]->to[0] = circle;
	make_tree()->to[0] = circle->to[0];
}

/* What was left on the stack and in registers is no pointer to them any more. */
static NOINLINE void clear(void)
{
	volatile char room[16384];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "heads";

	state = (unsigned)atoi(what);
	if (strcmp(what, "heads") == 0)
		lose_heads();
	else if (strcmp(what, "entry") == 0)
		lose_entry();
	for (int i = 0; state && i < 5; i++)
		lose_some();
	clear();
	return 0;
}
