// SPDX-License-Identifier: MIT
/*
 * The line program of DWARF 2 to 5, of which only addresses, files and lines are kept.
 * Rows come in sequences, each of which is for one piece of code; a sequence that begins
 * at address 0 is taken back when it ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "common/array.h"

#include "symbols/live-lines.h"

struct row {
	Dwarf_Addr address;
	size_t index; /* in the order of the program */
	uint32_t file, line;
	bool ends; /* the sequence: the first address behind it */
};

struct live_lines {
	struct row *rows;
	size_t n, n_max;
};

struct span {
	const uint8_t *at, *end; /* `end` is before `at` never; what lacks is 0 */
	bool cut;
};

/* What the program's head says, and the registers of its machine that count here. */
struct machine {
	struct live_lines *lines;
	size_t *n_left;
	size_t first; /* row of the sequence */
	uint8_t step, line_range, opcode_base;
	int8_t line_base;
	const uint8_t *n_operands; /* of opcodes from 1 */
	Dwarf_Addr address;
	uint64_t file, line;
	bool failed;
};

static uint64_t take(struct span *s, size_t size)
{
	uint64_t value = 0;

	if ((size_t)(s->end - s->at) < size || size > sizeof(value)) {
		s->cut = true;
		s->at = s->end;
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)s->at[i] << (8 * i);
	s->at += size;
	return value;
}

static uint64_t take_leb(struct span *s, bool is_signed)
{
	uint64_t value = 0, byte = 0x80;
	unsigned shift = 0;

	for (; byte & 0x80 && !s->cut; shift += 7) {
		byte = take(s, 1);
		if (shift < 64)
			value |= (byte & 0x7f) << shift;
	}
	if (is_signed && byte & 0x40 && shift < 64)
		value |= ~UINT64_C(0) << shift;
	return value;
}

static void add_row(struct machine *m, bool ends)
{
	struct live_lines *lines = m->lines;

	if (*m->n_left == 0 || array_grow((void **)&lines->rows, &lines->n_max,
					  lines->n + 1, sizeof(*lines->rows))) {
		m->failed = true;
		return;
	}
	--*m->n_left;
	lines->rows[lines->n] = (struct row){m->address, lines->n, (uint32_t)m->file,
					     (uint32_t)m->line, ends};
	lines->n++;
}

static void begin_sequence(struct machine *m)
{
	m->first = m->lines->n;
	m->address = 0;
	m->file = m->line = 1;
}

static void end_sequence(struct machine *m)
{
	struct live_lines *lines = m->lines;

	add_row(m, true);
	if (m->first < lines->n && lines->rows[m->first].address == 0)
		lines->n = m->first;
	begin_sequence(m);
}

static void run_extended(struct machine *m, struct span *program)
{
	uint64_t size = take_leb(program, false);
	struct span operand = *program;
	uint64_t opcode;

	if (size == 0 || size > (uint64_t)(program->end - program->at)) {
		program->cut = true;
		return;
	}
	program->at += size;
	operand.end = program->at;
	opcode = take(&operand, 1);
	if (opcode == DW_LNE_end_sequence)
		end_sequence(m);
	else if (opcode == DW_LNE_set_address)
		m->address = take(&operand, (size_t)(operand.end - operand.at));
}

static void run_special(struct machine *m, unsigned opcode)
{
	unsigned advance = opcode - m->opcode_base;

	m->address += (uint64_t)m->step * (advance / m->line_range);
	m->line += (uint64_t)(int64_t)(m->line_base + (int)(advance % m->line_range));
}

static void run_standard(struct machine *m, unsigned opcode, struct span *program)
{
	switch (opcode) {
	case DW_LNS_copy:
		add_row(m, false);
		return;
	case DW_LNS_advance_pc:
		m->address += m->step * take_leb(program, false);
		return;
	case DW_LNS_advance_line:
		m->line += take_leb(program, true);
		return;
	case DW_LNS_set_file:
		m->file = take_leb(program, false);
		return;
	case DW_LNS_const_add_pc:
		m->address +=
			(uint64_t)m->step * ((255u - m->opcode_base) / m->line_range);
		return;
	case DW_LNS_fixed_advance_pc:
		m->address += take(program, 2);
		return;
	}
	for (unsigned i = 0; i < m->n_operands[opcode - 1]; i++)
		take_leb(program, false);
}

static void run(struct machine *m, struct span program)
{
	begin_sequence(m);
	while (program.at < program.end && !program.cut && !m->failed) {
		unsigned opcode = (unsigned)take(&program, 1);
		if (opcode == 0) {
			run_extended(m, &program);
		} else if (opcode < m->opcode_base) {
			run_standard(m, opcode, &program);
		} else {
			run_special(m, opcode);
			add_row(m, false);
		}
	}
	m->lines->n = m->first; /* drops a sequence that did not end */
}

/* Reads the head of the program that `unit` begins with; `unit` is its program then. */
static bool read_head(struct machine *m, struct span *unit)
{
	uint64_t size = take(unit, 4), version;
	size_t offset_size = 4;

	if (size == UINT32_MAX) {
		offset_size = 8;
		size = take(unit, 8);
	}
	if (size > (uint64_t)(unit->end - unit->at))
		return false;
	unit->end = unit->at + size;
	version = take(unit, 2);
	if (version < 2 || version > 5)
		return false;
	if (version == 5)
		take(unit, 2);
	size = take(unit, offset_size);
	if (size > (uint64_t)(unit->end - unit->at))
		return false;
	struct span head = {unit->at, unit->at + size, unit->cut};
	unit->at = head.end;
	m->step = (uint8_t)take(&head, 1);
	if (version >= 4 && take(&head, 1) != 1)
		return false; /* several operations at one address */
	take(&head, 1);
	m->line_base = (int8_t)take(&head, 1);
	m->line_range = (uint8_t)take(&head, 1);
	m->opcode_base = (uint8_t)take(&head, 1);
	m->n_operands = head.at;
	return !head.cut && m->line_range > 0 && m->opcode_base > 0 &&
	       head.end - head.at >= m->opcode_base - 1;
}

/* .debug_line as libdw has it: decompressed. */
static Elf_Data *find_section(Elf *elf)
{
	size_t names;
	GElf_Shdr header;

	if (elf_getshdrstrndx(elf, &names) != 0 ||
	    elf_getident(elf, NULL)[EI_DATA] != ELFDATA2LSB)
		return NULL;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const char *name = gelf_getshdr(scn, &header)
					   ? elf_strptr(elf, names, header.sh_name)
					   : NULL;
		if (name && header.sh_type != SHT_NOBITS &&
		    !(header.sh_flags & SHF_COMPRESSED) &&
		    (strcmp(name, ".debug_line") == 0 ||
		     strcmp(name, ".zdebug_line") == 0))
			return elf_getdata(scn, NULL);
	}
	return NULL;
}

static bool find_program(Dwarf *dwarf, Dwarf_Die *unit, struct span *program)
{
	Elf *elf = dwarf_getelf(dwarf);
	Elf_Data *data = elf ? find_section(elf) : NULL;
	Dwarf_Attribute attribute;
	Dwarf_Word offset;

	if (!data || !data->d_buf ||
	    dwarf_formudata(dwarf_attr(unit, DW_AT_stmt_list, &attribute), &offset) !=
		    0 ||
	    offset > data->d_size)
		return false;
	*program = (struct span){(const uint8_t *)data->d_buf + offset,
				 (const uint8_t *)data->d_buf + data->d_size, false};
	return true;
}

/* Where one sequence ends, another may begin. */
static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->ends != b->ends)
		return a->ends ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

bool live_lines_needed(Dwarf_Die *unit)
{
	Dwarf_Lines *lines;
	Dwarf_Addr address;
	size_t n;

	return dwarf_getsrclines(unit, &lines, &n) == 0 && n > 0 &&
	       dwarf_lineaddr(dwarf_onesrcline(lines, 0), &address) == 0 && address == 0;
}

struct live_lines *live_lines_new(Dwarf *dwarf, Dwarf_Die *unit, size_t *n_left)
{
	struct live_lines *lines = calloc(1, sizeof(*lines));
	struct machine machine = {.lines = lines, .n_left = n_left};
	struct span program;

	if (!lines || !find_program(dwarf, unit, &program) ||
	    !read_head(&machine, &program)) {
		free(lines);
		return NULL;
	}
	run(&machine, program);
	if (machine.failed) {
		live_lines_free(lines);
		return NULL;
	}
	if (lines->n)
		qsort(lines->rows, lines->n, sizeof(*lines->rows), compare_rows);
	return lines;
}

void live_lines_free(struct live_lines *lines)
{
	if (!lines)
		return;
	free(lines->rows);
	free(lines);
}

static bool begins_until(const void *row, const void *address)
{
	return ((const struct row *)row)->address <= *(const Dwarf_Addr *)address;
}

bool live_lines_find(const struct live_lines *lines, Dwarf_Addr address, size_t *file,
		     int *line)
{
	size_t n = array_lower_bound(lines->rows, lines->n, sizeof(*lines->rows),
				     &address, begins_until);

	if (n == 0 || lines->rows[n - 1].ends)
		return false;
	*file = lines->rows[n - 1].file;
	*line = lines->rows[n - 1].line <= INT32_MAX ? (int)lines->rows[n - 1].line : 0;
	return true;
}
