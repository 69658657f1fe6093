/* SPDX-License-Identifier: MIT */
/*
 * How the records of format.h lie in a region: packed into units of 8 bytes. The low four
 * bits of a unit, its tag, say what it is, so that whatever is missing of a record is
 * seen, and nothing else is taken for it:
 *
 *   0 to 6   the first unit of a record with a code of its own (the low byte); zeros are
 *            a unit that was not written
 *   7        SKIP: a unit that was reserved and not needed
 *   8        a short FREE, in one unit
 *   9 to 14  the first unit of an event of the code 1 to 6, in two
 *   15       REST: a further unit of a record
 *
 * From the low end:
 *   short FREE   8: 4, (address - base) / 16: 28, stamp: 8, time: 8, node: 16
 *   mid event    8 + code: 4, address / 16: 44, time: 16
 *                REST: 4, stamp: 8, node: 24, size: 28
 *   wide event   code: 8, address: 56
 *                REST: 4, stamp: 40, time: 20
 *                REST: 4, node: 28, size: 32
 *   SIZE, TIME   code: 8, low bits of c: 56
 *                REST: 4, high bits of c: 8
 *   FAMILY       code: 8, family: 24, flags: 8
 *                REST: 4, pool: 60
 *   FRAME, CALL  code: 8, address: 56
 *                REST: 4, id: 28, parent: 28
 *                REST: 4, module: 32, flags: 28
 *   BLOB         code: 8, type: 8, high bits of b: 4, of c: 4, unused: 8, length: 32
 *                REST: 4, low bits of b: 60
 *                REST: 4, low bits of c: 60
 *   TEXT         code: 8, text: 56 (7 bytes of it)
 *   LEAK         code: 8, address: 56
 *                REST: 4, stamp: 40, kind: 8
 *                REST: 4, owner: 56
 *   ROOT         code: 8, target: 31, possible: 1, tid: 22
 *                REST: 4, address: 57, kind: 3
 *                REST: 4, code address: 60
 *   EDGES        code: 8, source: 31, unused: 1, b / 64 MiB: 24
 *   EDGE         code: 8, target: 31, possible: 1, b / 4: 24
 *
 * Short and mid events say less than all, and a reader knows the rest from what came
 * before them in the same buffer: docs/reference/trace-format.md has the rules, and why
 * they are enough.
 *   base   that of the region's header
 *   stamp  the low bits; the high ones are those of the last wide event of the same shard
 *   time   the low bits of the first time with these bits that is not before the last one
 * The same holds of the time of wide events.
 */
#pragma once

#include <stdint.h>

#include "contract/format.h"

#define RHP_SKIP 7u
#define RHP_SHORT_FREE 8u
#define RHP_MID 8u /* and the code of the event */
#define RHP_REST 15u

#define RHP_GRANULE 16u /* of the addresses of short and mid events */
#define RHP_STAMP_LOW_BITS 8
#define RHP_SHORT_ADDRESS_BITS 32
#define RHP_SHORT_TIME_BITS 8
#define RHP_SHORT_NODE_BITS 16
#define RHP_MID_ADDRESS_BITS 48
#define RHP_MID_TIME_BITS 16
#define RHP_MID_NODE_BITS 24
#define RHP_MID_SIZE_BITS 28
#define RHP_WIDE_TIME_BITS 20
#define RHP_WIDE_SIZE_MAX UINT32_MAX /* a SIZE record has it, or nobody */

#define RHP_WIDE_UNITS 3u
#define RHP_PACKED_TEXT_BYTES 7u

#define RHP_POSSIBLE (UINT64_C(1) << 39)
#define RHP_EDGE_UNIT 4u /* bytes; EDGES counts in as many as an EDGE cannot say */
#define RHP_EDGES_UNIT ((uint64_t)RHP_EDGE_UNIT << 24)

static inline uint64_t rhp_bits(uint64_t word, unsigned from, unsigned n)
{
	return word >> from & ((UINT64_C(1) << n) - 1);
}

/* Return how many units the record has that begins with this one; 0: none does. */
static inline uint32_t rhp_units_of(uint64_t first)
{
	unsigned tag = first & 15, code = first & 255;

	if (code == 0 || tag == RHP_REST)
		return 0;
	if (tag == RHP_SKIP || tag == RHP_SHORT_FREE || code == RHP_TEXT ||
	    code == RHP_EDGES || code == RHP_EDGE)
		return 1;
	return tag > RHP_MID || (code >= RHP_SIZE && code <= RHP_FAMILY) ? 2
									 : RHP_WIDE_UNITS;
}

/* The same, if all of its units are there, of the n that are given; 0: they are not. */
static inline uint32_t rhp_units_of_whole(const uint64_t *units, uint64_t n)
{
	uint32_t size = n > 0 ? rhp_units_of(units[0]) : 0;

	if (size > n)
		return 0;
	for (uint32_t i = 1; i < size; i++)
		if ((units[i] & 15) != RHP_REST)
			return 0;
	return size;
}

static inline uint64_t rhp_rest(uint64_t bits)
{
	return RHP_REST | bits << 4;
}

static inline uint64_t rhp_pack_short_free(uint64_t offset, uint64_t stamp, uint64_t time,
					   uint32_t node)
{
	return RHP_SHORT_FREE | offset | rhp_bits(stamp, 0, 8) << 32 |
	       rhp_bits(time, 0, 8) << 40 | (uint64_t)node << 48;
}

static inline void rhp_pack_mid(uint64_t units[2], enum rhp_code code, uint64_t address,
				uint64_t stamp, uint64_t time, uint32_t node,
				uint64_t size)
{
	units[0] = (RHP_MID + code) | address | time << RHP_MID_ADDRESS_BITS;
	units[1] = RHP_REST | rhp_bits(stamp, 0, RHP_STAMP_LOW_BITS) << 4 |
		   (uint64_t)node << 12 | size << 36;
}

static inline void rhp_pack_wide(uint64_t units[3], enum rhp_code code, uint64_t address,
				 uint64_t stamp, uint64_t time, uint32_t node,
				 uint64_t size)
{
	units[0] = code | address << 8;
	units[1] = rhp_rest(rhp_bits(stamp, 0, RHP_SEQ_BITS) | time << RHP_SEQ_BITS);
	units[2] = rhp_rest(node) | (size < RHP_WIDE_SIZE_MAX ? size : RHP_WIDE_SIZE_MAX)
					    << 32;
}

/* Pack a FRAME or CALL. */
static inline void rhp_pack_node(uint64_t units[3], enum rhp_code code, uint64_t address,
				 uint32_t id, uint32_t parent, uint32_t module,
				 uint32_t flags)
{
	units[0] = code | address << 8;
	units[1] = RHP_REST | (uint64_t)id << 4 | (uint64_t)parent << 32;
	units[2] = RHP_REST | (uint64_t)module << 4 | (uint64_t)flags << 36;
}

/* Pack any other record but a TEXT; return how many units it has. */
static inline uint32_t rhp_pack(uint64_t units[3], enum rhp_code code, uint64_t address,
				uint64_t b, uint64_t c)
{
	units[0] = code | address << 8;
	units[1] = rhp_rest(b);
	units[2] = rhp_rest(c);
	switch ((unsigned)code) {
	case RHP_SIZE:
	case RHP_TIME:
		units[0] = code | c << 8;
		units[1] = rhp_rest(c >> 56);
		return 2;
	case RHP_FAMILY:
		units[0] = code | rhp_bits(b, 0, 32) << 8;
		units[1] = rhp_rest(c);
		return 2;
	case RHP_FRAME:
	case RHP_CALL:
		rhp_pack_node(units, code, address, b & RHP_STACK_MAX,
			      b >> 32 & RHP_STACK_MAX, (uint32_t)c, (uint32_t)(c >> 32));
		break;
	case RHP_BLOB:
		units[0] = (units[0] & ~UINT64_C(0xffff0000)) | b >> 60 << 16 |
			   c >> 60 << 20;
		break;
	case RHP_LEAK:
		units[1] = rhp_rest(rhp_bits(b, 0, RHP_SEQ_BITS) |
				    rhp_bits(c, 0, 8) << RHP_SEQ_BITS);
		units[2] = rhp_rest(c >> 8);
		break;
	default:
		break;
	}
	return RHP_WIDE_UNITS;
}

static inline uint64_t rhp_pack_edges(uint64_t source, uint64_t offset)
{
	return RHP_EDGES | source << 8 | offset / RHP_EDGES_UNIT << 40;
}

static inline uint64_t rhp_pack_edge(uint64_t target, int is_possible, uint64_t offset)
{
	return RHP_EDGE | target << 8 | (is_possible ? RHP_POSSIBLE : 0) |
	       offset % RHP_EDGES_UNIT / RHP_EDGE_UNIT << 40;
}

static inline void rhp_pack_root(uint64_t units[3], uint64_t target, int is_possible,
				 uint32_t tid, uint64_t address, enum rhp_root_kind kind,
				 uint64_t code)
{
	units[0] = RHP_ROOT | target << 8 | (is_possible ? RHP_POSSIBLE : 0) |
		   rhp_bits(tid, 0, 22) << 40;
	units[1] = rhp_rest(rhp_bits(address, 0, 57) | (uint64_t)kind << 57);
	units[2] = rhp_rest(code);
}

/* Unpack any record but an event, a TEXT or a SKIP: its units are there. */
static inline struct rhp_record rhp_unpack(const uint64_t *units)
{
	struct rhp_record r = {units[0], 0, 0};

	if (rhp_units_of(units[0]) == 1) {
		r.a = rhp_bits(units[0], 0, 40);
		r.b = (units[0] >> 40) *
		      ((units[0] & 255) == RHP_EDGE ? RHP_EDGE_UNIT : RHP_EDGES_UNIT);
		return r;
	}
	r.b = units[1] >> 4;
	switch (units[0] & 255) {
	case RHP_SIZE:
	case RHP_TIME:
		return (struct rhp_record){units[0] & 255, 0,
					   units[0] >> 8 | units[1] >> 4 << 56};
	case RHP_FAMILY:
		return (struct rhp_record){units[0] & 255, rhp_bits(units[0], 8, 32),
					   units[1] >> 4};
	case RHP_FRAME:
	case RHP_CALL:
		r.b = rhp_bits(units[1], 4, 28) | rhp_bits(units[1], 32, 28) << 32;
		r.c = rhp_bits(units[2], 4, 32) | rhp_bits(units[2], 36, 28) << 32;
		break;
	case RHP_BLOB:
		r.a &= ~UINT64_C(0xffff0000);
		r.b |= rhp_bits(units[0], 16, 4) << 60;
		r.c = units[2] >> 4 | rhp_bits(units[0], 20, 4) << 60;
		break;
	case RHP_LEAK:
		r.b = rhp_bits(units[1], 4, RHP_SEQ_BITS);
		r.c = units[2] >> 4 << 8 | rhp_bits(units[1], 44, 8);
		break;
	case RHP_ROOT:
		r.b = rhp_bits(units[1], 4, 57) | units[1] >> 61 << 60;
		r.c = units[2] >> 4;
		break;
	default:
		r.c = units[2] >> 4;
	}
	return r;
}

/* What an event says, with fewer bits of its stamp and of its time than they have. */
struct rhp_packed_event {
	uint64_t address, stamp, size, time;
	uint32_t node;
	uint8_t code, time_bits;
	uint8_t is_wide; /* the stamp is whole */
};

static inline int rhp_is_packed_event(uint64_t first)
{
	unsigned code = first & 255, tag = first & 15;

	return (tag >= RHP_SHORT_FREE && tag != RHP_REST) ||
	       (code >= RHP_ALLOC && code <= RHP_REALLOC_FREE);
}

static inline struct rhp_packed_event rhp_unpack_event(const uint64_t *u, uint64_t base)
{
	unsigned tag = u[0] & 15;

	if (tag == RHP_SHORT_FREE)
		return (struct rhp_packed_event){
			.code = RHP_FREE,
			.address = base + (u[0] & UINT64_C(0xfffffff0)),
			.stamp = rhp_bits(u[0], 32, RHP_STAMP_LOW_BITS),
			.time = rhp_bits(u[0], 40, RHP_SHORT_TIME_BITS),
			.time_bits = RHP_SHORT_TIME_BITS,
			.node = (uint32_t)(u[0] >> 48)};
	if (tag > RHP_MID)
		return (struct rhp_packed_event){
			.code = (uint8_t)(tag - RHP_MID),
			.address = u[0] & UINT64_C(0xfffffffffff0),
			.stamp = rhp_bits(u[1], 4, RHP_STAMP_LOW_BITS),
			.time = u[0] >> RHP_MID_ADDRESS_BITS,
			.time_bits = RHP_MID_TIME_BITS,
			.node = (uint32_t)rhp_bits(u[1], 12, RHP_MID_NODE_BITS),
			.size = u[1] >> 36};
	return (struct rhp_packed_event){
		.code = (uint8_t)tag,
		.address = u[0] >> 8,
		.stamp = rhp_bits(u[1], 4, RHP_SEQ_BITS),
		.time = u[1] >> 44,
		.time_bits = RHP_WIDE_TIME_BITS,
		.node = (uint32_t)rhp_bits(u[2], 4, RHP_STACK_BITS),
		.size = u[2] >> 32 == RHP_WIDE_SIZE_MAX ? RHP_SIZE_MAX : u[2] >> 32,
		.is_wide = 1};
}
