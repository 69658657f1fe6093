/* SPDX-License-Identifier: MIT */
/*
 * How to get from a frame to its caller. The unwind information of a distinct
 * return address is read once (cfi.c) and kept as a rule that costs a hash
 * look-up to apply.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/place.h"

/* Where a frame stands: the instruction it returns to, and the registers of
 * that frame. */
struct rhp_regs {
	uintptr_t ip, sp, fp;
#if defined(__arm__)
	uintptr_t fp2; /* r11; fp is r7 */
#endif
	uintptr_t link; /* x30 of aarch64, ra of riscv64: known where `exact` */
	bool exact;     /* ip was interrupted, it is not a return address */
};

struct rhp_stream;

enum rhp_rule_flag {
	RHP_RULE_CFA_FP = 1,     /* canonical frame address: from fp, else from sp */
	RHP_RULE_CFA_DEREF = 2,  /* ... and the word read there is the address */
	RHP_RULE_RA_SP = 4,      /* return address: from sp, else from the CFA */
	RHP_RULE_FP_SAVED = 8,   /* the caller's fp is in memory, from the CFA */
	RHP_RULE_FP_SP = 16,     /* ... from sp */
	RHP_RULE_EXACT = 32,     /* a signal frame: the caller was interrupted */
	RHP_RULE_END = 64,       /* no caller: the outermost frame */
	RHP_RULE_NONE = 128,     /* nothing is known: no unwind information, or odd */
	RHP_RULE_FP_FP = 256,    /* the caller's fp is in memory, from fp */
	RHP_RULE_RA_LINK = 512,  /* the return address is still in its register */
	RHP_RULE_NO_CODE = 1024, /* with NONE: nothing there can be executed */
	/* ARM, which has another frame pointer for each set of instructions: */
	RHP_RULE_CFA_FP2 = 2048,   /* the canonical frame address: from fp2 */
	RHP_RULE_FP2_SAVED = 4096, /* the caller's fp2 is in memory, where fp would be */
};

struct rhp_rule {
#if defined(__arm__)
	int32_t cfa;
	int16_t ra, fp, fp2, unused;
#else
	int32_t cfa, ra, fp; /* offsets */
#endif
	uint16_t module; /* number of the module of ip, 0 unknown */
	uint16_t flags;  /* enum rhp_rule_flag */
};

/*
 * Returns the rule of `ip` in the present set of modules, and writes a module that was
 * not seen before to `out`. RHP_RULE_NO_CODE says that `ip` is no address of a frame:
 * some other word was taken for one. At the first sight of an address it may take a lock
 * and read unwind tables. It never allocates from the program's heap, and never takes the
 * dynamic loader's lock where _dl_find_object exists.
 */
HIDDEN struct rhp_rule rhp_unwind_rule(uintptr_t ip, bool exact, struct rhp_stream *out);

/* In the next trace modules have other numbers. No thread may be capturing a stack. */
HIDDEN void rhp_rules_forget(void);

/* Reads a word of memory; false if it is not readable. */
HIDDEN bool rhp_read_word(const struct rhp_bounds *known, uintptr_t address,
			  uintptr_t *word);

/* Applies a rule: *regs becomes the caller's registers. False if there is no caller, or
 * if memory is not readable. */
HIDDEN bool rhp_unwind_step(struct rhp_rule rule, const struct rhp_bounds *stack,
			    struct rhp_regs *regs);
