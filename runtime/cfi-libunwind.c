/* SPDX-License-Identifier: MIT */
/*
 * The rules of cfi.h by libunwind instead of cfi.c: with -Dunwinder=libunwind, and for
 * armhf, whose tables are of another kind.
 *
 * libunwind makes one step, with names instead of values. A register's value is its name,
 * and so is a word of the stack; a name plus an offset is a place. So the caller's
 * registers, which it computes, say where each of them comes from, and that is the rule.
 * It is asked once for each distinct return address, and walks no stack itself: what is
 * read of the stack is read by unwind.c, which knows what can be read.
 *
 * Only its evaluator of call frame information is taken, as one object: with its sources
 * in one file, none of its names need be seen outside. What that would ask of the rest of
 * libunwind, which allocates, takes locks and lists modules, is given here. All of it
 * runs under one lock, with signals blocked; so most of its state is in
 * static variables. It has no caches: the rules are one.
 */
#define NDEBUG /* its assertions */
#include <sys/mman.h>
#include <stdlib.h>
#define mmap(...) MAP_FAILED /* for caches, which are not used */
#define munmap(...) (-1)
#define abort() __builtin_trap() /* of floating point, which is not asked for */

#include "libunwind_i.h"
#undef dwarf_to_unw_regnum
#define dwarf_to_unw_regnum(reg) (reg) /* DWARF's numbers everywhere */
#include "dwarf_i.h"
#undef HIDDEN
#undef ALWAYS_INLINE

#include "runtime/cfi.h"
#include "runtime/machine.h"
#include "runtime/os-lock.h"

/* As much as one evaluation takes: the description of a function, and the rows that its
 * instructions remember. */
#define MAX_REMEMBERED 8

union piece {
	union piece *next;
	struct dwarf_cie_info description;
	dwarf_stackable_reg_state_t row;
};

static union piece pieces[1 + MAX_REMEMBERED], *free_pieces;

static void give_piece(void *p)
{
	union piece *piece = p;
	piece->next = free_pieces;
	free_pieces = piece;
}

static void *take_piece(void)
{
	union piece *piece = free_pieces;
	if (piece)
		free_pieces = piece->next;
	return piece;
}

/* The next definitions stand for other parts of libunwind. */
#undef mempool_alloc
#undef mempool_free
#define mempool_alloc(pool) take_piece()
#define mempool_free(pool, piece) give_piece(piece)
#undef tdep_fetch_frame
#undef tdep_cache_frame
#undef tdep_reuse_frame
#undef tdep_stash_frame
#define tdep_fetch_frame(cursor, ip, need)
#define tdep_cache_frame(cursor) 0
#define tdep_reuse_frame(cursor, frame)
#define tdep_stash_frame(cursor, row)
#undef lock_acquire
#undef lock_release
#define lock_acquire(lock, signals) (void)(signals)
#define lock_release(lock, signals) (void)(signals)

/* No .debug_frame is read, and no code is made at run time that would tell of itself. */
unw_addr_space_t unw_local_addr_space;

int unwi_find_dynamic_proc_info(unw_addr_space_t space, unw_word_t ip,
				unw_proc_info_t *info, int need, void *arg)
{
	(void)space, (void)ip, (void)info, (void)need, (void)arg;
	return -UNW_ENOINFO;
}

void unwi_put_dynamic_unwind_info(unw_addr_space_t space, unw_proc_info_t *info,
				  void *arg)
{
	(void)space, (void)info, (void)arg;
}

unw_accessors_t *unw_get_accessors_int(unw_addr_space_t space)
{
	return &space->acc;
}

/* By DWARF's number. */
int unw_get_reg(unw_cursor_t *cursor, int reg, unw_word_t *value)
{
	struct dwarf_cursor *c = (struct dwarf_cursor *)cursor;
	if (reg < 0 || reg >= DWARF_NUM_PRESERVED_REGS)
		return -UNW_EBADREG;
	return dwarf_get(c, c->loc[reg], value);
}

#define UNW_REMOTE_ONLY
#include "src/dwarf/Gexpr.c"
#include "src/dwarf/Gfde.c"
#include "src/dwarf/Gfind_proc_info-lsb.c"
#include "src/dwarf/Gparser.c"
#include "src/dwarf/Gpe.c"
#if defined(__arm__)
#undef unw_is_signal_frame
#define unw_is_signal_frame(cursor) 0 /* signal-frame.c knows them */
int unwi_unwind_method;
#include "src/arm/Gex_tables.c"
#include "src/arm/Gstep.c"
#endif

/* Names. One is so far from the next, and from the tables, that no offset leads there. */
enum name {
	NAME_SP, /* the values of these registers */
	NAME_FP,
	NAME_FP2,  /* ARM's other one */
	NAME_READ, /* the word of the stack that is read first */
	NAME_OTHER,
	N_NAMES,
};

#if __SIZEOF_POINTER__ == 8
#define NAME_STRIDE (UINT64_C(1) << 59) /* the first is above all addresses */
#define NEAR (INT64_C(1) << 31)
#else
#define NAME_STRIDE (1u << 26)
#define NEAR (INT32_C(1) << 25)
#endif

struct place {
	enum name name; /* N_NAMES: none of them */
	int32_t offset;
};

#define DWARF_FP2 11
#if defined(__arm__)
#define HAS_FP2 true
#else
#define HAS_FP2 false
#endif

/* One step, and what it reads. */
struct step {
	const struct rhp_module_info *module;
	uintptr_t pc;
	unw_word_t names[N_NAMES], read_at;
	bool has_read;
};

/* Where addresses of the module are none of these. */
static void choose_names(struct step *s)
{
	unw_word_t name = NAME_STRIDE;
	for (int i = 0; i < N_NAMES; name += NAME_STRIDE)
		if (name + NEAR <= s->module->read_low ||
		    name - NEAR >= s->module->read_high)
			s->names[i++] = name;
}

static struct place place_of(const struct step *s, unw_word_t value)
{
	for (int i = 0; i < N_NAMES; i++) {
		intptr_t offset = (intptr_t)(value - s->names[i]);
		if (offset > -NEAR && offset < NEAR)
			return (struct place){(enum name)i, (int32_t)offset};
	}
	return (struct place){N_NAMES, 0};
}

/* Words of the module's own tables, and of the stack. */
static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *value,
		      int write, void *arg)
{
	struct step *s = arg;
	const struct rhp_module_info *m = s->module;
	(void)space;
	if (write)
		return -UNW_EREADONLYREG;
	if (place_of(s, address).name < NAME_READ) {
		/* Expressions read it byte by byte. */
		if (!s->has_read)
			s->read_at = address;
		s->has_read = true;
		*value = s->names[address == s->read_at ? NAME_READ : NAME_OTHER];
		return 0;
	}
	/* The page of the last byte is there. What lies elsewhere in the module is the
	 * address of a function for exceptions. */
	bool is_table = address % sizeof(*value) == 0 && address < m->read_high &&
			address + sizeof(*value) > m->read_low;
	if (!is_table && (address < m->start || address >= m->end))
		return -UNW_EINVAL;
	*value = is_table ? *(const unw_word_t *)address : 0;
	return 0;
}

/* x86 has the number of return addresses for the instruction pointer, by which stubs of
 * the linker tell where in them they are. */
#if defined(__x86_64__) || defined(__i386__)
#define IP_IS_REGISTER true
#else
#define IP_IS_REGISTER false
#endif

static int access_reg(unw_addr_space_t space, unw_regnum_t reg, unw_word_t *value,
		      int write, void *arg)
{
	const struct step *s = arg;
	(void)space;
	if (write)
		return -UNW_EREADONLYREG;
	if (IP_IS_REGISTER && reg == RHP_DWARF_RA) {
		*value = s->pc;
		return 0;
	}
	if (HAS_FP2 && reg == DWARF_FP2) {
		*value = s->names[NAME_FP2];
		return 0;
	}
	*value = s->names[reg == RHP_DWARF_SP   ? NAME_SP
			  : reg == RHP_DWARF_FP ? NAME_FP
						: NAME_OTHER];
	return 0;
}

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info,
			  int need, void *arg)
{
	const struct rhp_module_info *m = ((const struct step *)arg)->module;
	unw_dyn_info_t table = {.format = UNW_INFO_FORMAT_REMOTE_TABLE,
				.start_ip = m->start,
				.end_ip = m->end};
	table.u.rti.segbase = m->eh_frame_hdr;
	table.u.rti.table_data = m->unwind_table;
#if defined(__arm__)
	table.format = UNW_INFO_FORMAT_ARM_EXIDX;
	table.u.rti.table_len = m->n_unwind_entries * 8;
	return arm_search_unwind_table(space, ip, &table, info, need, arg);
#else
	table.u.rti.table_len = m->n_unwind_entries * 8 / sizeof(unw_word_t);
	return dwarf_search_unwind_table(space, ip, &table, info, need, arg);
#endif
}

/* Zero but for these, for it has room for caches, which takes no memory until it is used.
 */
static struct unw_addr_space space;

static void prepare_space(void)
{
	space.acc.find_proc_info = find_proc_info;
	space.acc.access_mem = access_mem;
	space.acc.access_reg = access_reg;
	space.caching_policy = UNW_CACHE_NONE;
}

/* A step from `pc`, or a negative number. */
static int step_from(const struct rhp_module_info *module, uintptr_t pc, struct step *s,
		     struct cursor *cursor)
{
	struct dwarf_cursor *c = &cursor->dwarf;
	*s = (struct step){.module = module, .pc = pc};
	if (!module->unwind_table)
		return -UNW_ENOINFO;
	choose_names(s);
	prepare_space();
	memset(cursor, 0, sizeof(*cursor));
	free_pieces = NULL;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		give_piece(&pieces[i]);
	c->as = &space;
	c->as_arg = s;
	c->ip = pc;
	c->cfa = s->names[NAME_SP];
	for (int i = 0; i < DWARF_NUM_PRESERVED_REGS; i++)
		c->loc[i] = DWARF_REG_LOC(c, (unw_word_t)i);
#if defined(__arm__)
	return arm_exidx_step(cursor);
#else
	return dwarf_step(c);
#endif
}

static bool set_cfa(const struct step *s, unw_word_t cfa, struct rhp_rule *rule)
{
	struct place place = place_of(s, cfa);
	if (place.name == NAME_READ && place.offset == 0) {
		rule->flags |= RHP_RULE_CFA_DEREF;
		place = place_of(s, s->read_at);
	}
	rule->flags |= place.name == NAME_FP    ? RHP_RULE_CFA_FP
		       : place.name == NAME_FP2 ? RHP_RULE_CFA_FP2
						: 0;
	rule->cfa = place.offset;
	return place.name < NAME_READ;
}

/* Where a saved register lies: from the CFA, or else from sp or fp (0: not known for this
 * register). */
static bool set_location(const struct step *s, unw_word_t cfa, unw_word_t at,
			 uint16_t sp_flag, uint16_t fp_flag, int32_t *offset,
			 struct rhp_rule *rule)
{
	struct place from = place_of(s, cfa), place = place_of(s, at);
	*offset = place.offset;
	if (place.name == from.name && place.name < NAME_READ) {
		*offset -= from.offset;
		return true;
	}
	uint16_t flag = place.name == NAME_SP   ? sp_flag
			: place.name == NAME_FP ? fp_flag
						: 0;
	rule->flags |= flag;
	return flag;
}

/* Where a step leaves the place of the return address. */
#if defined(__arm__)
#define LOC_OF_IP UNW_ARM_R15
#else
#define LOC_OF_IP RHP_DWARF_RA
#endif

static bool is_register(dwarf_loc_t location, unw_word_t reg)
{
	return DWARF_IS_REG_LOC(location) && DWARF_GET_LOC(location) == reg;
}

#ifdef DWARF_IS_VAL_LOC
#define IS_IN_MEMORY(location)                                                           \
	(!DWARF_IS_REG_LOC(location) && !DWARF_IS_VAL_LOC(location))
#else
#define IS_IN_MEMORY(location) (!DWARF_IS_REG_LOC(location))
#endif

/* Where the caller's value of a register is, if not in it. False: that is not known. */
static bool set_saved(const struct step *s, const struct dwarf_cursor *c, unsigned reg,
		      int32_t *offset, uint16_t saved_flag, struct rhp_rule *rule)
{
	dwarf_loc_t location = c->loc[reg];
	if (is_register(location, reg) || DWARF_IS_NULL_LOC(location))
		return true;
	rule->flags |= saved_flag;
	return IS_IN_MEMORY(location) &&
	       set_location(s, c->cfa, DWARF_GET_LOC(location), RHP_RULE_FP_SP,
			    RHP_RULE_FP_FP, offset, rule);
}

static struct rhp_rule rule_of(const struct step *s, const struct dwarf_cursor *c)
{
	const struct rhp_rule none = {.flags = RHP_RULE_NONE};
	struct rhp_rule rule = {.flags = HAS_FP2 || c->use_prev_instr ? 0
								      : RHP_RULE_EXACT};
	int32_t ra_at = 0, fp_at = 0, fp2_at = 0;
	dwarf_loc_t ra = c->loc[LOC_OF_IP];
	if (DWARF_IS_NULL_LOC(ra))
		return (struct rhp_rule){.flags = RHP_RULE_END};
	if (!set_cfa(s, c->cfa, &rule))
		return none;
	if (is_register(ra, RHP_DWARF_RA))
		rule.flags |= RHP_RULE_RA_LINK;
	else if (!IS_IN_MEMORY(ra) || !set_location(s, c->cfa, DWARF_GET_LOC(ra),
						    RHP_RULE_RA_SP, 0, &ra_at, &rule))
		return none;
	if (!set_saved(s, c, RHP_DWARF_FP, &fp_at, RHP_RULE_FP_SAVED, &rule) ||
	    (HAS_FP2 && !set_saved(s, c, DWARF_FP2, &fp2_at, RHP_RULE_FP2_SAVED, &rule)))
		return none;
	rule.ra = (__typeof__(rule.ra))ra_at;
	rule.fp = (__typeof__(rule.fp))fp_at;
#if defined(__arm__)
	rule.fp2 = (int16_t)fp2_at;
#endif
	return rule.ra == ra_at && rule.fp == fp_at ? rule : none;
}

/* Of the variables above. */
static struct rhp_lock lock;

struct rhp_rule rhp_cfi_rule(const struct rhp_module_info *module, uintptr_t pc)
{
	struct rhp_rule rule = {.flags = RHP_RULE_NONE};
	static struct cursor cursor;
	struct step s;
	rhp_lock_take(&lock);
	if (step_from(module, pc, &s, &cursor) >= 0)
		rule = rule_of(&s, &cursor.dwarf);
	rhp_lock_drop(&lock);
	return rule;
}

bool rhp_cfi_saved(const struct rhp_module_info *module, uintptr_t pc, unsigned reg,
		   int64_t *offset)
{
	static struct cursor cursor;
	struct step s;
	int32_t from_cfa = 0;
	rhp_lock_take(&lock);
	bool is_known =
		reg < DWARF_NUM_PRESERVED_REGS && step_from(module, pc, &s, &cursor) >= 0;
	if (is_known) {
		struct rhp_rule unused = {0};
		dwarf_loc_t saved = cursor.dwarf.loc[reg];
		is_known = IS_IN_MEMORY(saved) && !DWARF_IS_NULL_LOC(saved) &&
			   set_location(&s, cursor.dwarf.cfa, DWARF_GET_LOC(saved), 0, 0,
					&from_cfa, &unused);
	}
	rhp_lock_drop(&lock);
	*offset = from_cfa;
	return is_known;
}
