// SPDX-License-Identifier: MIT
// One object says what is shown, and stands in the URL behind the #: a link, the back button
// and a reload keep it. Whatever the # says is checked before it is used.

const VIEWS = [
	'flame',
	'tree',
	'sites',
	'files',
	'leaks',
	'held',
	'sizes',
	'map',
	'temporary',
	'threads',
	'frees',
	'growth',
	'phases',
	'about',
];
const DIFF_VIEWS = ['flame', 'tree', 'changes', 'about'];
// Of them: those that the data have something for
function viewsOf(model) {
	if (model.diff) return DIFF_VIEWS;
	return model.holder.rows > 0 ? VIEWS : VIEWS.filter((view) => view !== 'held');
}

const CHIP_KINDS = ['only', 'hide', 'frame'];
const MOST_CHIPS = 30; // a bit of an integer each

function defaultState(model) {
	return {
		view: 'flame',
		metric: 'peak',
		unit: 'bytes',
		from: 0,
		to: model.last,
		from2: -1, // no second window
		to2: -1,
		zoom: 0,
		held_zoom: 0,
		pivot: '',
		invert: false,
		lines: false,
		outer: false,
		chips: [],
		search: '',
		site: -1,
		born_died: null,
		what_if: [],
		keep: 0,
		kinds: [],
		cells: null,
		status: '',
		sort: '',
	};
}

const READERS = {
	view: (text, model) => (viewsOf(model).includes(text) ? text : undefined),
	metric: (text, model) => (metricsOf(model).some((metric) => metric.id === text) ? text : undefined),
	unit: (text) => (text === 'blocks' || text === 'bytes' ? text : undefined),
	from: (text, model) => integerWithin(text, 0, model.last),
	to: (text, model) => integerWithin(text, 0, model.last),
	from2: (text, model) => integerWithin(text, 0, model.last),
	to2: (text, model) => integerWithin(text, 0, model.last),
	zoom: (text) => integerWithin(text, 0, 2 ** 31),
	held_zoom: (text) => integerWithin(text, 0, 2 ** 31),
	pivot: (text) => text,
	invert: (text) => text === '1',
	lines: (text) => text === '1',
	outer: (text) => text === '1',
	sort: (text) => text,
	search: (text) => text,
	site: (text, model) => siteByNumber(model, integerWithin(text, 0, 2 ** 31)),
	born_died: (text, model) => integersOf(text, 4, model.never),
	what_if: (text, model) =>
		text
			.split(',')
			.map((number) => siteByNumber(model, Number(number)))
			.filter((s) => s >= 0),
	keep: (text) => integerWithin(text, 0, 100),
	kinds: (text) => text.split(',').map(Number).filter(Number.isInteger),
	cells: (text) => integersOf(text, 4, 64),
	status: (text) => text,
};
const WRITERS = {
	invert: () => '1',
	lines: () => '1',
	outer: () => '1',
	born_died: String,
	cells: String,
	kinds: String,
	site: (value, model) => model.site.number[value],
	what_if: (value, model) => value.map((s) => model.site.number[s]).join(','),
};

function integerWithin(text, low, high) {
	const value = Number(text);
	return text !== '' && Number.isInteger(value) && value >= low && value <= high ? value : undefined;
}

function integersOf(text, size, high) {
	const values = text.split(',').map((part) => integerWithin(part, 0, high));
	return values.length === size && !values.includes(undefined) ? values : undefined;
}

function readHash(hash, model) {
	const state = defaultState(model),
		given = new URLSearchParams(hash.replace(/^#/, ''));
	for (const [key, text] of given) {
		if (key === 'chip') {
			const [kind, ...rest] = text.split(':');
			if (CHIP_KINDS.includes(kind) && state.chips.length < MOST_CHIPS)
				state.chips.push({kind, text: rest.join(':')});
			continue;
		}
		const value = Object.hasOwn(READERS, key) ? READERS[key](text, model) : undefined;
		if (value !== undefined) state[key] = value;
	}
	return settled(state, model);
}

// Windows begin before they end, and a comparison has two of them
function settled(state, model) {
	const next = {...state};
	if (next.from > next.to) [next.from, next.to] = [next.to, next.from];
	if (next.from2 > next.to2) [next.from2, next.to2] = [next.to2, next.from2];
	if (next.from2 < 0) {
		next.to2 = -1;
		next.metric = metricById(model, next.metric).base || next.metric;
	}
	return next;
}

function writeHash(state, model) {
	const out = new URLSearchParams(),
		usual = defaultState(model);
	for (const key of Object.keys(READERS)) {
		const value = state[key];
		if (String(value) !== String(usual[key]) && value !== null)
			out.append(key, Object.hasOwn(WRITERS, key) ? WRITERS[key](value, model) : String(value));
	}
	for (const chip of state.chips) out.append('chip', chip.kind + ':' + chip.text);
	return '#' + out;
}

// What changes the tree that a node's number belongs to
const TREE_KEYS = ['pivot', 'invert', 'lines', 'chips'];

function changed(state, patch, model) {
	const next = settled({...state, ...patch}, model);
	if (TREE_KEYS.some((key) => Object.hasOwn(patch, key)) && !Object.hasOwn(patch, 'zoom')) next.zoom = 0;
	return next;
}
