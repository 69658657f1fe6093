/* SPDX-License-Identifier: MIT */
/*
 * libunwind is the judge of runtime/cfi.c. Its remote interface lets us supply
 * the registers and the memory of what it unwinds, and we supply symbols: sp
 * and fp are two far-apart numbers, and a word read from the "stack" is a
 * number that names the read. After one step, the caller's sp, fp and ip say
 * how they came from the callee's: libunwind's own rule, to be compared with
 * ours at the places of every module that this process has mapped: at every one
 * with --all, which takes libunwind two minutes, else at the same part of them
 * each time, some in every function that is not very short.
 */
#include <dlfcn.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libunwind.h>

#include "runtime/cfi.h"
#include "runtime/os-memory.h"

#if defined(__x86_64__)
#define REG_FP UNW_X86_64_RBP
#elif defined(__aarch64__)
#define REG_FP UNW_AARCH64_X29
#endif

/* Used by libunwind's own ptrace library in the same way. */
#define search_unwind_table UNW_OBJ(dwarf_search_unwind_table)
int search_unwind_table(unw_addr_space_t as, unw_word_t ip, unw_dyn_info_t *di,
			unw_proc_info_t *pi, int need_unwind_info, void *arg);

/* Symbols: real addresses stay below 2^57. */
#define SYM_SP (UINT64_C(1) << 60)
#define SYM_FP (UINT64_C(1) << 61)
#define SYM_OTHER (UINT64_C(3) << 60)
#define SYM_READ (UINT64_C(1) << 62)
#define READ_STRIDE (UINT64_C(1) << 40)
#define MAX_READS 64
#define NEAR (INT64_C(1) << 31)
/* One place in so many: a prime, so that no two functions are met in step. */
#define SAMPLE 31

struct symbolic {
	unw_word_t ip;
	const struct rhp_module_info *module;
	bool found;
	unsigned n_reads;
	unw_word_t read[MAX_READS]; /* addresses */
};

static unw_addr_space_t space;
static unsigned every = SAMPLE;

static bool near(unw_word_t value, unw_word_t symbol, int32_t *offset)
{
	int64_t d = (int64_t)(value - symbol);
	if (d <= -NEAR || d >= NEAR)
		return false;
	*offset = (int32_t)d;
	return true;
}

/* The number of the read that `value` names, or -1. */
static int read_of(const struct symbolic *s, unw_word_t value)
{
	for (unsigned i = 0; i < s->n_reads; i++)
		if (value == SYM_READ + i * READ_STRIDE)
			return (int)i;
	return -1;
}

static int find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *pi,
			  int need, void *arg)
{
	struct symbolic *s = arg;
	const struct rhp_module_info *m = s->module;
	unw_dyn_info_t di;
	memset(&di, 0, sizeof(di));
	di.format = UNW_INFO_FORMAT_REMOTE_TABLE;
	di.start_ip = m->start;
	di.end_ip = m->end;
	di.u.rti.segbase = m->eh_frame_hdr;
	di.u.rti.table_data = m->unwind_table;
	di.u.rti.table_len = m->n_unwind_entries * 8 / sizeof(unw_word_t);
	int r = search_unwind_table(as, ip, &di, pi, need, arg);
	if (r == 0)
		s->found = true;
	return r;
}

static int no_dynamic_info(unw_addr_space_t as, unw_word_t *list, void *arg)
{
	(void)as, (void)list, (void)arg;
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t as, unw_word_t address, unw_word_t *value,
		      int write, void *arg)
{
	(void)as;
	struct symbolic *s = arg;
	if (write)
		return -UNW_EREADONLYREG;
	if (address >= SYM_SP / 2) {
		if (s->n_reads == MAX_READS)
			return -UNW_ENOMEM;
		s->read[s->n_reads] = address;
		*value = SYM_READ + s->n_reads++ * READ_STRIDE;
		return 0;
	}
	if (!rhp_os_readable(address))
		return -UNW_EINVAL;
	memcpy(value, (const void *)address, sizeof(*value));
	return 0;
}

static int access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *value, int write,
		      void *arg)
{
	(void)as;
	const struct symbolic *s = arg;
	if (write)
		return -UNW_EREADONLYREG;
	if (reg == UNW_REG_IP)
		*value = s->ip;
	else if (reg == UNW_REG_SP)
		*value = SYM_SP;
	else if (reg == REG_FP)
		*value = SYM_FP;
	else
		*value = SYM_OTHER + (unw_word_t)reg * READ_STRIDE;
	return 0;
}

static int no_fpreg(unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *value, int write,
		    void *arg)
{
	(void)as, (void)reg, (void)value, (void)write, (void)arg;
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	(void)as, (void)cursor, (void)arg;
	return -UNW_EINVAL;
}

/* The CFA: from sp or fp, or read from there. */
static bool read_cfa(const struct symbolic *s, unw_word_t cfa, struct rhp_rule *rule)
{
	int i = read_of(s, cfa);
	unw_word_t address = i >= 0 ? s->read[i] : cfa;
	rule->flags |= i >= 0 ? RHP_RULE_CFA_DEREF : 0;
	if (near(address, SYM_SP, &rule->cfa))
		return true;
	rule->flags |= RHP_RULE_CFA_FP;
	return near(address, SYM_FP, &rule->cfa);
}

/* Where a register of the caller was saved: from the CFA, from sp or from fp. */
static bool read_location(const struct symbolic *s, unw_word_t value, unw_word_t cfa,
			  int32_t *offset, uint16_t sp_flag, uint16_t fp_flag,
			  struct rhp_rule *rule)
{
	int i = read_of(s, value);
	if (i < 0)
		return false;
	if (near(s->read[i], cfa, offset))
		return true;
	if (near(s->read[i], SYM_SP, offset)) {
		rule->flags |= sp_flag;
		return true;
	}
	rule->flags |= fp_flag;
	return fp_flag && near(s->read[i], SYM_FP, offset);
}

/* Whether the return address still is where the call left it. */
static bool in_link(unw_word_t ip)
{
#if defined(__aarch64__)
	return ip == SYM_OTHER + UNW_AARCH64_X30 * READ_STRIDE;
#else
	(void)ip;
	return false;
#endif
}

static struct rhp_rule libunwind_rule(const struct rhp_module_info *module, uintptr_t pc)
{
	const struct rhp_rule none = {.flags = RHP_RULE_NONE};
	struct symbolic s = {.ip = pc, .module = module};
	unw_cursor_t cursor;
	unw_word_t ip = 0, sp = 0, fp = 0;
	struct rhp_rule rule = {0};
	if (unw_init_remote(&cursor, space, &s) < 0)
		return none;
	int r = unw_step(&cursor);
	if (!s.found)
		return none;
	if (r == 0)
		return (struct rhp_rule){.flags = RHP_RULE_END};
	if (r < 0 || unw_get_reg(&cursor, UNW_REG_IP, &ip) < 0 ||
	    unw_get_reg(&cursor, UNW_REG_SP, &sp) < 0 ||
	    unw_get_reg(&cursor, REG_FP, &fp) < 0)
		return none;
	if (!read_cfa(&s, sp, &rule))
		return none;
	if (in_link(ip))
		rule.flags |= RHP_RULE_RA_LINK;
	else if (!read_location(&s, ip, sp, &rule.ra, RHP_RULE_RA_SP, 0, &rule))
		return none;
	if (fp != SYM_FP) {
		rule.flags |= RHP_RULE_FP_SAVED;
		if (!read_location(&s, fp, sp, &rule.fp, RHP_RULE_FP_SP, RHP_RULE_FP_FP,
				   &rule))
			return none;
	}
	return rule;
}

struct tally {
	unsigned modules;
	unsigned long met, places, none, stubs, mismatches;
};

static bool equal(struct rhp_rule a, struct rhp_rule b)
{
	const uint16_t compared = (uint16_t)~RHP_RULE_EXACT;
	return a.cfa == b.cfa && a.ra == b.ra && a.fp == b.fp &&
	       (a.flags & compared) == (b.flags & compared);
}

static void compare_place(const struct rhp_module_info *m, uintptr_t pc, struct tally *t)
{
	struct rhp_rule ours = rhp_cfi_rule(m, pc), theirs = libunwind_rule(m, pc);
	t->places++;
	t->none += (ours.flags & RHP_RULE_NONE) != 0;
	if (equal(ours, theirs))
		return;
	/* PLT stubs: a computed CFA, for the few instructions of a stub. No call
	 * returns there, so we need no rule. */
	if (ours.flags & RHP_RULE_NONE && theirs.ra == -8 &&
	    !(theirs.flags & RHP_RULE_FP_SAVED)) {
		t->stubs++;
		return;
	}
	if (t->mismatches++ < 20)
		print_error("pc +%#lx: ours cfa %d ra %d fp %d flags %x, "
			    "libunwind's %d %d %d %x\n",
			    (unsigned long)(pc - m->bias), ours.cfa, ours.ra, ours.fp,
			    ours.flags, theirs.cfa, theirs.ra, theirs.fp, theirs.flags);
}

/* Every function; in it, every third byte: rows are instructions apart. */
static void compare_module(const struct rhp_module_info *m, struct tally *t)
{
	const int32_t *table = (const int32_t *)m->unwind_table;
	for (uint64_t i = 0; i < m->n_unwind_entries; i++) {
		uintptr_t begin = m->eh_frame_hdr + (uintptr_t)(intptr_t)table[2 * i];
		uintptr_t end =
			i + 1 < m->n_unwind_entries
				? m->eh_frame_hdr + (uintptr_t)(intptr_t)table[2 * i + 2]
				: begin + 64;
		end = end - begin > 2048 ? begin + 2048 : end;
		for (uintptr_t pc = begin; pc < end; pc += 3)
			if (t->met++ % every == 0)
				compare_place(m, pc, t);
	}
}

static int visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	struct tally *t = arg;
	uint8_t build_id[RHP_BUILD_ID_MOST];
	struct rhp_module_info m = {.bias = info->dlpi_addr, .end = UINTPTR_MAX};
	rhp_module_read_headers(&m, info->dlpi_phdr, info->dlpi_phnum, build_id);
	if (m.unwind_table) {
		t->modules++;
		compare_module(&m, t);
	}
	return 0;
}

static void rules_equal_libunwinds_everywhere(void **state)
{
	(void)state;
	unw_accessors_t accessors = {
		.put_unwind_info =
			unw_get_accessors(unw_local_addr_space)->put_unwind_info,
		.find_proc_info = find_proc_info,
		.get_dyn_info_list_addr = no_dynamic_info,
		.access_mem = access_mem,
		.access_reg = access_reg,
		.access_fpreg = no_fpreg,
		.resume = no_resume,
	};
	struct tally t = {0};
	space = unw_create_addr_space(&accessors, 0);
	assert_non_null(space);
	/* Code without frame pointers, in C++, with exceptions. */
	dlopen("libstdc++.so.6", RTLD_NOW);
	dl_iterate_phdr(visit, &t);
	print_message("# %u modules, %lu places, %lu without a rule\n", t.modules,
		      t.places, t.none);
	assert_true(t.modules >= 3 && t.met > 100000 && t.places >= t.met / every);
	assert_int_equal(t.mismatches, 0);
	assert_true(t.stubs < t.places / 100);
}

int main(int argc, char **argv)
{
	every = argc == 2 && strcmp(argv[1], "--all") == 0 ? 1 : SAMPLE;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_equal_libunwinds_everywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
