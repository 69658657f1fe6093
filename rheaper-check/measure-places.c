// SPDX-License-Identifier: MIT
/* What a database says of places. */
#include "database/rows.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/measure-parts.h"

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

static void add_place_row(struct reading *r, const struct place_facts *facts)
{
	struct measure *m = r->m;
	const struct process *process = reading_process(r, facts->process);
	struct measure_place_row row = {
		.stack = reading_stack(r, facts->stack),
		.kind = facts->leak_kind > 0 && facts->leak_kind < N_LEAK_KINDS
				? (enum leak_kind)facts->leak_kind
				: LEAK_UNKNOWN,
	};

	if (m->wants_names)
		reading_note_lost(r, process->program, row.stack);
	take_amounts(r, facts, row.amounts);
	if (row.kind == LEAK_INDIRECT && facts->leak_owner >= 0)
		row.owner = reading_stack(r, facts->leak_owner);
	if (!reading_judges(process, row.kind))
		row.amounts[PLACE_LEAK_BLOCKS] = row.amounts[PLACE_LEAK_BYTES] = 0;
	m->place_rows = arena_grow(r->arena, m->place_rows, m->n_place_rows, sizeof(row));
	m->place_rows[m->n_place_rows++] = row;
	m->places[m->n_places - 1].n_rows++;
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

static void read_places(struct reading *r, enum place_kind kind)
{
	struct rows *rows =
		places_select(&r->database, kind, r->m->leak_kinds | 1u << LEAK_UNKNOWN);
	struct place_facts facts;
	int64_t place = 0;
	bool first = true;

	while (rows_next(rows, &facts)) {
		if (first || place != facts.place)
			add_place(r, kind, &facts);
		first = false;
		place = facts.place;
		if (facts.has_stack)
			add_place_row(r, &facts);
	}
	rows_close(rows);
}

static void read_beside(struct reading *r)
{
	struct measure *m = r->m;
	struct rows *rows = places_select_beside(&r->database);
	struct beside_facts facts;

	while (rows_next(rows, &facts)) {
		m->besides = arena_grow(r->arena, m->besides, m->n_besides,
					sizeof(*m->besides));
		m->besides[m->n_besides++] = (struct measure_beside){
			.program = reading_process(r, facts.process)->program,
			.name = reading_text_or(r, facts.name, ""),
			.allocations = reading_count(r, facts.allocations),
		};
	}
	rows_close(rows);
}

void reading_take_places(struct reading *r)
{
	for (int i = 0; i < N_PLACE_KINDS; i++) {
		if (r->m->wanted[i])
			read_places(r, (enum place_kind)i);
	}
	if (r->m->wanted[PLACE_SCOPE])
		read_beside(r);
}
