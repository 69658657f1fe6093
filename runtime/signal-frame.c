/* SPDX-License-Identifier: MIT */
/*
 * The instructions make the system call that ends a handler, and the kernel's
 * structure with the registers lies where the stack pointer points: both are
 * part of the interface between kernel and programs. GCC's unwinder does the
 * same (libgcc/config/.../linux-unwind.h).
 */
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#include "runtime/os-memory.h"
#include "runtime/signal-frame.h"

struct trampoline {
	uint8_t size, code[11];
	int32_t sp, ip, fp; /* where the interrupted ones are, from sp */
};

#if defined(__aarch64__)
/* siginfo, then the context */
#define SAVED(field) ((int32_t)(128 + offsetof(ucontext_t, uc_mcontext.field)))
static const struct trampoline trampolines[] = {
	/* mov x8, #139; svc #0 */
	{8,
	 {0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4},
	 SAVED(sp),
	 SAVED(pc),
	 SAVED(regs[29])},
};
#elif defined(__riscv)
/* siginfo, then the context */
#define SAVED(reg)                                                                       \
	((int32_t)(128 + offsetof(ucontext_t, uc_mcontext.__gregs) + 8 * (reg)))
static const struct trampoline trampolines[] = {
	/* li a7, 139; ecall */
	{8,
	 {0x93, 0x08, 0xb0, 0x08, 0x73, 0x00, 0x00, 0x00},
	 SAVED(REG_SP),
	 SAVED(REG_PC),
	 SAVED(REG_S0)},
};
#elif defined(__arm__)
/* The context; or siginfo, then the context. ARM code, Thumb-2, Thumb. */
#define OLD(field) ((int32_t)offsetof(ucontext_t, uc_mcontext.field))
#define SAVED(field) (128 + OLD(field))
#define PLACES(where) where(arm_sp), where(arm_pc), where(arm_r7)
#define FP2_FROM_FP (4 * 4) /* r11 and r7 */
static const struct trampoline trampolines[] = {
	/* mov r7, #119; svc 0 */
	{8, {0x77, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef}, PLACES(OLD)},
	{6, {0x4f, 0xf0, 0x77, 0x07, 0x00, 0xdf}, PLACES(OLD)},
	{4, {0x77, 0x27, 0x00, 0xdf}, PLACES(OLD)},
	/* mov r7, #173; svc 0 */
	{8, {0xad, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef}, PLACES(SAVED)},
	{6, {0x4f, 0xf0, 0xad, 0x07, 0x00, 0xdf}, PLACES(SAVED)},
	{4, {0xad, 0x27, 0x00, 0xdf}, PLACES(SAVED)},
};
#elif defined(__i386__)
/* The number, then the context of old; the number, two pointers, siginfo, then
 * the context. */
#define OLD(reg) (4 + 4 * (reg))
#define SAVED(reg)                                                                       \
	((int32_t)(12 + 128 + offsetof(ucontext_t, uc_mcontext.gregs) + 4 * (reg)))
static const struct trampoline trampolines[] = {
	/* pop %eax; mov $119, %eax; int $0x80 */
	{8,
	 {0x58, 0xb8, 0x77, 0x00, 0x00, 0x00, 0xcd, 0x80},
	 OLD(REG_ESP),
	 OLD(REG_EIP),
	 OLD(REG_EBP)},
	/* mov $173, %eax; int $0x80 */
	{7,
	 {0xb8, 0xad, 0x00, 0x00, 0x00, 0xcd, 0x80},
	 SAVED(REG_ESP),
	 SAVED(REG_EIP),
	 SAVED(REG_EBP)},
};
#elif defined(__x86_64__)
#define SAVED(reg) ((int32_t)(offsetof(ucontext_t, uc_mcontext.gregs) + 8 * (reg)))
static const struct trampoline trampolines[] = {
	/* mov $15, %rax; syscall: musl's */
	{9,
	 {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05},
	 SAVED(REG_RSP),
	 SAVED(REG_RIP),
	 SAVED(REG_RBP)},
};
#endif

bool rhp_signal_frame_rule(uintptr_t ip, struct rhp_rule *rule)
{
	for (size_t i = 0; i < sizeof(trampolines) / sizeof(trampolines[0]); i++) {
		const struct trampoline *t = &trampolines[i];
		if (!rhp_os_readable(ip) || !rhp_os_readable(ip + t->size - 1) ||
		    memcmp((const void *)ip, t->code, t->size) != 0)
			continue;
		*rule = (struct rhp_rule){
			.cfa = t->sp,
			.ra = t->ip,
			.fp = t->fp,
			.flags = RHP_RULE_CFA_DEREF | RHP_RULE_RA_SP | RHP_RULE_FP_SAVED |
				 RHP_RULE_FP_SP | RHP_RULE_EXACT,
		};
#if defined(__arm__)
		rule->fp2 = (int16_t)(t->fp + FP2_FROM_FP);
		rule->flags |= RHP_RULE_FP2_SAVED;
#endif
		return true;
	}
	return false;
}
