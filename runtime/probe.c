/* SPDX-License-Identifier: MIT */
#include "runtime/probe.h"

/* The note of the nop at 990; it is no part of what is loaded. Tools find out by the base
 * how far the program was moved by a tool that changed it after the link. */
#define NOTE(name, arguments)                                                            \
	"990: nop\n"                                                                     \
	".pushsection .note.stapsdt,\"\",%%note\n"                                       \
	".balign 4\n"                                                                    \
	".4byte 992f - 991f, 994f - 993f, 3\n"                                           \
	"991: .asciz \"stapsdt\"\n"                                                      \
	"992: .balign 4\n"                                                               \
	"993: .8byte 990b, _.stapsdt.base, 0\n"                                          \
	".asciz \"otel_memory\"\n"                                                       \
	".asciz \"" name "\"\n"                                                          \
	".asciz \"" arguments "\"\n"                                                     \
	"994: .balign 4\n"                                                               \
	".popsection\n"                                                                  \
	".ifndef _.stapsdt.base\n"                                                       \
	".pushsection .stapsdt.base,\"aG\",%%progbits,.stapsdt.base,comdat\n"            \
	".weak _.stapsdt.base\n"                                                         \
	".hidden _.stapsdt.base\n"                                                       \
	"_.stapsdt.base: .space 1\n"                                                     \
	".size _.stapsdt.base, 1\n"                                                      \
	".popsection\n"                                                                  \
	".endif\n"

#if defined(__x86_64__)

NOINLINE void rhp_probe_alloc(const void *block, size_t size, uint64_t weighted_bytes)
{
	__asm__ volatile(NOTE("alloc", "8@%%rdi 8@%%rsi 8@%%rdx")
			 :
			 : "D"(block), "S"(size), "d"(weighted_bytes));
}

NOINLINE void rhp_probe_free(const void *block)
{
	__asm__ volatile(NOTE("free", "8@%%rdi") : : "D"(block));
}

#elif defined(__aarch64__)

NOINLINE void rhp_probe_alloc(const void *block, size_t size, uint64_t weighted_bytes)
{
	register const void *x0 __asm__("x0") = block;
	register size_t x1 __asm__("x1") = size;
	register uint64_t x2 __asm__("x2") = weighted_bytes;
	__asm__ volatile(NOTE("alloc", "8@x0 8@x1 8@x2") : : "r"(x0), "r"(x1), "r"(x2));
}

NOINLINE void rhp_probe_free(const void *block)
{
	register const void *x0 __asm__("x0") = block;
	__asm__ volatile(NOTE("free", "8@x0") : : "r"(x0));
}

#else

void rhp_probe_alloc(const void *block, size_t size, uint64_t weighted_bytes)
{
	(void)block, (void)size, (void)weighted_bytes;
}

void rhp_probe_free(const void *block)
{
	(void)block;
}

#endif
