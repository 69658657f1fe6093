/* SPDX-License-Identifier: MIT */
/*
 * The rules, by return address, and how they are applied. A rule belongs to
 * the set of modules that was mapped when it was made (the epoch), for another
 * module may later bring other code to the same address.
 */
#include "runtime/cfi.h"
#include "runtime/modules.h"
#include "runtime/os.h"
#include "runtime/table.h"
#include "runtime/unwind.h"

static struct rhp_table rules;

static struct rhp_rule make_rule(uintptr_t ip, bool exact, struct rhp_stream *out)
{
	const struct rhp_module_info *m = rhp_module_find(ip, out);
	struct rhp_rule rule = {.flags = RHP_RULE_NONE};
	if (m) {
		/* The call, not what follows it, is where the frame stands. */
		rule = rhp_cfi_rule(m, exact ? ip : ip - 1);
		rule.module = (uint16_t)m->number;
	}
	return rule;
}

struct rhp_rule rhp_unwind_rule(uintptr_t ip, bool exact, struct rhp_stream *out)
{
	uint64_t key[2] = {ip ? ip : 1, (uint64_t)rhp_modules_epoch() << 1 | exact};
	union {
		struct rhp_rule rule;
		uint64_t word[2];
	} value;
	if (LIKELY(rhp_table_find(&rules, key, value.word)))
		return value.rule;
	rhp_lock_take(&rules.lock);
	if (!rhp_table_find(&rules, key, value.word)) {
		value.rule = make_rule(ip, exact, out);
		/* Modules seen for the first time may have moved the epoch. */
		uint64_t epoch = (uint64_t)rhp_modules_epoch() << 1;
		key[1] = epoch | exact;
		rhp_table_add(&rules, key, value.word, epoch);
	}
	rhp_lock_drop(&rules.lock);
	return value.rule;
}

/* A word that may stand anywhere, of whatever type it was written as. */
struct __attribute__((packed, may_alias)) word {
	uintptr_t value;
};

READS_STACKS bool rhp_read_word(const struct rhp_bounds *known, uintptr_t address,
				uintptr_t *word)
{
	bool inside = address >= known->low && address < known->high &&
		      known->high - address >= sizeof(*word);
	if (!inside) {
		uintptr_t last = address + sizeof(*word) - 1;
		if (address < 4096 || last < address || !rhp_os_readable(address) ||
		    ((address ^ last) > 7 && !rhp_os_readable(last)))
			return false;
	}
	*word = ((const struct word *)address)->value;
	return true;
}

bool rhp_unwind_step(struct rhp_rule rule, const struct rhp_bounds *stack,
		     struct rhp_regs *regs)
{
	if (rule.flags & (RHP_RULE_END | RHP_RULE_NONE))
		return false;
	uintptr_t cfa = (rule.flags & RHP_RULE_CFA_FP ? regs->fp : regs->sp) +
			(uintptr_t)rule.cfa;
	if (rule.flags & RHP_RULE_CFA_DEREF && !rhp_read_word(stack, cfa, &cfa))
		return false;
	uintptr_t ra_at =
		(rule.flags & RHP_RULE_RA_SP ? regs->sp : cfa) + (uintptr_t)rule.ra;
	uintptr_t fp_at =
		(rule.flags & RHP_RULE_FP_SP ? regs->sp : cfa) + (uintptr_t)rule.fp;
	if (!rhp_read_word(stack, ra_at, &regs->ip) ||
	    (rule.flags & RHP_RULE_FP_SAVED && !rhp_read_word(stack, fp_at, &regs->fp)))
		return false;
	regs->sp = cfa;
	regs->exact = rule.flags & RHP_RULE_EXACT;
	return regs->ip != 0;
}
