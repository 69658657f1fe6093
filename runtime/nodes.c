/* SPDX-License-Identifier: MIT */
/*
 * key = {address, parent and module and flags}; value = {number}. Addresses of
 * FRAME nodes and numbers of functions do not meet: no code lies below 4096.
 */
#include "runtime/nodes.h"
#include "runtime/os-lock.h"
#include "runtime/table.h"
#include "runtime/trace-file.h"

static struct rhp_table nodes;
static uint32_t last_node; /* under the table's lock */

static uint32_t make(struct rhp_stream *out, enum rhp_code code, const uint64_t key[2],
		     uint32_t parent, uint32_t module, uint32_t flags)
{
	uint32_t id = last_node + 1;
	const uint64_t value[2] = {id, 0};
	if (id > RHP_STACK_MAX)
		return 0;
	if (!rhp_stream_record(out, code, key[0], id | (uint64_t)parent << 32,
			       module | (uint64_t)flags << 32))
		return 0;
	last_node = id;
	return rhp_table_add(&nodes, key, value, 0) == 0 ? id : 0;
}

uint32_t rhp_node_get(struct rhp_stream *out, enum rhp_code code, uintptr_t address,
		      uint32_t parent, uint32_t module, uint32_t flags)
{
	const uint64_t key[2] = {address, (uint64_t)parent << 32 |
						  (uint64_t)(module & 0xffff) << 8 |
						  (flags & 0xff)};
	uint64_t value[2];
	if (rhp_table_find(&nodes, key, value))
		return (uint32_t)value[0];
	rhp_lock_take(&nodes.lock);
	uint32_t id;
	if (rhp_table_find(&nodes, key, value))
		id = (uint32_t)value[0];
	else
		id = make(out, code, key, parent, module, flags);
	rhp_lock_drop(&nodes.lock);
	if (id == 0)
		rhp_trace_lose(RHP_LOST_STACK, 1);
	return id;
}

void rhp_nodes_forget(void)
{
	rhp_table_clear(&nodes);
	last_node = 0;
}
