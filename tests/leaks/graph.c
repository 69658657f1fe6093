/* SPDX-License-Identifier: MIT */
/*
 * A random program: threads allocate blocks, point from one to another, free some, keep
 * some by globals, their own variables, their stacks, mapped memory; some end, others
 * stay. It keeps a ledger of all that, in which no pointer can be read, and prints it at
 * the end: graph SEED for check-leaks.py, graph SEED places for check-graphs.py, which
 * wants to know where in its block, and in which place, each pointer is.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define MAX_THREADS 6
#define MAX_BLOCKS 400
#define SLOTS 6 /* pointers of a block */
#define PLACES 5
#define FIRST_SIZE 100
#define MASK UINT64_C(0x5bd1e995a5a5a5a5)

/* Where pointers may be kept, by thread, but for the first two. */
enum place {
	GLOBAL,
	MAPPED,
	VARIABLE,
	STACK,
	N_PLACES
};

struct entry {
	uint64_t masked; /* the address; 0: freed */
	int to[SLOTS];   /* 1 + the block that a slot points to, 0: none */
	bool inside[SLOTS];
};

struct root {
	int block; /* 1 + its number */
	bool inside;
};

static struct ledger {
	struct entry entries[MAX_BLOCKS];
	int n;
	struct root roots[N_PLACES][MAX_THREADS][PLACES];
	bool stays[MAX_THREADS];
	int no_tids[MAX_THREADS]; /* ~: two in a row may be an address */
} * ledger;

static void *volatile globals[PLACES];
static void *volatile *mapped;
static __thread void *volatile variables[PLACES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static uint64_t seed;
static bool with_places;

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void *address(int block)
{
	return (void *)(uintptr_t)(ledger->entries[block].masked ^ MASK);
}

/* To its start, or into its middle, but not where an array would begin. */
static void *pointer(int block, bool inside)
{
	return (char *)address(block) + (inside ? 3 * sizeof(void *) : 0);
}

static bool is_live(int block)
{
	return ledger->entries[block].masked != 0;
}

static int pick(uint64_t *state)
{
	int block = ledger->n ? (int)(next(state) % (uint64_t)ledger->n) : -1;

	return block >= 0 && is_live(block) ? block : -1;
}

static void add_block(uint64_t *state)
{
	int n = ledger->n;
	void *p;

	if (n == MAX_BLOCKS)
		return;
	switch (next(state) % 4) {
	case 0:
		p = calloc(1, (size_t)(FIRST_SIZE + n));
		break;
	case 1:
		p = realloc(malloc(10 + next(state) % 3000), (size_t)(FIRST_SIZE + n));
		break;
	case 2:
		if (posix_memalign(&p, 64, (size_t)(FIRST_SIZE + n)))
			abort();
		break;
	default:
		p = malloc((size_t)(FIRST_SIZE + n));
	}
	memset(p, 0, (size_t)(FIRST_SIZE + n));
	ledger->entries[n].masked = (uint64_t)(uintptr_t)p ^ MASK;
	ledger->n++;
}

static void add_pointer(uint64_t *state)
{
	int from = pick(state), to = pick(state), slot = (int)(next(state) % SLOTS);
	bool inside = next(state) % 8 == 0;

	if (from < 0 || to < 0)
		return;
	ledger->entries[from].to[slot] = to + 1;
	ledger->entries[from].inside[slot] = inside;
	((void **)address(from))[slot] = pointer(to, inside);
}

static void set_root(enum place place, int thread, int slot, int block, bool inside,
		     void *volatile *stack)
{
	void *volatile *slots[N_PLACES] = {globals, mapped, variables, stack};

	ledger->roots[place][thread][slot] = (struct root){block + 1, inside};
	slots[place][slot] = block >= 0 ? pointer(block, inside) : NULL;
}

static void keep(uint64_t *state, int thread, void *volatile *stack)
{
	enum place place = (enum place)(next(state) % N_PLACES);
	int block = pick(state), slot = (int)(next(state) % PLACES);
	bool inside = next(state) % 6 == 0;

	set_root(place, place < VARIABLE ? 0 : thread, slot, block, inside, stack);
}

/* Nothing points to it before it goes; what it points to stays written in it. */
static void drop_block(uint64_t *state)
{
	int block = pick(state);

	if (block < 0)
		return;
	for (int place = 0; place < N_PLACES; place++)
		for (int t = 0; t < MAX_THREADS; t++)
			for (int i = 0; i < PLACES; i++)
				if (ledger->roots[place][t][i].block == block + 1)
					return;
	for (int i = 0; i < ledger->n; i++)
		for (int slot = 0; slot < SLOTS; slot++)
			if (is_live(i) && ledger->entries[i].to[slot] == block + 1) {
				ledger->entries[i].to[slot] = 0;
				((void **)address(i))[slot] = NULL;
			}
	free(address(block));
	ledger->entries[block] = (struct entry){0};
}

static NOINLINE void step(uint64_t *state, int thread, void *volatile *stack)
{
	uint64_t what = next(state) % 10;

	pthread_mutex_lock(&lock);
	if (what < 4)
		add_block(state);
	else if (what < 7)
		add_pointer(state);
	else if (what < 9)
		keep(state, thread, stack);
	else
		drop_block(state);
	pthread_mutex_unlock(&lock);
}

static NOINLINE void clear(void)
{
	char room[16384];

	memset(room, 0, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
}

static NOINLINE void work(int thread, void *volatile *stack)
{
	uint64_t state =
		(seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)thread * 77;

	for (int n = 0; n < 60; n++)
		step(&state, thread, stack);
}

static void *run(void *argument)
{
	void *volatile stack[PLACES] = {NULL};
	int thread = (int)(intptr_t)argument;

	ledger->no_tids[thread] = ~(int)syscall(SYS_gettid);
	work(thread, stack);
	clear();
	if (!ledger->stays[thread])
		return NULL;
	pthread_barrier_wait(&barrier);
	for (;;)
		syscall(SYS_pause);
	return stack[0];
}

/* Until the thread is where it stays: what it left below that does not count then. */
static void await_pause(int tid)
{
	char path[64];
	int number = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	while (number != SYS_pause) {
		FILE *file = fopen(path, "r");

		if (!file || fscanf(file, "%d", &number) != 1)
			number = -1;
		if (file)
			fclose(file);
	}
}

static void print_pointer(int block, bool inside, int slot)
{
	printf(" %d%s", FIRST_SIZE - 1 + block, inside ? "i" : "");
	if (with_places)
		printf("@%d", slot);
}

static void print_root(enum place place, int thread, int slot)
{
	static const char *const names[] = {"global", "mapped", "variable", "stack"};
	struct root r = ledger->roots[place][thread][slot];

	printf("root");
	print_pointer(r.block, r.inside, slot);
	if (with_places)
		printf(" %s %d", names[place],
		       place < VARIABLE ? 0 : ~ledger->no_tids[thread]);
	putchar('\n');
}

static void print(int n_threads)
{
	for (int i = 0; i < ledger->n; i++) {
		if (!is_live(i))
			continue;
		printf("block %d", FIRST_SIZE + i);
		for (int slot = 0; slot < SLOTS; slot++)
			if (ledger->entries[i].to[slot])
				print_pointer(ledger->entries[i].to[slot],
					      ledger->entries[i].inside[slot], slot);
		putchar('\n');
	}
	for (int place = 0; place < N_PLACES; place++)
		for (int t = 0; t < n_threads; t++)
			for (int i = 0; i < PLACES; i++)
				if (ledger->roots[place][t][i].block &&
				    (place < VARIABLE || ledger->stays[t]))
					print_root((enum place)place, t, i);
	fflush(stdout);
}

static NOINLINE void run_all(void)
{
	pthread_t threads[MAX_THREADS];
	uint64_t state = seed * 2 + 1;
	int n_threads = 1 + (int)(next(&state) % MAX_THREADS), n_stay = 0;

	for (int t = 0; t < n_threads; t++)
		n_stay += ledger->stays[t] = next(&state) % 3 == 0;
	pthread_barrier_init(&barrier, NULL, (unsigned)n_stay + 1);
	for (int t = 0; t < n_threads; t++)
		pthread_create(&threads[t], NULL, run, (void *)(intptr_t)t);
	for (int t = 0; t < n_threads; t++)
		if (!ledger->stays[t])
			pthread_join(threads[t], NULL);
	pthread_barrier_wait(&barrier);
	for (int t = 0; t < n_threads; t++)
		if (ledger->stays[t])
			await_pause(~ledger->no_tids[t]);
	print(n_threads);
}

static void *map(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
}

int main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	with_places = argc > 2;
	ledger = map(sizeof(*ledger));
	mapped = map(4096);
	run_all();
	clear();
	return 0;
}
