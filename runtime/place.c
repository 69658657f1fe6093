/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "runtime/os-memory.h"
#include "runtime/place.h"

static bool inside(const struct rhp_bounds *stack, uintptr_t address)
{
	return stack && address >= stack->low && address < stack->high;
}

READS_STACKS bool rhp_place_alive(const struct rhp_place *place, const void *here,
				  const struct rhp_bounds *stack)
{
	uintptr_t frame = place->frame, now = (uintptr_t)here;
	if (frame == RHP_PLACE_OURS)
		return true;
	bool known = inside(stack, frame);
	/* Two functions cannot have the same frame at the same time. */
	if (frame == 0 || frame == now || (known && inside(stack, now) && frame < now))
		return false;
	const uintptr_t *return_address = (const uintptr_t *)frame + 1;
	return (known || rhp_os_readable((uintptr_t)return_address)) &&
	       *return_address == place->ip;
}
