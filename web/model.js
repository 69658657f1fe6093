// SPDX-License-Identifier: MIT
// The data of the page as the views ask for them: tables with all their columns, names, and
// what does not change while one looks (how often a function is what, who owns a node).

const TABLES = {
	function: ['short', 'full'],
	frame: ['function', 'file', 'line', 'module', 'flags'],
	node: ['parent', 'frame', 'site', 'folded', 'temporary_blocks', 'temporary_bytes'],
	cube: ['node', 'born', 'died', 'blocks', 'bytes'],
	site: [
		'frame',
		'allocator',
		'chain',
		'number',
		'merged',
		'stacks',
		'blocks',
		'bytes',
		'live_blocks',
		'live_bytes',
		'peak_blocks',
		'peak_bytes',
		'temporary_blocks',
	],
	timeline: ['at_us', 'low_bytes', 'high_bytes', 'live_bytes', 'live_blocks', 'allocations', 'allocated_bytes'],
	heat: ['site', 'size', 'lifetime', 'blocks', 'bytes'],
	thread_site: ['thread', 'site', 'blocks', 'bytes', 'live_bytes'],
	handover: ['alloc_thread', 'free_thread', 'blocks', 'bytes'],
	free: ['alloc_site', 'free_frame', 'blocks', 'bytes', 'crossed_blocks', 'mismatched_blocks'],
	growth: ['site', 'chains', 'reallocs', 'moves', 'copied_bytes', 'final_p50', 'final_p95', 'final_max'],
	leak: ['site', 'kind', 'blocks', 'bytes', 'indirect_blocks', 'indirect_bytes', 'first_us', 'last_us'],
	holder: ['parent', 'place', 'folded', 'blocks', 'bytes'],
	holder_place: ['kind', 'short', 'full', 'file', 'line', 'number', 'possible_blocks'],
};
const VALUES = [
	'a_blocks',
	'a_bytes',
	'b_blocks',
	'b_bytes',
	'a_peak_bytes',
	'b_peak_bytes',
	'a_live_bytes',
	'b_live_bytes',
	'a_live_blocks',
	'b_live_blocks',
];
const DIFF_TABLES = {
	function: TABLES.function,
	frame: TABLES.frame,
	node: TABLES.node,
	value: ['node', ...VALUES],
	change: ['frame', 'status', 'chain', ...VALUES],
};
// Lists of the JSON text that a page may do without
const LISTS = [
	'edges',
	'markers',
	'scopes',
	'threads',
	'modules',
	'leak_kinds',
	'findings',
	'unseen',
	'losses',
	'settings',
	'redacted',
	'strings',
	'statuses',
];
const FLAG = {inlined: 1, inferred: 2, library: 4, start: 8};

function makeModel({meta, tables}) {
	for (const list of LISTS) meta[list] = Array.isArray(meta[list]) ? meta[list] : [];
	const diff = meta.kind === 'diff',
		model = {meta, diff, strings: meta.strings};
	for (const [name, columns] of Object.entries(diff ? DIFF_TABLES : TABLES))
		model[name] = tableOf(tables, name, columns);
	checkModel(model);
	model.edges = diff ? [0, 0] : meta.edges;
	model.last = model.edges.length - 1; // index of the last edge
	model.never = model.edges.length; // died: never
	model.end_ms = model.edges[model.last];
	model.sources = new Map(Object.entries(meta.sources || {}));
	return model;
}

function checkModel(model) {
	const {node, frame, strings} = model;
	checkReferences('function.short', model.function.short, strings.length);
	checkReferences('function.full', model.function.full, strings.length);
	checkReferences('frame.function', frame.function, model.function.rows);
	checkReferences('frame.file', frame.file, strings.length);
	checkReferences('frame.module', frame.module, model.meta.modules.length + 1);
	if (node.rows === 0) throw new Error('The data have no stacks, not even a root.');
	for (let n = 1; n < node.rows; n++) {
		if (!(node.parent[n] >= 0 && node.parent[n] < n)) throw new Error(`Node ${n} stands before its parent.`);
		if (!node.folded[n] && !(node.frame[n] < frame.rows))
			throw new Error(`Node ${n} has a frame that is not there.`);
	}
	if (model.diff) {
		checkReferences('value.node', model.value.node, node.rows);
		checkReferences('change.frame', model.change.frame, frame.rows + 1);
		checkReferences('change.chain', model.change.chain, strings.length);
		return;
	}
	if (model.meta.edges.length < 2) throw new Error('The data have no edges.');
	checkReferences('cube.node', model.cube.node, node.rows);
	checkReferences('cube.born', model.cube.born, model.meta.edges.length);
	checkReferences('cube.died', model.cube.died, model.meta.edges.length + 1);
	checkReferences('node.site', node.site, model.site.rows + 1);
	checkReferences('site.frame', model.site.frame, frame.rows + 1);
	checkReferences('site.chain', model.site.chain, strings.length);
	for (const name of ['heat', 'thread_site', 'leak'])
		checkReferences(name + '.site', model[name].site, model.site.rows + 1);
	checkReferences('growth.site', model.growth.site, model.site.rows);
	checkHolders(model);
}

function checkHolders({holder, holder_place, strings, meta}) {
	for (let v = 1; v < holder.rows; v++) {
		if (!(holder.parent[v] >= 0 && holder.parent[v] < v)) throw new Error(`Holder ${v} stands before its parent.`);
	}
	checkReferences('holder.place', holder.place, holder_place.rows + 1);
	for (const name of ['kind', 'short', 'full', 'file'])
		checkReferences('holder_place.' + name, holder_place[name], strings.length);
	if (holder.rows > 0 && !meta.heap_snapshot) throw new Error('The data do not say of which heap snapshot they are.');
}

// Names. A frame of -1 is unknown.
function shortName(model, frame) {
	return frame < 0 ? '(unknown)' : model.strings[model.function.short[model.frame.function[frame]]];
}

function fullName(model, frame) {
	return frame < 0 ? '(unknown)' : model.strings[model.function.full[model.frame.function[frame]]];
}

function placeOf(model, frame, whole) {
	const file = frame < 0 ? '' : model.strings[model.frame.file[frame]],
		line = frame < 0 ? 0 : model.frame.line[frame];
	const name = whole ? file : baseName(file);
	return name && line ? `${name}:${line}` : name;
}

function modulePath(model, frame) {
	const module = frame < 0 ? 0 : model.frame.module[frame];
	return module ? model.meta.modules[module - 1].path : '';
}

// A site by its index; -1 is what no site has
function siteFrame(model, site) {
	return site < 0 ? -1 : model.site.frame[site] - 1;
}

function siteName(model, site) {
	if (site < 0) return '(folded: site unknown)';
	if (model.site.frame[site] === 0) return `(${plural(model.site.merged[site], 'smaller site')})`;
	return shortName(model, siteFrame(model, site));
}

function siteHandle(model, site) {
	return site < 0 || model.site.frame[site] === 0 ? '' : 's' + model.site.number[site];
}

function siteByNumber(model, number) {
	return model.site.number.indexOf(number);
}

function siteChain(model, site) {
	return site < 0 ? '' : model.strings[model.site.chain[site]];
}

function threadName(model, index) {
	const thread = model.meta.threads[index];
	return thread ? `t${thread.number}` + (thread.name ? ' ' + thread.name : '') : '(unknown)';
}

// The phases of the run: from each mark to the next. {text, from, to}: edges
function phasesOf(model) {
	const marks = model.meta.markers,
		phases = [];
	if (marks.length === 0) return phases;
	const first = Math.max(0, Math.min(marks[0].edge, model.last));
	if (first > 0) phases.push({text: '(before the first mark)', from: 0, to: first});
	for (let i = 0; i < marks.length; i++) {
		const from = Math.max(0, Math.min(marks[i].edge, model.last));
		const to = i + 1 < marks.length ? Math.max(from, Math.min(marks[i + 1].edge, model.last)) : model.last;
		if (to > from) phases.push({text: marks[i].text, from, to});
	}
	return phases;
}
