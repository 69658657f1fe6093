/* SPDX-License-Identifier: MIT */
/*
 * What differs between processors. On all of them a frame pointer leads to a record of
 * two words, the caller's frame pointer and the return address: place.h. On x86 and
 * riscv64 the caller's stack begins behind it; on aarch64 it lies anywhere in its frame.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"
#include "runtime/unwind.h"

/* The largest page that a kernel may use. */
#if defined(__aarch64__)
#define RHP_PAGE_MAX 65536u
#else
#define RHP_PAGE_MAX 4096u
#endif

/* And the smallest. */
#define RHP_PAGE_LEAST 4096u

/* The address of the thread's control block. */
static ALWAYS_INLINE uintptr_t rhp_thread_pointer(void)
{
	uintptr_t self;
#if defined(__x86_64__)
	__asm__("movq %%fs:0, %0" : "=r"(self));
#elif defined(__i386__)
	__asm__("movl %%gs:0, %0" : "=r"(self));
#elif defined(__riscv)
	__asm__("mv %0, tp" : "=r"(self));
#else
	self = (uintptr_t)__builtin_thread_pointer();
#endif
	return self;
}

/* Whether it lies below that address, and the thread-local variables behind it. */
#if defined(__aarch64__) || defined(__riscv) || defined(__arm__)
#define RHP_CONTROL_BLOCK_BELOW 1
#else
#define RHP_CONTROL_BLOCK_BELOW 0
#endif

/* A return address as it is found on a stack: on aarch64 it may be signed. The
 * instruction does nothing on processors that do not sign. */
static ALWAYS_INLINE uintptr_t rhp_code_address(uintptr_t found)
{
#if defined(__aarch64__)
	register uintptr_t link __asm__("x30") = found;
	__asm__("hint #7" : "+r"(link)); /* xpaclri */
	return link;
#elif defined(__arm__)
	return found & ~(uintptr_t)1; /* it says that the code is Thumb's */
#else
	return found;
#endif
}

/* Where the kernel saves the register of return addresses of an interrupted function,
 * from where it saves the frame pointer. */
#if defined(__riscv)
#define RHP_LINK_FROM_FP (-7 * sizeof(uintptr_t)) /* x1 and x8 */
#elif defined(__arm__)
#define RHP_LINK_FROM_FP (7 * sizeof(uintptr_t)) /* r14 and r7 */
#else
#define RHP_LINK_FROM_FP sizeof(uintptr_t) /* x30 and x29; x86 has none */
#endif

/* Whether frame pointers lead from one frame to the next. */
#if defined(__arm__)
#define RHP_HAS_CHAINS false
#else
#define RHP_HAS_CHAINS true
#endif

/* Whether unwind tables say that a function was interrupted: ARM's do not. */
#if defined(__arm__)
#define RHP_TABLES_TELL_SIGNALS false
#else
#define RHP_TABLES_TELL_SIGNALS true
#endif

/* A block's address without the tag that aarch64 has in its top byte: the trace
 * has no room for it, and the allocator changes it with each use of the block. */
static ALWAYS_INLINE uintptr_t rhp_untagged(uintptr_t block)
{
#if defined(__aarch64__)
	return block & (UINTPTR_MAX >> 8);
#else
	return block;
#endif
}

/* Writes the registers that functions keep for their callers: how many. */
static ALWAYS_INLINE int rhp_saved_registers(uintptr_t *words)
{
#if defined(__x86_64__)
	__asm__ volatile(
		"movq %%rbx, 0(%0)\n\tmovq %%rbp, 8(%0)\n\tmovq %%r12, 16(%0)\n\t"
		"movq %%r13, 24(%0)\n\tmovq %%r14, 32(%0)\n\tmovq %%r15, 40(%0)"
		:
		: "r"(words)
		: "memory");
	return 6;
#elif defined(__i386__)
	__asm__ volatile("movl %%ebx, 0(%0)\n\tmovl %%ebp, 4(%0)\n\t"
			 "movl %%esi, 8(%0)\n\tmovl %%edi, 12(%0)"
			 :
			 : "r"(words)
			 : "memory");
	return 4;
#elif defined(__riscv)
	__asm__ volatile(
		"sd s1, 0(%0)\n\tsd s2, 8(%0)\n\tsd s3, 16(%0)\n\tsd s4, 24(%0)\n\t"
		"sd s5, 32(%0)\n\tsd s6, 40(%0)\n\tsd s7, 48(%0)\n\tsd s8, 56(%0)\n\t"
		"sd s9, 64(%0)\n\tsd s10, 72(%0)\n\tsd s11, 80(%0)"
		:
		: "r"(words)
		: "memory");
	return 11;
#elif defined(__arm__)
	__asm__ volatile("stmia %0, {r4-r11}" : : "r"(words) : "memory");
	return 8;
#else
	__asm__ volatile("stp x19, x20, [%0]\n\tstp x21, x22, [%0, #16]\n\t"
			 "stp x23, x24, [%0, #32]\n\tstp x25, x26, [%0, #48]\n\t"
			 "stp x27, x28, [%0, #64]"
			 :
			 : "r"(words)
			 : "memory");
	return 10;
#endif
}

/* Their numbers in call frame information. */
#if defined(__x86_64__)
#define RHP_SAVED_REGISTERS                                                              \
	{                                                                                \
		3, 6, 12, 13, 14, 15                                                     \
	}
#elif defined(__i386__)
#define RHP_SAVED_REGISTERS                                                              \
	{                                                                                \
		3, 5, 6, 7                                                               \
	}
#elif defined(__arm__)
#define RHP_SAVED_REGISTERS                                                              \
	{                                                                                \
		4, 5, 6, 7, 8, 9, 10, 11                                                 \
	}
#elif defined(__riscv)
#define RHP_SAVED_REGISTERS                                                              \
	{                                                                                \
		8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27                             \
	}
#else
#define RHP_SAVED_REGISTERS                                                              \
	{                                                                                \
		19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29                               \
	}
#endif

/* Those of the frame pointer, the stack pointer and the return address. */
enum rhp_dwarf_register {
#if defined(__x86_64__)
	RHP_DWARF_FP = 6,
	RHP_DWARF_SP = 7,
	RHP_DWARF_RA = 16,
#elif defined(__i386__)
	RHP_DWARF_FP = 5,
	RHP_DWARF_SP = 4,
	RHP_DWARF_RA = 8,
#elif defined(__riscv)
	RHP_DWARF_FP = 8,
	RHP_DWARF_SP = 2,
	RHP_DWARF_RA = 1,
#elif defined(__arm__)
	RHP_DWARF_FP = 7, /* of Thumb code; of other code it is 11 */
	RHP_DWARF_SP = 13,
	RHP_DWARF_RA = 14,
#else
	RHP_DWARF_FP = 29,
	RHP_DWARF_SP = 31,
	RHP_DWARF_RA = 30,
#endif
};

/* The registers of the function that this is inlined into. */
static ALWAYS_INLINE struct rhp_regs rhp_regs_here(void)
{
	struct rhp_regs regs = {.exact = true};
#if defined(__x86_64__)
	__asm__("leaq 0(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2"
		: "=&r"(regs.ip), "=&r"(regs.sp), "=r"(regs.fp));
#elif defined(__i386__)
	__asm__("call 1f\n1:\tpopl %0\n\tmovl %%esp, %1\n\tmovl %%ebp, %2"
		: "=&r"(regs.ip), "=&r"(regs.sp), "=r"(regs.fp));
#elif defined(__arm__)
	__asm__("mov %0, pc\n\tmov %1, sp\n\tmov %2, r7\n\tmov %3, r11"
		: "=&r"(regs.ip), "=&r"(regs.sp), "=&r"(regs.fp), "=r"(regs.fp2));
#elif defined(__riscv)
	__asm__("auipc %0, 0\n\tmv %1, sp\n\tmv %2, s0"
		: "=&r"(regs.ip), "=&r"(regs.sp), "=r"(regs.fp));
#else
	__asm__("adr %0, .\n\tmov %1, sp\n\tmov %2, x29"
		: "=&r"(regs.ip), "=&r"(regs.sp), "=r"(regs.fp));
#endif
	return regs;
}
