// SPDX-License-Identifier: MIT
// Sums over the cube. A row stands for blocks of one stack that were born at one edge and died
// at another; every question about a window is a rectangle of births and deaths, so each metric
// is a list of such rectangles, with a sign. One pass over typed arrays answers it.

const METRICS = [
	{
		id: 'peak',
		label: 'In use at the peak',
		windowed: false,
		what: 'Live when the program had most bytes in use: born ≤ peak < died.',
	},
	{
		id: 'use',
		label: 'In use at the window’s end',
		windowed: true,
		what: 'Live at the end of the window: born ≤ end < died.',
	},
	{
		id: 'alloc',
		label: 'Allocated in the window',
		windowed: true,
		what: 'Allocated after the window began and not after its end, whatever became of it.',
	},
	{
		id: 'freed',
		label: 'Freed in the window',
		windowed: true,
		what: 'Freed after the window began and not after its end, whenever it was allocated.',
	},
	{
		id: 'kept',
		label: 'Allocated in it, in use at its end',
		windowed: true,
		what: 'Allocated in the window and not freed in it: what the window leaves behind.',
	},
	{
		id: 'grown',
		label: 'Grown over the window',
		windowed: true,
		signed: true,
		what:
			'In use at the end minus in use at the beginning. Widths are the sum of growth and shrinkage of the ' +
			'stacks below; ▲ grew, ▼ shrank.',
	},
	{
		id: 'leaked',
		label: 'Allocated in it, never freed',
		windowed: true,
		what: 'Allocated in the window and not freed when the trace ended.',
	},
	{
		id: 'use2',
		base: 'use',
		label: 'In use: the second window’s end minus this one’s',
		windowed: true,
		signed: true,
		what: 'In use at the end of the second window minus in use at the end of the first; ▲ more, ▼ less.',
	},
	{
		id: 'alloc2',
		base: 'alloc',
		label: 'Allocated: the second window minus this one',
		windowed: true,
		signed: true,
		what: 'Allocated in the second window minus allocated in the first, whatever became of it; ▲ more, ▼ less.',
	},
	{
		id: 'kept2',
		base: 'kept',
		label: 'Left behind: the second window minus this one',
		windowed: true,
		signed: true,
		what:
			'Allocated in the second window and in use at its end, minus the same of the first: two rounds of the ' +
			'same work should leave the same behind. ▲ more, ▼ less.',
	},
	{
		id: 'temp',
		label: 'Temporary, whole run',
		windowed: false,
		what: 'Freed next by the thread that allocated it, before it allocated or freed anything else.',
	},
];
const DIFF_METRICS = [
	{
		id: 'peak',
		label: 'Change of the peak',
		signed: true,
		columns: ['peak_bytes', null],
		what: 'In use at the peak of B minus in use at the peak of A.',
	},
	{
		id: 'alloc',
		label: 'Change of what was allocated',
		signed: true,
		columns: ['bytes', 'blocks'],
		what: 'Allocated in the whole run of B minus that of A.',
	},
	{
		id: 'live',
		label: 'Change of what was never freed',
		signed: true,
		columns: ['live_bytes', 'live_blocks'],
		what: 'Not freed at the end of B minus not freed at the end of A.',
	},
];

function metricsOf(model) {
	return model.diff ? DIFF_METRICS : METRICS;
}

// Those that can be shown: a comparison needs a second window
function metricsFor(model, state) {
	return metricsOf(model).filter((metric) => !metric.base || state.from2 >= 0);
}

function metricById(model, id) {
	return metricsOf(model).find((metric) => metric.id === id) || metricsOf(model)[0];
}

// [sign, first born, last born, first died, last died]. A window that begins at edge 0 holds
// what was allocated at that edge, too: it is the beginning of the trace.
function rectangles(model, metric, from, to) {
	const never = model.never,
		after = from === 0 ? 0 : from + 1,
		peak = model.meta.peak_edge;
	switch (metric) {
		case 'peak':
			return [[1, 0, peak, peak + 1, never]];
		case 'use':
			return [[1, 0, to, to + 1, never]];
		case 'alloc':
			return [[1, after, to, 0, never]];
		case 'freed':
			return [[1, 0, never, after, to]];
		case 'kept':
			return [[1, after, to, to + 1, never]];
		case 'leaked':
			return [[1, after, to, never, never]];
		case 'grown':
			return [
				[1, after, to, to + 1, never],
				[-1, 0, after - 1, after, to],
			];
	}
	return [];
}

// Those of a query: of a comparison the second window's, less the first one's
function rectanglesOf(model, query) {
	const {base} = metricById(model, query.metric);
	if (!base) return rectangles(model, query.metric, query.from, query.to);
	return [
		...rectangles(model, base, query.from2, query.to2),
		...rectangles(model, base, query.from, query.to).map(([sign, ...limits]) => [-sign, ...limits]),
	];
}

function addRectangle(model, amounts, own, [sign, born0, born1, died0, died1]) {
	const {node, born, died} = model.cube;
	for (let i = 0; i < node.length; i++) {
		if (born[i] >= born0 && born[i] <= born1 && died[i] >= died0 && died[i] <= died1)
			own[node[i]] += sign * amounts[i];
	}
}

function within(rectangle, limits) {
	const [sign, born0, born1, died0, died1] = rectangle;
	if (!limits) return rectangle;
	return [
		sign,
		Math.max(born0, limits[0]),
		Math.min(born1, limits[1]),
		Math.max(died0, limits[2]),
		Math.min(died1, limits[3]),
	];
}

// The sum of each node's own stacks. query: {metric, unit, from, to, from2, to2, born_died, site}
function sumOwn(model, query, own) {
	own.fill(0);
	if (model.diff) return sumDifference(model, query, own);
	const amounts = query.unit === 'blocks' ? model.cube.blocks : model.cube.bytes;
	if (query.metric === 'temp')
		own.set(query.unit === 'blocks' ? model.node.temporary_blocks : model.node.temporary_bytes);
	for (const rectangle of rectanglesOf(model, query))
		addRectangle(model, amounts, own, within(rectangle, query.born_died));
	if (query.site >= 0) {
		for (let n = 0; n < own.length; n++) {
			if (model.node.site[n] !== query.site + 1) own[n] = 0;
		}
	}
	return own;
}

function differenceColumns(model, query) {
	const columns = metricById(model, query.metric).columns;
	return columns[query.unit === 'blocks' && columns[1] ? 1 : 0];
}

function sumDifference(model, query, own) {
	const column = differenceColumns(model, query),
		{node} = model.value;
	const a = model.value['a_' + column],
		b = model.value['b_' + column];
	for (let i = 0; i < node.length; i++) own[node[i]] += b[i] - a[i];
	return own;
}

// Bytes allocated in a window, freed in it, and those of the first that are live at its end
function windowTotals(model, from, to) {
	const {born, died, bytes} = model.cube,
		after = from === 0 ? 0 : from + 1,
		out = {alloc: 0, freed: 0, kept: 0};
	for (let i = 0; i < born.length; i++) {
		if (born[i] >= after && born[i] <= to) {
			out.alloc += bytes[i];
			if (died[i] > to) out.kept += bytes[i];
		}
		if (died[i] >= after && died[i] <= to) out.freed += bytes[i];
	}
	return out;
}

// Sums by site: index 0 is what has none, site s is at s + 1
function sumSites(model, own) {
	const sums = new Float64Array(model.site.rows + 1);
	for (let n = 0; n < own.length; n++) sums[model.node.site[n]] += own[n];
	return sums;
}

// At most `most` edges, evenly apart, the first, the last and the peak among them
function sampleEdges(model, most) {
	const out = [];
	for (let k = 0; k < most; k++) out.push(Math.round((k * model.last) / (most - 1)));
	out.push(model.meta.peak_edge);
	return Int32Array.from(new Set(out)).sort();
}

// Live bytes of each group at the given edges, as rows of samples.length figures. group: of
// each node the number of its group, or -1
function liveSeries(model, group, groups, samples) {
	const {node, born, died, bytes} = model.cube,
		width = samples.length,
		out = new Float64Array(groups * width);
	const slot = slotsOf(model, samples);
	for (let i = 0; i < node.length; i++) {
		const row = group[node[i]];
		if (row < 0) continue;
		const first = slot[born[i]],
			last = slot[died[i]];
		if (first === last) continue;
		out[row * width + first] += bytes[i];
		if (last < width) out[row * width + last] -= bytes[i];
	}
	for (let row = 0; row < groups; row++) {
		for (let k = 1; k < width; k++) out[row * width + k] += out[row * width + k - 1];
	}
	return out;
}

// Of each edge, and of never, the first sample that is not before it
function slotsOf(model, samples) {
	const slot = new Int32Array(model.never + 1);
	for (let k = 0, s = 0; k <= model.never; k++) {
		while (s < samples.length && samples[s] < k) s++;
		slot[k] = s;
	}
	slot[model.never] = samples.length;
	return slot;
}

// Of each edge: bytes allocated since the one before, those of them never freed, live
function edgeTotals(model) {
	const {born, died, bytes} = model.cube,
		size = model.never + 1;
	const out = {allocated: new Float64Array(size), leaked: new Float64Array(size), live: new Float64Array(size)};
	for (let i = 0; i < born.length; i++) {
		out.allocated[born[i]] += bytes[i];
		if (died[i] === model.never) out.leaked[born[i]] += bytes[i];
		out.live[born[i]] += bytes[i];
		out.live[died[i]] -= bytes[i];
	}
	for (let k = 1; k < model.never; k++) out.live[k] += out.live[k - 1];
	return out;
}

// The live bytes of some sites at every edge
function sitesSeries(model, sites) {
	const chosen = new Set(sites),
		group = Int32Array.from(model.node.site, (site) => (chosen.has(site - 1) ? 0 : -1));
	return liveSeries(
		model,
		group,
		1,
		Int32Array.from(model.edges, (edge, k) => k),
	);
}

// The peak if `sites` needed only `keep` (0 to 1) of what they do, as far as edges tell:
// {live, peak, edge, leader: site that has most there}
function whatIf(model, sites, keep) {
	const total = edgeTotals(model).live,
		part = sitesSeries(model, sites),
		live = new Float64Array(model.never);
	let edge = 0;
	for (let k = 0; k < model.never; k++) {
		live[k] = total[k] - part[k] * (1 - keep);
		if (live[k] > live[edge]) edge = k;
	}
	const own = sumOwn(
		model,
		{metric: 'use', unit: 'bytes', from: 0, to: edge, site: -1},
		new Float64Array(model.node.rows),
	);
	const sums = sumSites(model, own),
		chosen = new Set(sites);
	let leader = -1,
		most = 0;
	for (let s = 0; s < model.site.rows; s++) {
		const has = sums[s + 1] * (chosen.has(s) ? keep : 1);
		if (model.site.frame[s] && has > most) [leader, most] = [s, has];
	}
	return {live, edge, peak: live[edge], leader, leader_bytes: most};
}

// Sums of bytes by pairs of groups of edges: of_edge has the group of each edge, -1: none.
// Row: where it was allocated; column: where it was freed, the last one never.
function ledger(model, of_edge, groups) {
	const {born, died, bytes, blocks} = model.cube,
		width = groups + 1;
	const out = {width, bytes: new Float64Array(groups * width), blocks: new Float64Array(groups * width)};
	for (let i = 0; i < born.length; i++) {
		const row = of_edge[born[i]],
			column = died[i] === model.never ? groups : of_edge[died[i]];
		if (row < 0 || column < 0) continue;
		out.bytes[row * width + column] += bytes[i];
		out.blocks[row * width + column] += blocks[i];
	}
	return out;
}
