// SPDX-License-Identifier: MIT
// Advice with its price. What it saves and what it costs are computed from the run; thresholds
// are stated with it.

const RESERVE = {least_reallocs: 100, least_copied: 64 * 1024};
const REUSE = {least_blocks: 1000, least_share: 0.8, stack_bytes: 256};

function powerOfTwo(bytes) {
	let power = 16;
	while (power < bytes) power *= 2;
	return power;
}

// Of a row of `growth`: reserve(n) with n so that 95 % of the chains never grow again. null: it
// is not worth while.
function reserveAdvice(growth, row) {
	const chains = growth.chains[row],
		reallocs = growth.reallocs[row],
		copied = growth.copied_bytes[row];
	if (reallocs < RESERVE.least_reallocs && copied < RESERVE.least_copied) return null;
	const size = powerOfTwo(growth.final_p95[row]);
	return {
		size,
		saved_calls: Math.floor(0.95 * reallocs),
		saved_bytes: Math.floor(0.95 * copied),
		// Half of the chains end at the median or below
		waste_each: Math.max(0, size - growth.final_p50[row]),
		wasteful_chains: Math.ceil(chains / 2),
	};
}

// Of a site: most of its blocks are freed next by the same thread. null: no
function reuseAdvice(model, site, largest) {
	const blocks = model.site.blocks[site],
		temporary = model.site.temporary_blocks[site];
	if (temporary < REUSE.least_blocks || temporary < REUSE.least_share * blocks) return null;
	return {calls: temporary, on_stack: largest > 0 && largest <= REUSE.stack_bytes, largest};
}

// The largest size that a site asked for is below this: 2^class; 0: unknown
function largestSizes(model) {
	const out = new Float64Array(model.site.rows + 1);
	for (let i = 0; i < model.heat.rows; i++)
		out[model.heat.site[i]] = Math.max(out[model.heat.site[i]], 2 ** model.heat.size[i]);
	return out;
}
