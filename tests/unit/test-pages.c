// SPDX-License-Identifier: MIT
/*
 * Pages of random heaps, of which every byte is looked at; and the model of glibc's
 * malloc beside that malloc.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/model.h"
#include "report/pages.h"

#define PAGE 4096
#define N_PAGES 24
#define BASE UINT64_C(0x555555600000)
#define ARENA UINT64_C(0x7f3210000000)
#define N_SITES 4
#define N_RANDOM 400

/* A byte for each address from BASE on: 1 + site, or 0 */
struct map_of_bytes {
	unsigned char owner[N_PAGES * PAGE], chunk[N_PAGES * PAGE];
};

static uint64_t next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static struct pages begin(bool is_glibc)
{
	struct pages p = {.model = chunks_of_glibc(8),
			  .is_glibc = is_glibc,
			  .program_end = BASE - 0x1000,
			  .n_sites = N_SITES};

	pages_init(&p);
	return p;
}

static void add(struct pages *p, uint64_t address, uint64_t size, uint32_t site)
{
	pages_add(p, (struct page_block){.address = address, .size = size, .site = site});
}

/* Chunks one behind the other, with gaps. */
static void add_chunks(struct pages *p, uint64_t *state, uint64_t base)
{
	uint64_t at = base + 16 * (next(state) % 100);

	for (;;) {
		uint64_t kind = next(state) % 8;
		uint64_t size = next(state) % (kind < 4   ? 200
					       : kind < 7 ? 1500
							  : 3 * PAGE);

		if (at + size + 64 > base + (uint64_t)N_PAGES * PAGE)
			return;
		add(p, at + 16, size, (uint32_t)(next(state) % N_SITES));
		at += chunk_size(&p->model, size) +
		      16 * (next(state) % 3 ? next(state) % 10 : next(state) % 900);
	}
}

/* Chunks that live for a random time, against what lives at each moment. */
static void lives_are_counted(void **state)
{
	enum {
		N = 300,
		MOMENTS = 500
	};
	uint64_t seed = 5;
	double sizes[MOMENTS + 1] = {0}, most = 0;
	struct pages p = begin(true);

	(void)state;
	p.until_ns = MOMENTS;
	for (int i = 0; i < N; i++) {
		int64_t from = (int64_t)(next(&seed) % MOMENTS);
		int64_t to =
			next(&seed) % 8 ? from + (int64_t)(next(&seed) % 40) : INT64_MAX;
		struct page_block b = {.address = BASE + 16 + 4096 * (uint64_t)i,
				       .size = next(&seed) % 3000};

		pages_add_life(&p, &b, from, to);
		for (int64_t t = from; t <= to && t <= MOMENTS; t++)
			sizes[t] += (double)chunk_size(&p.model, b.size);
		if (to == INT64_MAX)
			pages_add(&p, b);
	}
	for (int t = 0; t <= MOMENTS; t++)
		most = sizes[t] > most ? sizes[t] : most;
	pages_compute(&p);
	pages_estimate(&p);
	assert_int_equal(p.arenas.n_heaps, 1);
	assert_int_equal(p.arenas.needed, ((uint64_t)most + PAGE - 1) / PAGE);
	assert_int_equal(p.arenas.kept,
			 (p.areas[0].end - 1) / PAGE - p.areas[0].begin / PAGE + 1);
	pages_fini(&p);
}

/* Anywhere, also on each other. */
static void add_anywhere(struct pages *p, uint64_t *state)
{
	size_t n = next(state) % 60;

	for (size_t i = 0; i < n; i++) {
		uint64_t at = next(state) % (N_PAGES * PAGE - 3 * PAGE);
		uint64_t size = next(state) % (next(state) % 4 ? 300 : 3 * PAGE);

		add(p, BASE + at, size, (uint32_t)(next(state) % N_SITES));
	}
}

/* After pages_compute: the blocks are in order, so the first one has a byte. */
static void map_bytes(const struct pages *p, uint64_t base, struct map_of_bytes *map)
{
	memset(map, 0, sizeof(*map));
	for (size_t i = 0; i < p->n_blocks; i++) {
		const struct page_block *b = &p->blocks[i];
		uint64_t from = b->address - base;

		for (uint64_t k = 0; k < (b->size ? b->size : 1); k++) {
			if (!map->owner[from + k])
				map->owner[from + k] = (unsigned char)(b->site + 1);
		}
		for (uint64_t k = 0; p->is_glibc && k < chunk_size(&p->model, b->size);
		     k++)
			map->chunk[from - 16 + k] = (unsigned char)(b->site + 1);
	}
}

struct counted {
	uint64_t touched, eighths[PAGE_EIGHTHS];
	struct page_pin pins[N_SITES];
};

static uint32_t count_page(const unsigned char *bytes, struct counted *c)
{
	uint64_t of[N_SITES] = {0}, used = 0;
	uint32_t holder = 0;

	for (size_t i = 0; i < PAGE; i++) {
		if (bytes[i]) {
			of[bytes[i] - 1]++;
			used++;
		}
	}
	if (!used)
		return PAGE_NO_SITE;
	for (uint32_t i = 1; i < N_SITES; i++)
		holder = of[i] > of[holder] ? i : holder;
	c->touched++;
	c->eighths[used == PAGE ? 7 : used / (PAGE / 8)]++;
	if (used < PAGE / 4) {
		c->pins[holder].pages++;
		c->pins[holder].bytes += of[holder];
		c->pins[holder].all_bytes += used;
	}
	return holder;
}

static void check_pins(const struct pages *p, const struct counted *c)
{
	size_t n = 0;

	for (uint32_t i = 0; i < N_SITES; i++)
		n += c->pins[i].pages > 0;
	assert_int_equal(p->n_pins, n);
	for (size_t i = 0; i < n; i++) {
		const struct page_pin *pin = &p->pins[i];

		assert_true(i == 0 || p->pins[i - 1].pages >= pin->pages);
		assert_int_equal(pin->pages, c->pins[pin->site].pages);
		assert_int_equal(pin->bytes, c->pins[pin->site].bytes);
		assert_int_equal(pin->all_bytes, c->pins[pin->site].all_bytes);
	}
}

static void check_pages(const struct pages *p, uint64_t base, struct map_of_bytes *map)
{
	struct counted c = {0};

	map_bytes(p, base, map);
	for (uint64_t i = 0; i < N_PAGES; i++)
		assert_int_equal(pages_holder(p, base / PAGE + i),
				 count_page(map->owner + i * PAGE, &c));
	assert_int_equal(pages_holder(p, base / PAGE - 1), PAGE_NO_SITE);
	assert_int_equal(pages_holder(p, base / PAGE + N_PAGES), PAGE_NO_SITE);
	assert_int_equal(p->touched, c.touched);
	assert_memory_equal(p->eighths, c.eighths, sizeof(c.eighths));
	check_pins(p, &c);
}

/* Pages without a byte of a chunk of other sites, between the first and the last chunk,
 * and behind the head of the free chunk that they are in. */
static uint64_t count_free(const struct map_of_bytes *map, uint32_t without)
{
	size_t first = N_PAGES * PAGE, last = 0, free_from = 0, in_page = 0;
	uint64_t n = 0;

	for (size_t i = 0; i < N_PAGES * PAGE; i++) {
		if (map->chunk[i]) {
			first = i < first ? i : first;
			last = i;
		}
	}
	free_from = first;
	for (size_t i = first; i <= last; i++) {
		if (i % PAGE == 0)
			in_page = 0;
		if (map->chunk[i] && map->chunk[i] != without + 1)
			free_from = i + 1;
		else
			in_page += i >= free_from + 48;
		n += i % PAGE == PAGE - 1 && in_page == PAGE;
	}
	return n;
}

static void pages_of_chunks_are_those_of_their_bytes(void **unused)
{
	static struct map_of_bytes map;

	(void)unused;
	for (uint64_t seed = 0; seed < N_RANDOM; seed++) {
		uint64_t state = seed, base = seed % 2 ? BASE : ARENA, now;
		struct pages p = begin(true);

		add_chunks(&p, &state, base);
		pages_compute(&p);
		pages_estimate(&p);
		assert_true(p.is_glibc);
		assert_int_equal(p.n_areas, 1);
		assert_int_equal(p.areas[0].kind, seed % 2 ? AREA_MAIN : AREA_ARENA);
		check_pages(&p, base, &map);
		now = count_free(&map, N_SITES);
		assert_int_equal(p.areas[0].free_pages, now);
		for (size_t i = 0; i < p.n_pools; i++)
			assert_int_equal(p.pools[i].freed,
					 count_free(&map, p.pools[i].site) - now);
		pages_fini(&p);
	}
}

static void pages_of_any_blocks_are_those_of_their_bytes(void **unused)
{
	static struct map_of_bytes map;

	(void)unused;
	for (uint64_t seed = 0; seed < N_RANDOM; seed++) {
		uint64_t state = seed;
		struct pages p = begin(false);

		add_anywhere(&p, &state);
		pages_compute(&p);
		check_pages(&p, BASE, &map);
		pages_fini(&p);
	}
}

static void areas_are_told_by_their_addresses(void **unused)
{
	struct pages p = begin(true);

	(void)unused;
	add(&p, 0x7f3210000000 + (64 << 20) + 0x8c0, 100, 0); /* another heap */
	add(&p, 0x7f3210000000 + 0x8c0, 50, 0);
	add(&p, 0x7f4000000010, 200000, 1); /* alone in its pages */
	add(&p, 0x7f4000100010, 300000, 1);
	add(&p, BASE + 0x10, 20, 2);
	add(&p, BASE + (UINT64_C(1) << 32), 20, 2); /* a hole of 4 GiB */
	add(&p, BASE + PAGE + 16, 200000, 3); /* nothing is mapped in the main heap */
	pages_compute(&p);
	assert_int_equal(p.n_areas, 4);
	assert_int_equal(p.areas[0].kind, AREA_MAIN);
	assert_int_equal(p.areas[0].blocks, 3);
	assert_int_equal(p.areas[0].range, (UINT64_C(1) << 20) + 1);
	assert_int_equal(p.areas[1].kind, AREA_ARENA);
	assert_int_equal(p.areas[2].kind, AREA_ARENA);
	assert_int_equal(p.areas[3].kind, AREA_MAPPED);
	assert_int_equal(p.areas[3].bytes, 500000);
	assert_int_equal(p.areas[3].pages, 49 + 74);
	assert_int_equal(p.touched, 51 + 1 + 1 + 49 + 74);
	assert_int_equal(p.in_heaps, 53);
	pages_fini(&p);
}

static void other_allocators_are_told_by_their_addresses(void **unused)
{
	struct pages p = begin(true);

	(void)unused;
	for (uint64_t i = 0; i < 1000; i++)
		add(&p, ARENA + 16 * i, 16, 0);
	pages_compute(&p);
	pages_estimate(&p);
	assert_true(p.is_refuted);
	assert_false(p.is_glibc);
	assert_int_equal(p.n_areas, 1);
	assert_int_equal(p.areas[0].kind, AREA_OTHER);
	assert_int_equal(p.areas[0].free_pages, 0);
	assert_int_equal(p.n_pools, 0);
	pages_fini(&p);
}

/* Two threads at one time: a block was freed and its address handed out again. */
static void blocks_at_one_address_refute_nothing(void **unused)
{
	struct pages p = begin(true);

	(void)unused;
	for (uint64_t i = 0; i < 100; i++) {
		add(&p, BASE + 48 * i + 16, 40, 0);
		add(&p, BASE + 48 * i + 16, 33, 1);
	}
	pages_compute(&p);
	assert_true(p.is_glibc);
	assert_int_equal(p.areas[0].blocks, 200);
	pages_fini(&p);
}

static void blocks_at_the_ends_of_memory_are_taken(void **unused)
{
	(void)unused;
	for (int is_glibc = 0; is_glibc < 2; is_glibc++) {
		struct pages p = begin(is_glibc);

		add(&p, 0, UINT64_MAX, 0);
		add(&p, 0, 0, 1);
		add(&p, UINT64_MAX, 5, 2);
		add(&p, UINT64_MAX - 15, UINT64_MAX, 3);
		pages_compute(&p);
		pages_add_dead(&p, &(struct page_block){.address = UINT64_MAX - 3,
							.size = UINT64_MAX});
		pages_estimate(&p);
		pages_add_costs(&p);
		pages_fini(&p);
	}
}

static void nothing_has_no_pages(void **unused)
{
	struct pages p = begin(true);

	(void)unused;
	pages_compute(&p);
	assert_int_equal(p.touched, 0);
	assert_int_equal(p.n_areas, 0);
	assert_int_equal(pages_holder(&p, 0), PAGE_NO_SITE);
	pages_fini(&p);
}

static void the_dead_are_neighbours_of_holders(void **unused)
{
	const struct sum *sum;
	struct pages p = begin(true);

	(void)unused;
	add(&p, BASE + 16, 100, 0);
	add(&p, BASE + 2 * PAGE + 16, 100, 1);
	pages_compute(&p);
	pages_add_dead(&p, &(struct page_block){BASE + 1000, 50, 2, 0});
	pages_add_dead(&p, &(struct page_block){BASE + 2000, 7000, 2, 0});
	pages_add_dead(&p, &(struct page_block){BASE + PAGE, 50, 2, 0});
	pages_add_dead(&p, &(struct page_block){BASE + 3000, 50, 0, 0}); /* its own */
	sums_sort(&p.neighbours);
	assert_int_equal(p.neighbours.n, 2);
	sum = sums_find(&p.neighbours, pair_key(0, 2));
	assert_true(sum->blocks == 2 && sum->bytes == 7050);
	sum = sums_find(&p.neighbours, pair_key(1, 2));
	assert_true(sum->blocks == 1 && sum->bytes == 7000);
	pages_fini(&p);
}

/* Of the main heap, of an arena, of another heap, of a mapping. */
static void heaps_begin_with_the_lowest_block_they_had(void **unused)
{
	struct pages p = begin(true);

	(void)unused;
	add(&p, BASE + 10 * PAGE + 16, 100, 0);
	add(&p, ARENA + 20 * PAGE + 16, 100, 1);
	add(&p, ARENA + (UINT64_C(1) << 32) + 16, 200000, 1);
	pages_compute(&p);
	pages_add_dead(&p, &(struct page_block){BASE + PAGE + 16, 50, 2, 0});
	pages_add_dead(&p, &(struct page_block){BASE + 16, 50, 2, 0});
	pages_add_dead(&p, &(struct page_block){BASE - 3 * PAGE, 50, 2, 0});
	pages_add_dead(&p, &(struct page_block){BASE + 30 * PAGE, 50, 2, 0});
	pages_add_dead(&p, &(struct page_block){ARENA + 0x8c0, 50, 2, 0});
	pages_add_dead(&p, &(struct page_block){ARENA - 16, 50, 2, 0});
	pages_add_dead(&p, &(struct page_block){ARENA + 30 * PAGE, 50, 2, 0});
	pages_add_dead(&p, &(struct page_block){ARENA + (UINT64_C(2) << 32), 50, 2, 0});
	pages_estimate(&p);
	assert_int_equal(p.n_areas, 3);
	assert_int_equal(p.areas[0].begin, BASE);
	assert_int_equal(p.areas[0].free_pages, 9);
	assert_int_equal(p.areas[1].begin, ARENA + 0x8c0 - 16);
	assert_int_equal(p.areas[1].free_pages, 19);
	assert_int_equal(p.areas[2].free_pages, 0);
	pages_fini(&p);
}

static void costs_add_up(void **unused)
{
	struct pages p = begin(true);
	uint32_t *order;
	size_t n;

	(void)unused;
	add(&p, BASE + 16, 1, 0);
	add(&p, BASE + 64, 24, 1);
	add(&p, ARENA + 16, 200000, 2);
	pages_compute(&p);
	pages_add_costs(&p);
	assert_true(p.classes[0].headers == 8 && p.classes[0].rounding == 23);
	assert_true(p.classes[1].headers == 8 && p.classes[1].rounding == 0);
	assert_true(p.classes[PAGE_CLASS_MAPPED].headers == 16);
	assert_true(p.classes[PAGE_CLASS_MAPPED].rounding == 49 * PAGE - 200016);
	assert_int_equal(pages_class_largest(1), 32);
	order = pages_costly_sites(&p, &n);
	assert_int_equal(n, 3);
	assert_int_equal(order[0], 2);
	assert_int_equal(order[2], 1);
	free(order);
	pages_fini(&p);
}

/* Whether malloc is glibc's, and not that of Valgrind or a sanitizer, which give what is
 * asked for. */
static bool is_malloc_of_glibc(void)
{
	void *block = malloc(1);
	size_t usable = malloc_usable_size(block);

	free(block);
	return usable >= 3 * sizeof(size_t);
}

/* Blocks that are never freed come from the top, where chunks have their exact size. */
static void chunks_are_those_of_malloc(void **unused)
{
	struct chunk_model m = chunks_of_glibc(sizeof(void *));
	static void *blocks[9000];
	size_t n = 0, in_mapping;

	(void)unused;
	assert_int_equal(chunk_size(&m, 0), sizeof(void *) == 8 ? 32 : 16);
	if (!is_malloc_of_glibc())
		return;
	for (size_t size = 1100; size < 9000; size++) {
		blocks[n] = malloc(size);
		assert_int_equal(malloc_usable_size(blocks[n]) + m.word,
				 chunk_size(&m, size));
		n++;
	}
	for (size_t size = 140000; size < 600000; size += 4321) {
		blocks[n] = malloc(size);
		assert_true(chunk_may_be_mapped(&m, (uintptr_t)blocks[n], size));
		/* A newer glibc leaves the last word of a mapping unused */
		in_mapping = malloc_usable_size(blocks[n]) + 2 * sizeof(void *);
		assert_int_equal((in_mapping + m.page - 1) / m.page * m.page,
				 chunk_mapped_size(&m, size));
		n++;
	}
	while (n > 0)
		free(blocks[--n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_those_of_malloc),
		cmocka_unit_test(pages_of_chunks_are_those_of_their_bytes),
		cmocka_unit_test(pages_of_any_blocks_are_those_of_their_bytes),
		cmocka_unit_test(areas_are_told_by_their_addresses),
		cmocka_unit_test(other_allocators_are_told_by_their_addresses),
		cmocka_unit_test(blocks_at_one_address_refute_nothing),
		cmocka_unit_test(blocks_at_the_ends_of_memory_are_taken),
		cmocka_unit_test(nothing_has_no_pages),
		cmocka_unit_test(the_dead_are_neighbours_of_holders),
		cmocka_unit_test(heaps_begin_with_the_lowest_block_they_had),
		cmocka_unit_test(costs_add_up),
		/* Last: it frees a large block, and malloc maps fewer ones then */
		cmocka_unit_test(lives_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
