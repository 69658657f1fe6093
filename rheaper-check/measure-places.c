// SPDX-License-Identifier: MIT
/*
 * What a database says of places. There is one query for each kind of leaks, all of which
 * give the same places and stacks, and differ in what leaks.
 */
#include "common/cli.h"
#include "database/rows.h"
#include "database/sites.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/measure-parts.h"

/* The present row of the query for each kind; those that are not asked for are NULL. */
struct kinds {
	struct rows *rows[N_LEAK_KINDS];
	struct place_facts facts[N_LEAK_KINDS];
};

static void add_place_row(struct reading *r, const struct measure_place_row *row,
			  bool cut)
{
	struct measure *m = r->m;
	struct measure_place_row *added;

	m->place_rows =
		arena_grow(r->arena, m->place_rows, m->n_place_rows, sizeof(*row));
	added = &m->place_rows[m->n_place_rows++];
	*added = *row;
	if (cut)
		added->amounts[PLACE_LEAK_BLOCKS] = added->amounts[PLACE_LEAK_BYTES] = 0;
	m->places[m->n_places - 1].n_rows++;
}

static void take_amounts(const struct reading *r, const struct place_facts *facts,
			 int64_t *amounts)
{
	amounts[PLACE_ALLOCATIONS] = reading_count(r, facts->allocations);
	amounts[PLACE_BYTES] = reading_count(r, facts->allocated_bytes);
	amounts[PLACE_KEPT_BLOCKS] = reading_count(r, facts->kept_blocks);
	amounts[PLACE_KEPT_BYTES] = reading_count(r, facts->kept_bytes);
	amounts[PLACE_LEAK_BLOCKS] = reading_count(r, facts->live_blocks);
	amounts[PLACE_LEAK_BYTES] = reading_count(r, facts->live_bytes);
}

/* Takes of the row of all others what leaks by a kind, which was kept, too. */
static void split_off(struct measure_place_row *all, struct measure_place_row *part,
		      int leak, int kept, int64_t n)
{
	part->amounts[leak] = part->amounts[kept] = n;
	all->amounts[kept] -= n < all->amounts[kept] ? n : all->amounts[kept];
}

static void take_place_rows(struct reading *r, const struct kinds *k,
			    const struct process *process)
{
	const struct place_facts *unknown = &k->facts[LEAK_UNKNOWN];
	struct measure_place_row all = {.stack = reading_stack(r, unknown->stack)};

	take_amounts(r, unknown, all.amounts);
	for (int kind = LEAK_UNKNOWN + 1; kind < N_LEAK_KINDS; kind++) {
		const struct place_facts *facts = &k->facts[kind];
		struct measure_place_row part = {.stack = all.stack,
						 .kind = (enum leak_kind)kind};

		if (!k->rows[kind])
			continue;
		split_off(&all, &part, PLACE_LEAK_BLOCKS, PLACE_KEPT_BLOCKS,
			  reading_count(r, facts->live_blocks));
		split_off(&all, &part, PLACE_LEAK_BYTES, PLACE_KEPT_BYTES,
			  reading_count(r, facts->live_bytes));
		if (part.amounts[PLACE_LEAK_BLOCKS])
			add_place_row(r, &part, process->cut);
	}
	add_place_row(r, &all, process->cut || process->scanned);
}

static bool step(const struct reading *r, struct kinds *k)
{
	const struct place_facts *unknown = &k->facts[LEAK_UNKNOWN];
	bool more = rows_next(k->rows[LEAK_UNKNOWN], &k->facts[LEAK_UNKNOWN]);

	for (int kind = LEAK_UNKNOWN + 1; kind < N_LEAK_KINDS; kind++) {
		const struct place_facts *facts = &k->facts[kind];

		if (!k->rows[kind])
			continue;
		if (rows_next(k->rows[kind], &k->facts[kind]) != more ||
		    (more &&
		     (facts->place != unknown->place || facts->stack != unknown->stack)))
			die("read %s: another program changed the database; check it "
			    "again",
			    r->database.name);
	}
	return more;
}

static void add_place(struct reading *r, enum place_kind kind,
		      const struct place_facts *facts)
{
	struct measure *m = r->m;

	m->places = arena_grow(r->arena, m->places, m->n_places, sizeof(*m->places));
	m->places[m->n_places++] = (struct measure_place){
		.kind = kind,
		.program = reading_process(r, facts->process)->program,
		.name = reading_text_or(r, facts->name, ""),
		.first_row = m->n_place_rows,
	};
}

static void read_places(struct reading *r, enum place_kind place_kind)
{
	/* The kinds that count and that there are, and the unknown one, which stands for
	 * all blocks of which no kind is told. */
	unsigned int kinds =
		1u << LEAK_UNKNOWN |
		sites_find_kinds(&r->database, r->m->leak_kinds | 1u << LEAK_UNKNOWN);
	struct kinds k = {0};
	const struct place_facts *facts = &k.facts[LEAK_UNKNOWN];
	int64_t place = 0;
	bool first = true;

	for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
		if (kinds >> kind & 1)
			k.rows[kind] =
				places_select(&r->database, place_kind, 1u << kind);
	}
	while (step(r, &k)) {
		if (first || place != facts->place)
			add_place(r, place_kind, facts);
		first = false;
		place = facts->place;
		if (facts->has_stack)
			take_place_rows(r, &k, reading_process(r, facts->process));
	}
	for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
		if (k.rows[kind])
			rows_close(k.rows[kind]);
	}
}

void reading_take_places(struct reading *r)
{
	for (int i = 0; i < N_PLACE_KINDS; i++) {
		if (r->m->wanted[i])
			read_places(r, (enum place_kind)i);
	}
}
