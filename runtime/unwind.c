/* SPDX-License-Identifier: MIT */
/*
 * The rules, by return address, and how they are applied. A rule belongs to
 * the set of modules that was mapped when it was made (the epoch), for another
 * module may later bring other code to the same address.
 */
#include "runtime/cfi.h"
#include "runtime/machine.h"
#include "runtime/modules.h"
#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/os-process.h"
#include "runtime/signal-frame.h"
#include "runtime/table.h"
#include "runtime/unwind.h"

static struct rhp_table rules;

/* Code of no module, or of a strange one: a compiler at run time made it, or there is
 * none. What is found is kept for the page, for stacks without rules are full of words
 * that are not code. Under the lock. */
static bool is_other_code(uintptr_t at)
{
	static struct {
		uintptr_t page;
		uint32_t epoch;
		bool is_code;
	} known[64];
	uintptr_t page = at / RHP_PAGE_LEAST;
	uint32_t slot = page % 64, epoch = rhp_modules_epoch();
	if (known[slot].page != page || known[slot].epoch != epoch) {
		known[slot].is_code = rhp_os_readable(at) && rhp_os_is_code(at);
		known[slot].page = page;
		known[slot].epoch = epoch;
	}
	return known[slot].is_code;
}

static struct rhp_rule make_rule(uintptr_t ip, bool exact, struct rhp_stream *out)
{
	const struct rhp_module_info *m = rhp_module_find(ip, out);
	struct rhp_rule rule = {.flags = RHP_RULE_NONE};
	/* The call, not what follows it, is where the frame stands. */
	uintptr_t at = exact ? ip : ip - 1;
	bool is_text = m && at >= m->text_low && at < m->text_high;
	/* A signal's trampoline may begin with a mapping: nothing called it. */
	if (!is_text && !is_other_code(at) && !is_other_code(ip))
		return (struct rhp_rule){.flags = RHP_RULE_NONE | RHP_RULE_NO_CODE};
	if (m)
		rule = rhp_cfi_rule(m, at);
	if (!RHP_TABLES_TELL_SIGNALS || rule.flags & (RHP_RULE_NONE | RHP_RULE_EXACT))
		rhp_signal_frame_rule(ip, &rule);
	rule.module = m ? (uint16_t)m->number : 0;
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
		/* There are too many of these. */
		if (!(value.rule.flags & RHP_RULE_NO_CODE))
			rhp_table_add(&rules, key, value.word, epoch);
	}
	rhp_lock_drop(&rules.lock);
	return value.rule;
}

void rhp_rules_forget(void)
{
	rhp_table_clear(&rules);
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

/* The return address where it was not saved: in a function that was interrupted
 * before it did, or that calls none. */
static bool return_by_link(struct rhp_rule rule, uintptr_t cfa, struct rhp_regs *regs)
{
	if (!regs->exact)
		return false;
	regs->ip = rhp_code_address(regs->link);
	regs->sp = cfa;
	regs->exact = rule.flags & RHP_RULE_EXACT;
	return regs->ip != 0;
}

bool rhp_unwind_step(struct rhp_rule rule, const struct rhp_bounds *stack,
		     struct rhp_regs *regs)
{
	if (rule.flags & (RHP_RULE_END | RHP_RULE_NONE))
		return false;
	uintptr_t cfa = (rule.flags & RHP_RULE_CFA_FP ? regs->fp : regs->sp) +
			(uintptr_t)rule.cfa;
#if defined(__arm__)
	if (rule.flags & RHP_RULE_CFA_FP2)
		cfa = regs->fp2 + (uintptr_t)rule.cfa;
#endif
	if (rule.flags & RHP_RULE_CFA_DEREF && !rhp_read_word(stack, cfa, &cfa))
		return false;
	uintptr_t ra_at =
		(rule.flags & RHP_RULE_RA_SP ? regs->sp : cfa) + (uintptr_t)rule.ra;
	uintptr_t fp_at = (rule.flags & RHP_RULE_FP_SP   ? regs->sp
			   : rule.flags & RHP_RULE_FP_FP ? regs->fp
							 : cfa) +
			  (uintptr_t)rule.fp;
#if defined(__arm__)
	uintptr_t fp2_at = fp_at - (uintptr_t)rule.fp + (uintptr_t)rule.fp2;
	if (rule.flags & RHP_RULE_FP2_SAVED && !rhp_read_word(stack, fp2_at, &regs->fp2))
		return false;
#endif
	if (rule.flags & RHP_RULE_FP_SAVED && !rhp_read_word(stack, fp_at, &regs->fp))
		return false;
	if (rule.flags & RHP_RULE_RA_LINK)
		return return_by_link(rule, cfa, regs);
	if (!rhp_read_word(stack, ra_at, &regs->ip))
		return false;
	if (rule.flags & RHP_RULE_EXACT)
		rhp_read_word(stack, fp_at + RHP_LINK_FROM_FP, &regs->link);
	else
		regs->ip = rhp_code_address(regs->ip);
	regs->sp = cfa;
	regs->exact = rule.flags & RHP_RULE_EXACT;
	return regs->ip != 0;
}
