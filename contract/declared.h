/* SPDX-License-Identifier: MIT */
/*
 * An allocator function that the user declared (--rheaper-wrap). Its shim is a
 * copy that the driver makes of declared-template.c, compiled once, with the
 * names of the two symbols and this structure filled in: no compiler runs when
 * a program is linked. Shared by the driver and the runtime.
 */
#pragma once

#include <stdint.h>

#define RHP_DECLARED_MAGIC "RHPdecl"         /* where the structure is */
#define RHP_DECLARED_TEMPLATE "rhp_template" /* the name that is replaced */
/* Those in wrap/bring-template.c: of the object, of the next one, of what it mentions */
#define RHP_DECLARED_HERE "rhp_template_here"
#define RHP_DECLARED_NEXT "rhp_template_next"
#define RHP_DECLARED_TARGET "rhp_template_target"
/* What these objects stand for, and the driver wraps before and behind the functions */
#define RHP_DECLARED_HEARD "rhp_hear_declared"
#define RHP_DECLARED_BROUGHT "rhp_bring_declared"
#define RHP_DECLARED_ARGUMENTS 6 /* passed on, whatever they are */
#define RHP_DECLARED_TEXT 504    /* bytes for the names */
#define RHP_DECLARED_MAX 1024    /* functions of one program */

enum rhp_declared_gives {
	RHP_GIVES_NOTHING,
	RHP_GIVES_BLOCK,  /* it returns a block, or stores it where `out` points */
	RHP_GIVES_STRING, /* a block whose size is that of the string in it */
};

struct rhp_declared_spec {
	char magic[8];
	/* Which argument (from 0) is the size, the number of elements, the block
	 * that is freed or resized, the address where the block is stored: -1 if
	 * none is. */
	int8_t size, count, block, out;
	uint8_t gives; /* enum rhp_declared_gives */
	/* The same: the pool that a new block is of, a pool all of whose blocks are freed
	 * (RHP_DECLARED_ARGUMENTS: those of all pools are). */
	int8_t pool, frees_all;
	uint8_t chunks;    /* 1: other functions that it calls are recorded, too */
	uint8_t pool_bits; /* lowest bits of the pool's argument, an int, that are none of
			    * its number; 0: the pool is the whole word */
	uint8_t frees_named; /* 1: the pool that is freed is named by a text, as by
			      * jemalloc's mallctl */
	uint16_t text_size;
	uint32_t family; /* and enum rhp_family_flags: what a FAMILY record says; NONE:
			  * none is written */
	char text[RHP_DECLARED_TEXT]; /* name and family, each with its NUL */
};
