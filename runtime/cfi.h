/* SPDX-License-Identifier: MIT */
/*
 * The rule of one instruction, read from the call frame information that
 * every module carries for exceptions (.eh_frame and its sorted header; .ARM.exidx).
 */
#pragma once

#include "runtime/modules.h"
#include "runtime/unwind.h"

/*
 * The rule that holds at instruction `pc` of the module (rule.module is left
 * 0). RHP_RULE_NONE if the module says nothing of it, or says it in a form that
 * does not fit struct rhp_rule. Reads only the module's own mapped tables,
 * every byte bounds-checked; may run anywhere. cfi.c takes no lock; cfi-libunwind.c takes
 * one of its own, which nobody else holds and under which nothing else is called.
 */
HIDDEN struct rhp_rule rhp_cfi_rule(const struct rhp_module_info *module, uintptr_t pc);

/* Where the function at `pc` has saved a register: puts the distance from the canonical
 * frame address into *offset. `reg` is the number that call frame information has for the
 * register. False if the function has not saved it there, or the tables say it in a form
 * that is not understood. Reads and locks as little as rhp_cfi_rule(). */
HIDDEN bool rhp_cfi_saved(const struct rhp_module_info *module, uintptr_t pc,
			  unsigned reg, int64_t *offset);
