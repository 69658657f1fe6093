// SPDX-License-Identifier: MIT
/*
 * A chunk in use has one word before the block, its size; the word before that belongs to
 * the chunk below as long as that is in use. A chunk begins two words before its block,
 * then, and its block may reach one word into the next chunk. malloc/malloc.c of glibc
 * has this since 2.26.
 */
#include "report/chunks.h"

#define PAGE 4096
#define STEP 16 /* also on i386, where it was 8 before glibc 2.26 */
#define MAP_FROM (UINT64_C(128) << 10)
#define FREE_HEAD_WORDS 6 /* of a large free chunk: sizes, and lists of two kinds */

struct chunk_model chunks_of_glibc(int64_t pointer_size)
{
	bool is_small = pointer_size == 4;

	return (struct chunk_model){
		.page = PAGE,
		.word = is_small ? 4 : 8,
		.step = STEP,
		.least = is_small ? 16 : 32,
		.map_from = MAP_FROM,
		.heap_size = is_small ? UINT64_C(1) << 20 : UINT64_C(64) << 20,
	};
}

/* To a multiple of a power of two; what is too large for that stays. */
static uint64_t round_up(uint64_t value, uint64_t step)
{
	return value > UINT64_MAX - step ? value : (value + step - 1) & ~(step - 1);
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t chunk_size(const struct chunk_model *m, uint64_t size)
{
	uint64_t chunk = round_up(add(size, m->word), m->step);

	return chunk < m->least ? m->least : chunk;
}

uint64_t chunk_mapped_size(const struct chunk_model *m, uint64_t size)
{
	return round_up(add(chunk_size(m, size), m->step - m->word), m->page);
}

uint64_t chunk_begin(const struct chunk_model *m, uint64_t address)
{
	return address < 2 * m->word ? 0 : address - 2 * m->word;
}

bool chunk_may_be_mapped(const struct chunk_model *m, uint64_t address, uint64_t size)
{
	uint64_t offset = address & (m->page - 1);

	/* At the begin of a page, it was asked for by memalign or the like */
	return chunk_size(m, size) >= m->map_from && (offset == STEP || offset == 0);
}

uint64_t chunk_free_pages(const struct chunk_model *m, uint64_t from, uint64_t to)
{
	uint64_t first = round_up(add(from, FREE_HEAD_WORDS * m->word), m->page);

	return to > first ? (to - first) / m->page : 0;
}
