// SPDX-License-Identifier: MIT
/*
 * What rheaper-push --to=clickhouse sends of a fleet, made by its own code: windows of
 * 300 s of one process a host, of which each allocates 50 MiB a second and has 2 GiB
 * live, sampled each 2 MiB. Few of SITES call sites have most of it (Zipf). Of each block
 * that is live one in four is another at the next snapshot. SPREAD of 100 sites allocate
 * blocks of any size, the others blocks of one size. Every other host runs version v2, in
 * which the site PLANTED allocates a fifth more; it is another build.
 *
 * usage: fleet FIRST-HOST END-HOST WINDOWS SITES DEPTH SPREAD SERVICE BEGIN [stacks]
 *
 * BEGIN is when the first window ends, in seconds since 1970. Prints for each request a
 * line "PARTS SAMPLES SIZE PATH", and its body. Stacks are sent only if asked.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/map.h"
#include "push/cut.h"
#include "push/engine.h"
#include "push/request.h"

#define SECOND INT64_C(1000000000)
#define WINDOW_S 300
#define SAMPLE_BYTES 2097152.0
#define N_ALLOCATED 7500 /* samples of 50 MiB/s in a window */
#define N_LIVE 1024      /* samples of 2 GiB */
#define N_RANKS 65536
#define PLANTED 50

struct fleet {
	uint64_t first_host, end_host, n_windows, n_sites, depth, spread;
	const char *service;
	int64_t begin_s;
	bool stacks;
	uint32_t *ranks;                  /* a site each, as often as it has samples */
	struct push_process processes[2]; /* of either version */
	bool *known;
	struct windows_values *values;
	struct cut cut;
};

static uint64_t next(uint64_t *state)
{
	return map_hash(*state += UINT64_C(0x9e3779b97f4a7c15));
}

static double between_0_and_1(uint64_t random)
{
	return (double)(random >> 11) * 0x1p-53;
}

/* From 16 bytes to 64 KiB, each power of two as often as another. */
static double size_of(const struct fleet *f, uint32_t site, uint64_t random)
{
	uint64_t of_site = map_hash(site + 1);

	return floor(
		16 *
		exp2(12 * between_0_and_1(of_site % 100 < f->spread ? random : of_site)));
}

/* Blocks and bytes are added up as real numbers, and are whole in the end. */
struct sums {
	double n, objects, bytes, variance;
};

static void add_sample(const struct fleet *f, struct sums *sums, uint64_t random)
{
	uint32_t site = f->ranks[random % N_RANKS];
	double size = size_of(f, site, map_hash(random));
	double weight = 1 / -expm1(-size / SAMPLE_BYTES);
	struct sums *s = &sums[site];

	s->n++;
	s->objects += weight;
	s->bytes += weight * size;
	s->variance += weight * size * weight * size * (1 - 1 / weight);
}

static void set_values(struct windows_values *to, int live, const struct sums *from)
{
	to->n[live] = (int64_t)from->n;
	to->variance[live] = from->variance;
	to->values[live ? PROFILE_LIVE_BLOCKS : PROFILE_ALLOCATIONS] =
		llround(from->objects);
	to->values[live ? PROFILE_LIVE_BYTES : PROFILE_BYTES] = llround(from->bytes);
}

static void draw(struct fleet *f, uint64_t host, uint64_t window)
{
	struct sums *allocated = calloc(2 * f->n_sites, sizeof(*allocated));
	struct sums *live = allocated + f->n_sites;
	uint64_t of_host = map_hash(host + 1), state = map_hash(of_host + window);

	if (!allocated)
		abort();
	for (int i = 0; i < N_ALLOCATED; i++) {
		uint64_t random = next(&state);

		add_sample(f, allocated, random);
		if (host % 2 && f->ranks[random % N_RANKS] == PLANTED &&
		    next(&state) % 5 == 0)
			add_sample(f, allocated, random);
	}
	for (uint64_t i = 0; i < N_LIVE; i++)
		add_sample(f, live,
			   map_hash(of_host ^ map_hash(i << 32 | (window + i % 4) / 4)));
	for (uint64_t i = 0; i < f->n_sites; i++) {
		set_values(&f->values[i], 0, &allocated[i]);
		set_values(&f->values[i], 1, &live[i]);
	}
	free(allocated);
}

static void get_values(void *context, const struct push_stack *stack,
		       struct windows_values *values)
{
	*values = ((const struct fleet *)context)->values[stack->stack];
}

static void take(void *context, struct push_request *request)
{
	(void)context;
	printf("%u %zu %zu %s\n", request->parts, request->n_samples, request->size,
	       request->path);
	fwrite(request->body, 1, request->size, stdout);
	push_request_fini(request);
}

static void add_frames(const struct fleet *f, struct push_process *p)
{
	char function[128], file[128];

	for (uint64_t i = 0; i < f->n_sites * f->depth; i++) {
		/* Callers are those of several sites */
		uint64_t site = i / f->depth >> (i % f->depth);

		snprintf(function, sizeof(function),
			 "server::module_%02" PRIu64 "::Handler<%" PRIu64
			 ">::on_request_%" PRIu64 "(int)",
			 i % f->depth, site % 97, site);
		snprintf(file, sizeof(file),
			 "src/module_%02" PRIu64 "/handler_%" PRIu64 ".cc", i % f->depth,
			 site % 97);
		push_process_add_frame(
			p,
			&(struct profile_frame){
				.frame = (int64_t)i + 1,
				.address = 0x400000 +
					   (int64_t)(map_hash(site << 8 | i % f->depth) >>
						     24),
				.module = 1,
				.innermost = true,
				.function = function,
				.file = file,
				.line = (int64_t)(site % 2000) + 1,
			});
	}
	push_process_set_frames(p);
}

static void make_process(const struct fleet *f, struct push_process *p,
			 const char *build_id)
{
	push_process_begin(p, NULL, 0);
	push_process_add_module(p, &(struct profile_module){.module = 1,
							    .start = 0x400000,
							    .end = INT64_C(1) << 41,
							    .path = "/usr/bin/server",
							    .build_id = build_id});
	add_frames(f, p);
	for (uint64_t i = 0; i < f->n_sites; i++) {
		push_process_begin_stack(p, (int64_t)i, "malloc");
		for (uint64_t k = 0; k < f->depth; k++)
			push_process_add_to_stack(p, (int64_t)(i * f->depth + k) + 1);
		push_process_end_stack(p);
	}
	p->pid = 1234;
	p->sample_bytes = (int64_t)SAMPLE_BYTES;
}

static struct push_labels make_labels(const struct fleet *f, uint64_t host,
				      const struct push_process *p)
{
	struct push_labels labels = {0};

	push_labels_add(&labels, "service", f->service);
	push_labels_add(&labels, "version", host % 2 ? "v2" : "v1");
	push_labels_add(&labels, "env", "prod");
	push_labels_add(&labels, "host", p->host);
	push_labels_add(&labels, "process.executable.build_id.gnu",
			p->modules[p->n_modules - 1].build_id);
	return labels;
}

static void send_window(struct fleet *f, uint64_t host, uint64_t window)
{
	struct push_process *p = &f->processes[host % 2];
	uint64_t of_host = map_hash(host + 1);
	int64_t phase_ns = (int64_t)(of_host >> 24) % (WINDOW_S * SECOND);
	struct push_window w = {.process = p, .known = f->known};
	struct push_labels labels;
	char name[32];

	snprintf(name, sizeof(name), "web-%08" PRIx64 ".prod", of_host >> 32);
	p->host = name;
	p->started_ns = (f->begin_s - WINDOW_S) * SECOND + phase_ns;
	p->started_ticks = p->started_ns / 10000000;
	labels = make_labels(f, host, p);
	w.labels = &labels;
	w.begin_ns = p->started_ns + (int64_t)window * WINDOW_S * SECOND;
	w.end_ns = w.begin_ns + WINDOW_S * SECOND;
	f->cut.now_ns = w.end_ns;
	draw(f, host, window);
	cut_window(&f->cut, &w, CUT_ALL, get_values, f);
	push_labels_fini(&labels);
	p->host = NULL;
}

static void init(struct fleet *f, char **words)
{
	uint64_t *numbers[] = {&f->first_host, &f->end_host, &f->n_windows,
			       &f->n_sites,    &f->depth,    &f->spread};

	for (int i = 0; i < 6; i++)
		*numbers[i] = strtoull(words[i], NULL, 10);
	f->service = words[6];
	f->begin_s = strtoll(words[7], NULL, 10);
	f->stacks = words[8] != NULL;
	f->ranks = calloc(N_RANKS, sizeof(*f->ranks));
	f->known = calloc(f->n_sites + 1, sizeof(*f->known));
	f->values = calloc(f->n_sites + 1, sizeof(*f->values));
	if (!f->ranks || !f->known || !f->values)
		abort();
	memset(f->known, !f->stacks, f->n_sites + 1);
	for (int i = 0; i < N_RANKS; i++)
		f->ranks[i] = (uint32_t)pow((double)f->n_sites, (i + 0.5) / N_RANKS) - 1;
	make_process(f, &f->processes[0], "1111111111111111111111111111111111111111");
	make_process(f, &f->processes[1], "2222222222222222222222222222222222222222");
	f->cut.window_ns = WINDOW_S * SECOND;
	f->cut.take = take;
	for (size_t i = 0; (f->cut.engine = push_engine(i)); i++)
		if (strcmp(f->cut.engine->name, "clickhouse") == 0)
			break;
}

int main(int argc, char **argv)
{
	static struct fleet f;

	if (argc != 9 && argc != 10)
		return fprintf(stderr, "usage: see fleet.c\n"), 2;
	init(&f, argv + 1);
	for (uint64_t window = 0; window < f.n_windows; window++)
		for (uint64_t host = f.first_host; host < f.end_host; host++) {
			send_window(&f, host, window);
			if (f.stacks)
				memset(f.known, 0, f.n_sites + 1);
		}
	for (int i = 0; i < 2; i++)
		push_process_fini(&f.processes[i]);
	free(f.ranks);
	free(f.known);
	free(f.values);
	return fflush(stdout) || ferror(stdout) ? 2 : 0;
}
