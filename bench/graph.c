/* SPDX-License-Identifier: MIT */
/*
 * Makes a graph of BLOCKS blocks and 1.5 edges a block, and finds all that heap/ finds of
 * one. Prints seconds of CPU time of the dominators, the fold, the paths and the sums,
 * then bytes: the most that was resident for it, and what heap_memory said.
 *
 * usage: graph KIND BLOCKS
 *
 * heap      a tree most of whose edges are short, as where blocks are made near what
 *           holds them, with half as many other edges
 * shuffled  the same, with nodes numbered at random: no edge leads nearby
 * list      each block points to the next one, every other one back
 * mixed     the same, numbered at random
 * tree      each block points to two, with edges from half of them to anywhere
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heap/facts.h"
#include "heap/graph.h"
#include "heap/retained.h"

#define N_SITES 300
#define NEAR 1000

static uint32_t n;
static const char *kind;
static uint32_t *number; /* of a block, if they are mixed */

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* "VmHWM" or "VmRSS" of this process, in bytes */
static uint64_t resident(const char *name)
{
	char line[256];
	unsigned long long kib = 0;
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtoull(line + strlen(name) + 1, NULL, 10);
	fclose(status);
	return kib * 1024;
}

static bool is_kind(const char *a, const char *b)
{
	return strcmp(kind, a) == 0 || strcmp(kind, b) == 0;
}

/* A block before i, mostly a near one */
static uint32_t before(uint32_t i, uint64_t *state)
{
	uint32_t back =
		(uint32_t)(next_random(state) % (next_random(state) % 5 ? NEAR : n));

	return i - 1 - back % i;
}

static uint32_t holder_of(uint32_t i, uint64_t *state)
{
	if (is_kind("list", "mixed"))
		return i - 1;
	return is_kind("tree", "tree") ? (i - 1) / 2 : before(i, state);
}

static void take(struct heap_graph *graph, bool is_counted, uint32_t source,
		 uint32_t target)
{
	if (number) {
		source = source < n ? number[source] : source;
		target = target < n ? number[target] : target;
	}
	if (is_counted)
		heap_graph_add(graph, source + 1, target + 1);
	else if (heap_graph_count(graph, source + 1))
		exit(2);
}

/* Block i is node i + 1; the only root is node n + 1. */
static void make_edges(struct heap_graph *graph, bool is_counted)
{
	uint64_t state = 1;

	if (is_counted)
		heap_graph_add(graph, 0, n + 1);
	else if (heap_graph_count(graph, 0))
		exit(2);
	take(graph, is_counted, n, 0);
	for (uint32_t i = 1; i < n; i++) {
		take(graph, is_counted, holder_of(i, &state), i);
		if (i % 2 == 0)
			continue;
		if (is_kind("list", "mixed"))
			take(graph, is_counted, i, i - 1);
		else if (is_kind("tree", "tree"))
			take(graph, is_counted, i, (uint32_t)(next_random(&state) % n));
		else
			take(graph, is_counted, before(i, &state), i);
	}
}

static void mix(void)
{
	uint64_t state = 2;

	number = calloc(n, sizeof(*number));
	if (!number)
		exit(2);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t other = (uint32_t)(next_random(&state) % (i + 1));

		number[i] = number[other];
		number[other] = i;
	}
}

static void make(struct heap_graph *graph, uint64_t **sizes, uint32_t **sites)
{
	uint64_t state = 3;

	if (is_kind("shuffled", "mixed"))
		mix();
	if (heap_graph_init(graph, n, 1))
		exit(2);
	make_edges(graph, false);
	if (heap_graph_reserve(graph))
		exit(2);
	make_edges(graph, true);
	free(number);
	*sizes = calloc((size_t)n + 2, sizeof(**sizes));
	*sites = calloc((size_t)n + 2, sizeof(**sites));
	if (!*sizes || !*sites)
		exit(2);
	for (uint32_t v = 1; v <= n; v++) {
		(*sizes)[v] = 16 + next_random(&state) % 100;
		(*sites)[v] = (uint32_t)(next_random(&state) % N_SITES);
	}
}

/* heap_find_facts, step by step */
static void find(const struct heap_graph *graph, const uint64_t *sizes,
		 const uint32_t *sites)
{
	struct heap_facts facts;
	double times[5] = {now()};

	if (heap_dominators(graph, &facts.tree))
		exit(2);
	times[1] = now();
	if (heap_fold(graph, &facts.tree, sizes, sites, &facts.fold))
		exit(2);
	times[2] = now();
	if (heap_paths(graph, &facts.paths))
		exit(2);
	times[3] = now();
	facts.retained_bytes = calloc(graph->n_nodes, sizeof(uint64_t));
	facts.retained_blocks = calloc(graph->n_nodes, sizeof(uint32_t));
	if (!facts.retained_bytes || !facts.retained_blocks)
		exit(2);
	heap_retained(graph, &facts.tree, sizes, facts.retained_bytes,
		      facts.retained_blocks);
	times[4] = now();
	if (facts.retained_blocks[0] != n)
		exit(2);
	for (int i = 0; i < 4; i++)
		printf("%.2f ", times[i + 1] - times[i]);
	heap_facts_fini(&facts);
}

int main(int argc, char **argv)
{
	struct heap_graph graph;
	uint64_t *sizes, idle = resident("VmRSS");
	uint32_t *sites;

	if (argc != 3 || atol(argv[2]) < 2)
		return 2;
	kind = argv[1];
	n = (uint32_t)atol(argv[2]);
	make(&graph, &sizes, &sites);
	find(&graph, sizes, sites);
	printf("%llu %llu\n", (unsigned long long)(resident("VmHWM") - idle),
	       (unsigned long long)heap_memory(graph.n_nodes, graph.n_edges));
	heap_graph_fini(&graph);
	free(sizes);
	free(sites);
	return 0;
}
