// SPDX-License-Identifier: MIT
// What the page computes, against sums over each block, without a browser.
'use strict';
const {test} = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const WEB = path.join(__dirname, '../../web');
const WANTED = [
	'visible',
	'isUnusual',
	'cutMiddle',
	'bytes',
	'plainBytes',
	'plainCount',
	'roughCount',
	'percent',
	'duration',
	'signedAmount',
	'nameTest',
	'decodeBundle',
	'makeModel',
	'sumOwn',
	'sumSites',
	'liveSeries',
	'edgeTotals',
	'windowTotals',
	'whatIf',
	'ledger',
	'sampleEdges',
	'makeTree',
	'treeValues',
	'treeSeries',
	'searchTree',
	'layoutFlame',
	'shapeOf',
	'hourly',
	'BINS',
	'reserveAdvice',
	'readHash',
	'writeHash',
	'defaultState',
	'changed',
	'METRICS',
	'MOST_BOXES',
	'phasesOf',
	'quoteCsv',
	'ledgerGroups',
	'pathOf',
	'nodeName',
	'bytesOfBase64',
	'inflate',
	'makeHeldTree',
	'heldValues',
	'searchHeld',
	'viewsOf',
];

// The parts up to the app, in a function of their own, with what they take from the browser
function load() {
	const names = fs
		.readFileSync(path.join(WEB, 'parts.list'), 'utf8')
		.split('\n')
		.filter((line) => line && !line.startsWith('#') && line !== 'app.js');
	const text = names.map((name) => fs.readFileSync(path.join(WEB, name), 'utf8')).join('\n');
	const preact = {h: null, render: null, Component: class {}},
		htm = {bind: () => null};
	return new Function('preact', 'htm', `'use strict'; ${text}; return {${WANTED.join(', ')}};`)(preact, htm);
}

const page = load();

function leb128(value) {
	const out = [];
	for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) + 128);
	return [...out, value];
}

function encode(columns, meta) {
	const data = [],
		list = [];
	for (const [name, encoding, values] of columns) {
		let before = 0;
		list.push({name, count: values.length, encoding});
		for (const value of values) {
			const step = value - before;
			data.push(...leb128(encoding === 'plain' ? value : step >= 0 ? step * 2 : -step * 2 - 1));
			before = value;
		}
	}
	const text = new TextEncoder().encode(JSON.stringify({...meta, columns: list})),
		head = Buffer.alloc(4);
	head.writeUInt32LE(text.length);
	return new Uint8Array(Buffer.concat([head, text, Buffer.from(data)]));
}

// A generator of numbers that is the same everywhere
function numbers(seed) {
	let state = seed;
	return (below) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
}

// Stacks of few functions, so that they share, recurse and differ; blocks with edges of birth and death
function program(seed, {nodes = 60, rows = 400, edges = 12, functions = 9} = {}) {
	const pick = numbers(seed),
		parent = [0],
		frame = [0],
		cube = [];
	for (let n = 1; n < nodes; n++) {
		parent.push(pick(n));
		frame.push(pick(functions));
	}
	for (let i = 0; i < rows; i++) {
		const born = pick(edges);
		cube.push([pick(nodes), born, born + pick(edges + 1 - born), 1 + pick(5), pick(1000)]);
	}
	const strings = ['', ...Array.from({length: functions}, (_, f) => 'f' + f)],
		of = (k) => cube.map((row) => row[k]),
		each = (f) => Array.from({length: functions}, (_, k) => f(k));
	const columns = [
		['function.short', 'plain', each((f) => f + 1)],
		['function.full', 'plain', each((f) => f + 1)],
		['frame.function', 'plain', each((f) => f)],
		['node.parent', 'delta', parent],
		['node.frame', 'delta', frame],
		['node.site', 'plain', parent.map((_, n) => n % 4)],
		['cube.node', 'delta', of(0)],
		['cube.born', 'delta', of(1)],
		['cube.died', 'plain', of(2)],
		['cube.blocks', 'plain', of(3)],
		['cube.bytes', 'plain', of(4)],
		['site.frame', 'plain', [1, 2, 3]],
		['site.number', 'plain', [11, 17, 23]],
	];
	const meta = {
		version: 1,
		kind: 'report',
		edges: Array.from({length: edges}, (_, k) => k * 10),
		peak_edge: 5,
		strings,
		totals: {peak_ms: 50},
		markers: [
			{text: 'a', edge: 2},
			{text: 'b', edge: 6},
			{text: 'a', edge: 9},
		],
	};
	return {model: page.makeModel(page.decodeBundle(encode(columns, meta))), parent, frame, cube, edges};
}

// What a metric says of one row, from the words of the reference
function says(metric, [, born, died], from, to, edges) {
	const lower = from === 0 ? -1 : from,
		live = (k) => born <= k && k < died;
	return (
		{
			peak: live(5),
			use: live(to),
			alloc: lower < born && born <= to,
			freed: lower < died && died <= to,
			kept: lower < born && born <= to && to < died,
			leaked: lower < born && born <= to && died === edges,
			grown: Number(live(to)) - Number(from > 0 && live(from)),
		}[metric] * 1
	);
}

function stackOf({parent, frame}, n) {
	const out = [];
	for (; n > 0; n = parent[n]) out.unshift(frame[n]);
	return out;
}

test('columns of all widths and signs come back', () => {
	const values = [0, 1, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1],
		signed = [5, 3, -1, -300, 2 ** 40, 0, -(2 ** 40)];
	const {tables} = page.decodeBundle(
		encode(
			[
				['t.a', 'plain', values],
				['t.b', 'delta', signed],
			],
			{version: 1},
		),
	);
	assert.deepEqual([...tables.get('t').get('a')], values);
	assert.deepEqual([...tables.get('t').get('b')], signed);
});

test('a bundle cut at any byte, or of another version, is refused with a sentence', () => {
	const whole = encode(
		[
			['t.a', 'plain', [1, 300, 70000]],
			['t.b', 'delta', [9]],
		],
		{version: 1},
	);
	for (let size = 0; size < whole.length; size++)
		assert.throws(
			() => page.decodeBundle(whole.slice(0, size)),
			(error) => error instanceof Error && error.message.length > 10,
			String(size),
		);
	assert.throws(() => page.decodeBundle(encode([], {version: 2})), /version 2/);
	assert.throws(() => page.decodeBundle(encode([['t.a', 'huffman', [1]]], {version: 1})), /encoding/);
});

test('references that point nowhere are refused', () => {
	const bad = (name, values) => {
		const columns = [
			['function.short', 'plain', [0]],
			['function.full', 'plain', [0]],
			['frame.function', 'plain', [0]],
			['node.parent', 'plain', [0, 0]],
			['node.frame', 'plain', [0, 0]],
			['cube.node', 'plain', [1]],
			['cube.born', 'plain', [0]],
			['cube.died', 'plain', [1]],
			['cube.blocks', 'plain', [1]],
			['cube.bytes', 'plain', [1]],
		];
		return page.decodeBundle(
			encode(
				columns.map((column) => (column[0] === name ? [name, 'plain', values] : column)),
				{version: 1, kind: 'report', strings: [''], edges: [0, 1], peak_edge: 0},
			),
		);
	};
	assert.ok(page.makeModel(bad('', [])));
	for (const [name, values] of [
		['function.short', [1]],
		['frame.function', [1]],
		['node.parent', [0, 1]],
		['node.frame', [0, 5]],
		['cube.node', [2]],
		['cube.born', [2]],
		['cube.died', [4]],
		['cube.born', [0, 0]],
	])
		assert.throws(() => page.makeModel(bad(name, values)), Error, name);
});

// A tree of holders: a variable, a line in it, what was too small below that; and what several hold
function heldBundle(change = {}) {
	const columns = {
		'node.parent': [0],
		'holder.parent': [0, 0, 1, 2, 0],
		'holder.place': [0, 1, 2, 0, 2],
		'holder.folded': [0, 0, 0, 7, 0],
		'holder.blocks': [0, 0, 3, 9, 2],
		'holder.bytes': [0, 0, 30, 5, 400],
		'holder_place.kind': [1, 0],
		'holder_place.short': [2, 3],
		'holder_place.full': [2, 4],
		'holder_place.file': [5, 5],
		'holder_place.line': [8, 9],
		'holder_place.number': [0, 17],
		'holder_place.possible_blocks': [0, 1],
		...change,
	};
	const strings = ['', 'global', 'global list', 'push', 'push(int)', '/src/list.c'],
		meta = {version: 1, kind: 'report', strings, edges: [0, 1], peak_edge: 0, heap_snapshot: {name: 'exit'}};
	return page.decodeBundle(
		encode(
			Object.entries(columns).map(([name, values]) => [name, 'plain', values]),
			meta,
		),
	);
}

test('who holds what has names, and sums of all below', () => {
	const model = page.makeModel(heldBundle()),
		tree = page.makeHeldTree(model),
		values = page.heldValues(tree, model.holder.bytes);
	assert.deepEqual(tree.label, [
		'the heap',
		'global list (list.c:8)',
		's17 push (list.c:9)',
		'(7 smaller ones)',
		's17 push (list.c:9)',
	]);
	assert.equal(tree.full[2], 's17 push(int) (/src/list.c:9)');
	assert.deepEqual([...values.net], [435, 35, 35, 5, 400]);
	assert.equal(page.searchHeld(tree, values, 'list').sum, 435);
	assert.equal(page.searchHeld(tree, values, 'global').sum, 35);
	assert.equal(page.searchHeld(tree, values, '').nodes, 0);
	assert.ok(page.viewsOf(model).includes('held'));
	assert.equal(page.readHash('#view=held&held_zoom=2', model).held_zoom, 2);
	assert.ok(!page.viewsOf(program(1).model).includes('held'));
	assert.equal(page.readHash('#view=held', program(1).model).view, 'flame');
});

test('holders that point nowhere are refused', () => {
	for (const [name, values] of [
		['holder.parent', [0, 1, 1, 2, 0]],
		['holder.parent', [0, 0, 1, 4, 0]],
		['holder.place', [0, 3, 2, 0, 2]],
		['holder.bytes', [0, 0]],
		['holder_place.short', [6, 3]],
		['holder_place.file', [5, 6]],
	])
		assert.throws(() => page.makeModel(heldBundle({[name]: values})), Error, name);
});

test('every metric of every window is the sum over its rows', () => {
	const it = program(1),
		{model, cube, edges} = it,
		own = new Float64Array(model.node.rows);
	for (let from = 0; from < edges; from++) {
		for (let to = from; to < edges; to++) {
			for (const metric of ['peak', 'use', 'alloc', 'freed', 'kept', 'leaked', 'grown']) {
				for (const [unit, k] of [
					['bytes', 4],
					['blocks', 3],
				]) {
					const expected = new Float64Array(model.node.rows);
					cube.forEach((row) => (expected[row[0]] += says(metric, row, from, to, edges) * row[k]));
					assert.deepEqual(
						page.sumOwn(model, {metric, unit, from, to, site: -1}, own),
						expected,
						`${metric} ${from} ${to}`,
					);
				}
			}
		}
	}
});

test('a site and a rectangle of births and deaths limit the sums', () => {
	const {model, cube} = program(2),
		own = new Float64Array(model.node.rows),
		sums = new Float64Array(model.node.rows);
	cube.forEach(
		([n, born, died, , size]) =>
			(sums[n] += n % 4 === 2 && born >= 3 && born <= 7 && died >= 8 && died <= 12 ? size : 0),
	);
	assert.deepEqual(
		page.sumOwn(
			model,
			{metric: 'alloc', unit: 'bytes', from: 0, to: model.last, site: 1, born_died: [3, 7, 8, 12]},
			own,
		),
		sums,
	);
});

test('totals by edge, by window, by phase', () => {
	const {model, cube, edges} = program(3),
		totals = page.edgeTotals(model);
	for (let k = 0; k < edges; k++) {
		const sum = (test) => cube.reduce((all, row) => all + (test(row) ? row[4] : 0), 0);
		assert.equal(
			totals.live[k],
			sum(([, born, died]) => born <= k && k < died),
		);
		assert.equal(
			totals.allocated[k],
			sum(([, born]) => born === k),
		);
		assert.equal(
			totals.leaked[k],
			sum(([, born, died]) => born === k && died === edges),
		);
		const {alloc, freed, kept} = page.windowTotals(model, 3, Math.max(3, k)),
			to = Math.max(3, k);
		assert.deepEqual(
			[alloc, freed, kept],
			['alloc', 'freed', 'kept'].map((metric) =>
				cube.reduce((all, row) => all + says(metric, row, 3, to, edges) * row[4], 0),
			),
		);
	}
	const groups = page.ledgerGroups(page.phasesOf(model), false),
		of_edge = new Int32Array(edges).fill(-1);
	groups.forEach((group, g) =>
		group.phases.forEach(({from, to}) => of_edge.fill(g, from === 0 ? 0 : from + 1, to + 1)),
	);
	const {width, bytes} = page.ledger(model, of_edge, groups.length),
		phase = (k) => (k <= 2 ? 0 : k <= 6 ? 1 : k <= 9 ? 2 : 3);
	for (let row = 0; row < 4; row++) {
		for (let column = 0; column < 5; column++)
			assert.equal(
				bytes[row * width + column],
				cube.reduce(
					(all, [, born, died, , size]) =>
						all + (phase(born) === row && (died === edges ? 4 : phase(died)) === column ? size : 0),
					0,
				),
			);
	}
});

test('the tree of every kind has the sums of the stacks through its nodes', () => {
	for (let seed = 10; seed < 30; seed++) {
		const it = program(seed),
			{model, cube} = it,
			own = page.sumOwn(
				model,
				{metric: 'grown', unit: 'bytes', from: 3, to: 9, site: -1},
				new Float64Array(model.node.rows),
			);
		const chips = [
			[],
			[{kind: 'frame', text: '=f3'}],
			[{kind: 'hide', text: '=f2'}],
			[
				{kind: 'only', text: '=f1'},
				{kind: 'only', text: '/^f4$/'},
				{kind: 'frame', text: '=f5'},
			],
		];
		for (const options of chips.flatMap((some) => [{chips: some}, {chips: some, invert: true}])) {
			const tree = page.makeTree(model, {lines: false, pivot: '', ...options}),
				values = page.treeValues(tree, own, true),
				expected = new Map(),
				wide = new Map();
			own.forEach((value, n) => {
				const stack = stackOf(it, n),
					has = (f) => stack.includes(f),
					of = (kind) =>
						options.chips
							.filter((chip) => chip.kind === kind)
							.map((chip) => Number(chip.text.match(/\d/)[0]));
				if (of('hide').some(has) || !of('only').every(has)) return;
				const shown = stack.filter((f) => !of('frame').includes(f));
				(options.invert ? shown.reverse() : shown).reduce((path, f) => {
					const next = [...path, f];
					expected.set(next.join(), (expected.get(next.join()) || 0) + value);
					wide.set(next.join(), (wide.get(next.join()) || 0) + Math.abs(value));
					return next;
				}, []);
			});
			for (let v = 1; v < tree.size; v++) {
				const name = page
					.pathOf(tree, v)
					.slice(1)
					.map((one) => tree.key[one])
					.join();
				assert.equal(values.net[v], expected.get(name) || 0, `${seed} ${JSON.stringify(options)} ${name}`);
				assert.equal(values.wide[v], wide.get(name) || 0);
			}
			for (const [name, value] of expected)
				assert.ok(
					value === 0 ||
						[...Array(tree.size).keys()].some(
							(v) =>
								v > 0 &&
								page
									.pathOf(tree, v)
									.slice(1)
									.map((one) => tree.key[one])
									.join() === name,
						),
					name,
				);
		}
		assert.ok(cube.length);
	}
});

test('a pivot has callees below and callers above its outermost call', () => {
	const it = program(40),
		{model} = it,
		own = page.sumOwn(
			model,
			{metric: 'alloc', unit: 'bytes', from: 0, to: model.last, site: -1},
			new Float64Array(model.node.rows),
		);
	const tree = page.makeTree(model, {lines: false, pivot: 'f4', chips: []}),
		below = page.treeValues(tree, own, false),
		above = page.treeValues(tree.above, own, false);
	let all = 0;
	const callee = new Map(),
		caller = new Map(),
		add = (map, key, value) => map.set(key, (map.get(key) || 0) + value);
	own.forEach((value, n) => {
		const stack = stackOf(it, n),
			at = stack.indexOf(4);
		if (at < 0) return;
		all += value;
		stack.slice(at + 1).forEach((_, k) => add(callee, stack.slice(at + 1, at + 2 + k).join(), value));
		stack
			.slice(0, at)
			.reverse()
			.forEach((_, k, callers) => add(caller, callers.slice(0, k + 1).join(), value));
	});
	assert.equal(below.net[0], all);
	assert.equal(above.net[0], all);
	for (const [view, values, expected] of [
		[tree, below, callee],
		[tree.above, above, caller],
	]) {
		for (let v = 1; v < view.size; v++)
			assert.equal(
				values.net[v],
				expected.get(
					page
						.pathOf(view, v)
						.slice(1)
						.map((one) => view.key[one])
						.join(),
				) || 0,
			);
	}
});

test('a search sums each stack once', () => {
	const it = program(50),
		{model} = it,
		own = page.sumOwn(
			model,
			{metric: 'alloc', unit: 'bytes', from: 0, to: model.last, site: -1},
			new Float64Array(model.node.rows),
		);
	const tree = page.makeTree(model, {lines: false, pivot: '', chips: []}),
		values = page.treeValues(tree, own, false);
	for (const [text, test] of [
		['f3', (f) => f === 3],
		['/f[12]/', (f) => f === 1 || f === 2],
		['F', () => true],
		['/(/', () => false],
	]) {
		const sum = own.reduce((all, value, n) => all + (stackOf(it, n).some(test) ? value : 0), 0);
		assert.equal(page.searchTree(model, tree, values, text).sum, sum, text);
	}
});

test('the lines of live bytes are those of the edges', () => {
	const it = program(60),
		{model, cube, edges} = it,
		samples = page.sampleEdges(model, 5),
		tree = page.makeTree(model, {lines: false, pivot: '', chips: []});
	const series = page.treeSeries(model, tree, samples);
	samples.forEach((k, at) =>
		assert.equal(
			series[at],
			cube.reduce((all, [, born, died, , size]) => all + (born <= k && k < died ? size : 0), 0),
		),
	);
	assert.ok([...samples].includes(5) && samples[0] === 0 && samples[samples.length - 1] === edges - 1);
	const {live, peak, edge} = page.whatIf(model, [1], 0.25),
		at = (k) =>
			cube.reduce(
				(all, [n, born, died, , size]) => all + (born <= k && k < died ? (n % 4 === 2 ? size / 4 : size) : 0),
				0,
			);
	live.forEach((value, k) => assert.ok(Math.abs(value - at(k)) < 1e-6));
	assert.equal(peak, Math.max(...live));
	assert.equal(live[edge], peak);
});

test('boxes of a flame graph lie on their callers, and nothing is lost', () => {
	for (const pixels of [40, 300, 5000]) {
		const {model} = program(70),
			own = page.sumOwn(
				model,
				{metric: 'alloc', unit: 'bytes', from: 0, to: model.last, site: -1},
				new Float64Array(model.node.rows),
			);
		const tree = page.makeTree(model, {lines: false, pivot: '', chips: []}),
			values = page.treeValues(tree, own, false),
			boxes = page.layoutFlame(tree, values, 0, pixels, true);
		const below = new Float64Array(boxes.node.length);
		for (let box = 1; box < boxes.node.length; box++) {
			const on = boxes.above[box];
			below[on] += boxes.width[box];
			assert.ok(
				boxes.x[box] >= boxes.x[on] - 1e-12 &&
					boxes.x[box] + boxes.width[box] <= boxes.x[on] + boxes.width[on] + 1e-12,
			);
			assert.ok(boxes.width[box] * pixels >= 1.5 - 1e-9);
		}
		below.forEach((width, box) => assert.ok(width <= boxes.width[box] + 1e-12));
		let drawn = 0;
		boxes.node.forEach((v, box) => (drawn += v >= 0 ? values.own[v] : boxes.value[box]));
		assert.ok(Math.abs(drawn + boxes.hidden_value - values.net[0]) < 1e-6);
	}
});

test('10,000 deep and 100,000 wide', () => {
	const deep = 10000,
		wide = 100000,
		nodes = 1 + deep + wide,
		parent = [0],
		strings = ['', 'deep', ...Array.from({length: wide}, (_, k) => 'w' + k)];
	for (let n = 1; n < nodes; n++) parent.push(n <= deep ? n - 1 : 0);
	const functions = wide + 1,
		all = (size, f) => Array.from({length: size}, (_, k) => f(k));
	const columns = [
		['function.short', 'plain', all(functions, (f) => f + 1)],
		['function.full', 'plain', all(functions, (f) => f + 1)],
		['frame.function', 'plain', all(functions, (f) => f)],
		['node.parent', 'delta', parent],
		['node.frame', 'delta', all(nodes, (n) => (n <= deep ? 0 : n - deep))],
		['cube.node', 'delta', all(nodes, (n) => n)],
		['cube.born', 'plain', all(nodes, () => 0)],
		['cube.died', 'plain', all(nodes, () => 2)],
		['cube.blocks', 'plain', all(nodes, () => 1)],
		['cube.bytes', 'plain', all(nodes, () => 1)],
	];
	const model = page.makeModel(
		page.decodeBundle(
			encode(columns, {version: 1, kind: 'report', strings, edges: [0, 1], peak_edge: 1, totals: {}}),
		),
	);
	const own = page.sumOwn(model, {metric: 'alloc', unit: 'bytes', from: 0, to: 1, site: -1}, new Float64Array(nodes));
	for (const options of [{}, {invert: true}, {pivot: 'deep'}]) {
		const tree = page.makeTree(model, {lines: false, pivot: '', chips: [], ...options}),
			values = page.treeValues(tree, own, false),
			boxes = page.layoutFlame(tree, values, 0, 1000, true);
		assert.equal(values.net[0], options.pivot ? deep : nodes);
		assert.ok(boxes.node.length < 3 * deep);
	}
});

function binned(f) {
	return Float64Array.from({length: page.BINS}, (_, k) => f(k));
}

test('shapes of leaks', () => {
	const pick = numbers(5),
		phases = [
			[0, 24],
			[25, 49],
			[50, 74],
			[75, 99],
		],
		none = [];
	assert.equal(
		page.shapeOf(
			binned(() => 0),
			none,
		),
		null,
	);
	assert.equal(
		page.shapeOf(
			binned((k) => (k < 5 ? 100 : 0)),
			none,
		),
		'startup',
	);
	assert.equal(
		page.shapeOf(
			binned((k) => (k === 60 ? 100 : 0)),
			none,
		),
		'once',
	);
	assert.equal(
		page.shapeOf(
			binned((k) => (k % 25 === 3 ? 100 : 0)),
			phases,
		),
		'steps',
	);
	assert.equal(
		page.shapeOf(
			binned(() => 90 + pick(20)),
			none,
		),
		'linear',
	);
	assert.equal(
		page.shapeOf(
			binned(() => 90 + pick(20)),
			phases,
		),
		'linear',
	);
	assert.equal(
		page.shapeOf(
			binned((k) => (k >= 20 && k < 70 ? 100 : 0)),
			none,
		),
		'linear',
	);
	assert.equal(
		page.shapeOf(
			binned((k) => 1000 * Math.exp(-k / 15)),
			none,
		),
		'saturating',
	);
	assert.equal(
		page.shapeOf(
			binned((k) => ([30, 31, 62, 63, 80, 90].includes(k) ? 100 + 200 * (k > 60) : 0)),
			none,
		),
		'bursts',
	);
	assert.equal(
		page.hourly(
			binned(() => 10),
			'linear',
			60e3,
		),
		10 * page.BINS * 60,
	);
	assert.equal(
		page.hourly(
			binned((k) => (k < 5 ? 100 : 0)),
			'startup',
			60e3,
		),
		0,
	);
});

test('an advice says what it saves and what it costs', () => {
	const growth = {
		chains: [1000, 2],
		reallocs: [14000, 3],
		copied_bytes: [31e6, 10],
		final_p50: [2000, 1],
		final_p95: [15000, 1],
	};
	assert.deepEqual(page.reserveAdvice(growth, 0), {
		size: 16384,
		saved_calls: 13300,
		saved_bytes: 29450000,
		waste_each: 14384,
		wasteful_chains: 500,
	});
	assert.equal(page.reserveAdvice(growth, 1), null);
});

test('the state comes back from its hash, and what is no state is left out', () => {
	const {model} = program(80),
		usual = page.defaultState(model);
	assert.equal(page.writeHash(usual, model), '#');
	const state = page.changed(usual, {
		view: 'sites',
		metric: 'kept2',
		unit: 'blocks',
		from: 3,
		to: 8,
		from2: 9,
		to2: 5,
		site: 1,
		pivot: 'a&b=c#d',
		search: '/x+ y/',
		lines: true,
		outer: true,
		born_died: [1, 2, 3, 12],
		what_if: [0, 2],
		keep: 50,
		kinds: [1],
		cells: [0, 1, 2, 3],
		sort: 'sites peak up',
		chips: [
			{kind: 'only', text: '=std::map<int, x>:y'},
			{kind: 'hide', text: '%<script>'},
		],
	}, model);
	assert.deepEqual(page.readHash(page.writeHash(state, model), model), state);
	assert.deepEqual(
		page.readHash(
			'#view=__proto__&metric=toString&from=-1&to=99&unit=x&site=5&born_died=1,2&zoom=1e99&constructor=1&chip=evil:x',
			model,
		),
		usual,
	);
	assert.deepEqual([page.readHash('#from=8&to=3', model).from, page.readHash('#from=8&to=3', model).to], [3, 8]);
	// The second window begins before it ends, and a comparison is none without it
	assert.deepEqual([state.from2, state.to2], [5, 9]);
	assert.equal(page.readHash('#metric=use2&from=1&to=2', model).metric, 'use');
	assert.deepEqual(page.changed(state, {from2: -1}, model), {...state, from2: -1, to2: -1, metric: 'kept'});
	assert.equal(page.changed(page.changed(usual, {zoom: 5}, model), {invert: true}, model).zoom, 0);
});

test('names show what they hide', () => {
	assert.equal(
		page.visible('a\u001b]52;c\u0007\u202eb\u200bc\u2028\0\ud800\ufeff'),
		'a\\x1b]52;c\\x07\\u202eb\\u200bc\\u2028\\x00\\ud800\\ufeff',
	);
	assert.equal(page.visible('std::map<int, “é” 😀>'), 'std::map<int, “é” 😀>');
	assert.ok(page.isUnusual('a\u202e') && !page.isUnusual('añ') && page.isUnusual('\u200b'));
	assert.ok(page.visible('x'.repeat(1e6)).length <= 10000);
	assert.equal(page.cutMiddle('abcdefghij', 5).length, 5);
	assert.equal(page.nameTest('=f')('f') && !page.nameTest('=f')('ff'), true);
	assert.equal(page.nameTest('toString')('my_tostring'), true);
	assert.equal(page.quoteCsv('=cmd()'), "'=cmd()");
	assert.equal(page.quoteCsv('a"b,c'), '"a""b,c"');
	assert.equal(page.quoteCsv('-1.5'), '-1.5');
});

test('figures', () => {
	const plain = (text) => text.replaceAll('\u00a0', ' ');
	assert.deepEqual(
		[0, 999, 1000, 41234567, 999499, 999999, 1e15].map((value) => plain(page.plainBytes(value))),
		['0 B', '999 B', '1.00 kB', '41.2 MB', '999 kB', '1.00 MB', '1.00 PB'],
	);
	assert.deepEqual([0, 999, 1234, 11594191].map(page.plainCount), ['0', '999', '1,234', '11,594,191']);
	assert.deepEqual(
		[0, 0.0005, 0.5, 8710, 600e3, 1e8].map((ms) => plain(page.duration(ms))),
		['0 s', '0.50 µs', '500 µs', '8.71 s', '10.0 min', '27.8 h'],
	);
	assert.deepEqual(
		[
			[0, 5],
			[1, 3],
			[1, 1],
			[1, 1e6],
		].map(([part, all]) => plain(page.percent(part, all))),
		['0 %', '33.3 %', '100 %', '< 0.1 %'],
	);
	assert.deepEqual(
		[5e6, -5e6, 0].map((value) => plain(page.signedAmount(value, 'bytes'))),
		['▲ +5.00 MB', '▼ −5.00 MB', '±0'],
	);
});
