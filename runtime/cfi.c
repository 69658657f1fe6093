/* SPDX-License-Identifier: MIT */
/*
 * An evaluator of DWARF call frame information for the three registers that
 * matter here: the canonical frame address (CFA, the caller's stack pointer),
 * the return address, and the frame pointer. Formats as in the Linux Standard
 * Base (.eh_frame, .eh_frame_hdr) and DWARF 5, section 6.4.
 *
 * Why not libunwind itself: its static archive is not position-independent in
 * Debian 12 (37 absolute relocations in the part that would be needed), so it
 * cannot be linked into a PIE, let alone a shared object. Instead it is the
 * judge of this file: tests/unit/test-cfi.c asks libunwind for the rule of
 * every place of every mapped module and compares (docs/explanation/stacks.md).
 *
 * Reading never leaves [low, high), the segment that holds the tables; a reader
 * that would is marked bad, reads zeros from then on, and yields no rule.
 */
#include <string.h>

#include "runtime/cfi.h"
#include "runtime/machine.h"

#if defined(__aarch64__) || defined(__riscv)
#define RA_IN_REGISTER RHP_RULE_RA_LINK /* until it is saved */
#else
#define RA_IN_REGISTER 0
#endif

#define MAX_REMEMBERED 4

enum where {
	SAME,
	UNDEFINED,
	AT_CFA,
	AT_REGISTER,
	ELSEWHERE
};

struct span {
	const uint8_t *at, *end;
	bool bad;
};

/* So far from the CFA or from a register, in what struct rhp_rule has room for: rows are
 * kept on stacks that may be small. */
struct location {
	int32_t offset;
	uint8_t where, reg; /* NO_REGISTER: one that is of no use here */
	bool deref;         /* ... the address of that */
};

#define NO_REGISTER 0xff

/* One row of the table that the instructions describe. */
struct row {
	struct location cfa, ra, fp;
};

struct cie {
	uint64_t code_align, ra_register;
	int64_t data_align;
	uint8_t pointer_encoding;
	bool augmented, signal_frame;
	struct span instructions;
};

struct machine {
	const struct cie *cie;
	struct row row, initial, remembered[MAX_REMEMBERED];
	unsigned n_remembered;
	uintptr_t location, pc;
	unsigned fp_register; /* whose place row.fp is */
};

static uint64_t read_fixed(struct span *s, size_t size)
{
	uint64_t value = 0;
	if ((size_t)(s->end - s->at) < size) {
		s->bad = true;
		s->at = s->end;
		return 0;
	}
	memcpy(&value, s->at, size);
	s->at += size;
	return value;
}

static uint8_t read_byte(struct span *s)
{
	return (uint8_t)read_fixed(s, 1);
}

static uint64_t read_uleb(struct span *s)
{
	uint64_t value = 0;
	uint8_t byte;
	unsigned shift = 0;
	do {
		byte = read_byte(s);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value;
}

static int64_t read_sleb(struct span *s)
{
	uint64_t value = 0;
	uint8_t byte;
	unsigned shift = 0;
	do {
		byte = read_byte(s);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && byte & 0x40)
		value |= ~UINT64_C(0) << shift;
	return (int64_t)value;
}

/* A part of `size` bytes, taken off the front. */
static struct span take(struct span *s, uint64_t size)
{
	struct span part = {s->at, s->at, false};
	if (size > (uint64_t)(s->end - s->at)) {
		s->bad = part.bad = true;
		s->at = s->end;
		return part;
	}
	part.end = s->at += size;
	return part;
}

/* A pointer in one of the DW_EH_PE encodings that .eh_frame uses. */
static uintptr_t read_pointer(struct span *s, uint8_t encoding)
{
	uintptr_t base = (encoding & 0x70) == 0x10 ? (uintptr_t)s->at : 0;
	if ((encoding & 0x70) != 0x10 && (encoding & 0x70) != 0)
		s->bad = true;
	switch (encoding & 0x0f) {
	case 0x00:
		return base + (uintptr_t)read_fixed(s, sizeof(uintptr_t));
	case 0x02:
		return base + (uintptr_t)read_fixed(s, 2);
	case 0x03:
		return base + (uintptr_t)read_fixed(s, 4);
	case 0x04:
	case 0x0c:
		return base + (uintptr_t)read_fixed(s, 8);
	case 0x0a:
		return base + (uintptr_t)(intptr_t)(int16_t)read_fixed(s, 2);
	case 0x0b:
		return base + (uintptr_t)(intptr_t)(int32_t)read_fixed(s, 4);
	default:
		s->bad = true;
		return 0;
	}
}

/* The contents of the entry (CIE or FDE) at an address. */
static struct span entry_at(const struct rhp_module_info *m, uintptr_t address)
{
	struct span s = {(const uint8_t *)address, (const uint8_t *)m->read_high, false};
	if (address < m->read_low || address >= m->read_high)
		return (struct span){.bad = true};
	uint64_t length = read_fixed(&s, 4);
	if (length == 0xffffffff)
		length = read_fixed(&s, 8);
	return take(&s, length);
}

/* Reads the letters that say what a CIE's augmentation data hold. */
static void read_augmentation(struct span *s, const char *letters, struct cie *cie)
{
	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			cie->pointer_encoding = read_byte(s);
			break;
		case 'P':
			/* The personality routine may be indirect; its value is not
			 * needed. */
			read_pointer(s, read_byte(s) & 0x0f);
			break;
		case 'L':
			read_byte(s);
			break;
		case 'S':
			cie->signal_frame = true;
			break;
		case 'B': /* aarch64: return addresses may be signed */
		case 'G':
			break;
		default:
			s->bad = true;
		}
	}
}

static bool read_cie(const struct rhp_module_info *m, uintptr_t address, struct cie *cie)
{
	struct span s = entry_at(m, address);
	*cie = (struct cie){0};
	uint64_t id = read_fixed(&s, 4);
	uint8_t version = read_byte(&s);
	const char *letters = (const char *)s.at;
	while (!s.bad && read_byte(&s))
		;
	if (s.bad || id != 0 || (version != 1 && version != 3))
		return false;
	cie->code_align = read_uleb(&s);
	cie->data_align = read_sleb(&s);
	cie->ra_register = version == 1 ? read_byte(&s) : read_uleb(&s);
	if (letters[0] == 'z') {
		cie->augmented = true;
		struct span data = take(&s, read_uleb(&s));
		read_augmentation(&data, letters + 1, cie);
		s.bad |= data.bad;
	} else if (letters[0]) {
		return false;
	}
	cie->instructions = s;
	return !s.bad;
}

/* The FDE whose range holds pc, by the sorted table; its CIE and instructions. */
static NOINLINE bool find_fde(const struct rhp_module_info *m, uintptr_t pc,
			      struct cie *cie, struct span *instructions,
			      uintptr_t *begin)
{
	const int32_t *table = (const int32_t *)m->unwind_table;
	uint64_t low = 0, high = m->n_unwind_entries;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (m->eh_frame_hdr + (uintptr_t)(intptr_t)table[2 * middle] <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return false;
	struct span s = entry_at(
		m, m->eh_frame_hdr + (uintptr_t)(intptr_t)table[2 * (low - 1) + 1]);
	uintptr_t cie_field = (uintptr_t)s.at;
	uintptr_t cie_offset = (uintptr_t)read_fixed(&s, 4);
	if (s.bad || !read_cie(m, cie_field - cie_offset, cie))
		return false;
	*begin = read_pointer(&s, cie->pointer_encoding);
	uintptr_t size = read_pointer(&s, cie->pointer_encoding & 0x0f);
	if (cie->augmented)
		take(&s, read_uleb(&s));
	*instructions = s;
	return !s.bad && pc >= *begin && pc - *begin < size;
}

/* The tracked register of a number, or NULL. */
static struct location *tracked(struct machine *m, struct row *row, uint64_t reg)
{
	if (reg == m->cie->ra_register)
		return &row->ra;
	return reg == m->fp_register ? &row->fp : NULL;
}

static void set(struct machine *m, uint64_t reg, struct location location)
{
	struct location *l = tracked(m, &m->row, reg);
	if (l)
		*l = location;
}

static struct location place(enum where where, uint64_t reg, int64_t offset)
{
	bool fits = offset == (int32_t)offset;
	return (struct location){
		.where = (uint8_t)(fits ? where : ELSEWHERE),
		.reg = reg < NO_REGISTER ? (uint8_t)reg : NO_REGISTER,
		.offset = fits ? (int32_t)offset : 0,
	};
}

static int64_t factored(const struct machine *m, int64_t n)
{
	return (int64_t)((uint64_t)n * (uint64_t)m->cie->data_align);
}

static void set_offset(struct machine *m, uint64_t reg, int64_t n)
{
	set(m, reg, place(AT_CFA, 0, factored(m, n)));
}

/* "register + offset", perhaps "read there": the expressions in real use. */
static struct location read_expression(struct span s)
{
	uint8_t op = read_byte(&s);
	struct location l = place(AT_REGISTER, op - 0x70u, read_sleb(&s));
	if (s.at < s.end && *s.at == 0x06) { /* DW_OP_deref */
		l.deref = true;
		s.at++;
	}
	if (op < 0x70 || op > 0x8f || s.bad || s.at != s.end) /* DW_OP_breg0 .. 31 */
		l.where = ELSEWHERE;
	return l;
}

static void restore(struct machine *m, uint64_t reg)
{
	struct location *initial = tracked(m, &m->initial, reg);
	if (initial)
		set(m, reg, *initial);
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	m->row.cfa = place(AT_REGISTER, reg, offset);
}

/* Steps the location; false once it is past pc: the row is complete. */
static bool advance(struct machine *m, uint64_t delta)
{
	m->location += (uintptr_t)(delta * m->cie->code_align);
	return m->location <= m->pc;
}

/* Location-advancing instructions; 1 done, 0 not one of these, -1 row complete. */
static int execute_advance(struct machine *m, struct span *s, uint8_t op)
{
	uint64_t delta;
	if (op >> 6 == 1) {
		delta = op & 0x3f;
	} else {
		switch (op) {
		case 0x01: /* set_loc */
			m->location = read_pointer(s, m->cie->pointer_encoding);
			return m->location <= m->pc ? 1 : -1;
		case 0x02: /* advance_loc1 */
			delta = read_fixed(s, 1);
			break;
		case 0x03: /* advance_loc2 */
			delta = read_fixed(s, 2);
			break;
		case 0x04: /* advance_loc4 */
			delta = read_fixed(s, 4);
			break;
		default:
			return 0;
		}
	}
	return advance(m, delta) ? 1 : -1;
}

/* Instructions about the CFA and about whole rows; false if it is neither. */
static bool execute_cfa(struct machine *m, struct span *s, uint8_t op)
{
	uint64_t reg;
	switch (op) {
	case 0x0a: /* remember_state */
		if (m->n_remembered == MAX_REMEMBERED)
			s->bad = true;
		else
			m->remembered[m->n_remembered++] = m->row;
		return true;
	case 0x0b: /* restore_state */
		if (m->n_remembered == 0)
			s->bad = true;
		else
			m->row = m->remembered[--m->n_remembered];
		return true;
	case 0x0c: /* def_cfa */
		reg = read_uleb(s);
		set_cfa(m, reg, (int64_t)read_uleb(s));
		return true;
	case 0x12: /* def_cfa_sf */
		reg = read_uleb(s);
		set_cfa(m, reg, factored(m, read_sleb(s)));
		return true;
	case 0x0d: /* def_cfa_register */
		set_cfa(m, read_uleb(s), m->row.cfa.offset);
		return true;
	case 0x0e: /* def_cfa_offset */
		set_cfa(m, m->row.cfa.reg, (int64_t)read_uleb(s));
		return true;
	case 0x13: /* def_cfa_offset_sf */
		set_cfa(m, m->row.cfa.reg, factored(m, read_sleb(s)));
		return true;
	case 0x0f: /* def_cfa_expression */
		m->row.cfa = read_expression(take(s, read_uleb(s)));
		return true;
	default:
		return false;
	}
}

/* Instructions about one register; an unknown one spoils the span. */
static void execute_register(struct machine *m, struct span *s, uint8_t op)
{
	uint64_t reg = op & 0x3f;
	if (op >> 6 == 2) { /* offset */
		set_offset(m, reg, (int64_t)read_uleb(s));
		return;
	}
	if (op >> 6 == 3) { /* restore */
		restore(m, reg);
		return;
	}
	if (op == 0x2e) { /* GNU_args_size */
		read_uleb(s);
		return;
	}
	if (op == 0x2d || op == 0x00) /* GNU_window_save, AARCH64_negate_ra_state; nop */
		return;
	reg = read_uleb(s);
	switch (op) {
	case 0x05: /* offset_extended */
		set_offset(m, reg, (int64_t)read_uleb(s));
		break;
	case 0x11: /* offset_extended_sf */
		set_offset(m, reg, read_sleb(s));
		break;
	case 0x2f: /* GNU_negative_offset_extended */
		set_offset(m, reg, -(int64_t)read_uleb(s));
		break;
	case 0x06: /* restore_extended */
		restore(m, reg);
		break;
	case 0x07: /* undefined */
		set(m, reg, (struct location){.where = UNDEFINED});
		break;
	case 0x08: /* same_value */
		set(m, reg, (struct location){.where = SAME});
		break;
	case 0x10: /* expression */
		set(m, reg, read_expression(take(s, read_uleb(s))));
		break;
	case 0x09: /* register */
	case 0x14: /* val_offset */
		read_uleb(s);
		set(m, reg, (struct location){.where = ELSEWHERE});
		break;
	case 0x15: /* val_offset_sf */
		read_sleb(s);
		set(m, reg, (struct location){.where = ELSEWHERE});
		break;
	case 0x16: /* val_expression */
		take(s, read_uleb(s));
		set(m, reg, (struct location){.where = ELSEWHERE});
		break;
	default:
		s->bad = true;
	}
}

static NOINLINE bool execute(struct machine *m, struct span s)
{
	while (s.at < s.end && !s.bad) {
		uint8_t op = read_byte(&s);
		int moved = execute_advance(m, &s, op);
		if (moved < 0)
			break;
		if (moved == 0 && !execute_cfa(m, &s, op))
			execute_register(m, &s, op);
	}
	return !s.bad;
}

static bool set_rule_cfa(const struct location *cfa, struct rhp_rule *rule)
{
	rule->flags |= (cfa->reg == RHP_DWARF_FP ? RHP_RULE_CFA_FP : 0) |
		       (cfa->deref ? RHP_RULE_CFA_DEREF : 0);
	rule->cfa = cfa->offset;
	return cfa->where == AT_REGISTER &&
	       (cfa->reg == RHP_DWARF_FP || cfa->reg == RHP_DWARF_SP);
}

/* Where a saved register lies: from the CFA, from sp in a signal frame, from fp
 * where the stack was aligned anew (fp_flag; 0: not known for this register). */
static bool set_rule_location(const struct location *l, uint16_t sp_flag,
			      uint16_t fp_flag, int32_t *offset, struct rhp_rule *rule)
{
	*offset = l->offset;
	if (l->where == AT_CFA)
		return true;
	if (l->where != AT_REGISTER || l->deref)
		return false;
	uint16_t flag = l->reg == RHP_DWARF_SP   ? sp_flag
			: l->reg == RHP_DWARF_FP ? fp_flag
						 : 0;
	rule->flags |= flag;
	return flag;
}

static struct rhp_rule rule_of(const struct row *row, bool signal_frame)
{
	const struct rhp_rule none = {.flags = RHP_RULE_NONE};
	struct rhp_rule rule = {.flags = signal_frame ? RHP_RULE_EXACT : 0};
	if (row->ra.where == UNDEFINED)
		return (struct rhp_rule){.flags = RHP_RULE_END};
	if (!set_rule_cfa(&row->cfa, &rule))
		return none;
	if (RA_IN_REGISTER && row->ra.where == SAME)
		rule.flags |= RA_IN_REGISTER;
	else if (!set_rule_location(&row->ra, RHP_RULE_RA_SP, 0, &rule.ra, &rule))
		return none;
	if (row->fp.where == SAME || row->fp.where == UNDEFINED)
		return rule;
	rule.flags |= RHP_RULE_FP_SAVED;
	return set_rule_location(&row->fp, RHP_RULE_FP_SP, RHP_RULE_FP_FP, &rule.fp,
				 &rule)
		       ? rule
		       : none;
}

/* The row of an instruction, with the place of a register. */
static bool find_row(const struct rhp_module_info *module, uintptr_t pc,
		     unsigned fp_register, struct machine *m, struct cie *cie)
{
	struct span instructions;
	memset(m, 0, sizeof(*m));
	m->cie = cie;
	m->fp_register = fp_register;
	if (!module->unwind_table ||
	    !find_fde(module, pc, cie, &instructions, &m->location))
		return false;
	uintptr_t begin = m->location;
	m->pc = UINTPTR_MAX; /* the CIE's instructions hold everywhere */
	if (!execute(m, cie->instructions))
		return false;
	m->pc = pc;
	m->location = begin;
	m->initial = m->row;
	return execute(m, instructions);
}

struct rhp_rule rhp_cfi_rule(const struct rhp_module_info *module, uintptr_t pc)
{
	const struct rhp_rule none = {.flags = RHP_RULE_NONE};
	struct cie cie;
	struct machine m;
	return find_row(module, pc, RHP_DWARF_FP, &m, &cie)
		       ? rule_of(&m.row, cie.signal_frame)
		       : none;
}

bool rhp_cfi_saved(const struct rhp_module_info *module, uintptr_t pc, unsigned reg,
		   int64_t *offset)
{
	struct cie cie;
	struct machine m;
	if (!find_row(module, pc, reg, &m, &cie) || m.row.fp.where != AT_CFA)
		return false;
	*offset = m.row.fp.offset;
	return true;
}
