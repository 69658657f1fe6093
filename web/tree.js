// SPDX-License-Identifier: MIT
// Trees to look at, made of the tree of stacks: by function or by line, from the outermost
// function or from the allocating one, around one function, without frames or stacks that were
// hidden. Making one does not depend on the window: `map` says for each node of the data which
// node of the view its own stacks end at, so a new window is one addition up the tree.
// Nothing here is recursive: stacks may be 10,000 deep.

const ROOT = 0;
const FOLDED = -1; // key of "(n smaller)"
const INVERTED_NODES = 400000; // about; inverted trees grow with the square of the depth

function TreeMaker(model, lines) {
	this.model = model;
	this.lines = lines;
	this.keys = (lines ? model.frame.rows : model.function.rows) + 2;
	this.parent = [-1];
	this.key = [FOLDED];
	this.frame = [-1]; // one of the frames that it stands for
	this.folded = [0];
	this.known = new Map();
	this.map = new Int32Array(model.node.rows).fill(-1);
}

TreeMaker.prototype.keyOf = function (n) {
	if (this.model.node.folded[n]) return FOLDED;
	const frame = this.model.node.frame[n];
	return this.lines ? frame : this.model.frame.function[frame];
};

// The child of a view's node for node n of the data
TreeMaker.prototype.child = function (parent, n) {
	const key = this.keyOf(n),
		id = parent * this.keys + key + 1;
	let child = this.known.get(id);
	if (child === undefined) {
		child = this.parent.length;
		this.known.set(id, child);
		this.parent.push(parent);
		this.key.push(key);
		this.frame.push(key === FOLDED ? -1 : this.model.node.frame[n]);
		this.folded.push(0);
	}
	return child;
};

TreeMaker.prototype.finish = function (more) {
	const {node} = this.model;
	for (let n = 1; n < node.rows; n++) {
		if (node.folded[n] && this.map[n] >= 0) this.folded[this.map[n]] += node.folded[n];
	}
	const tree = {
		size: this.parent.length,
		lines: this.lines,
		map: this.map,
		parent: Int32Array.from(this.parent),
		key: Int32Array.from(this.key),
		frame: Int32Array.from(this.frame),
		folded: Float64Array.from(this.folded),
		cut: 0,
		...more,
	};
	linkChildren(tree);
	return tree;
};

// children of v: tree.children[tree.first[v]] to tree.children[tree.first[v + 1] - 1]
function linkChildren(tree) {
	const first = new Int32Array(tree.size + 1),
		children = new Int32Array(Math.max(0, tree.size - 1));
	const depth = new Int32Array(tree.size);
	for (let v = 1; v < tree.size; v++) {
		first[tree.parent[v] + 1]++;
		depth[v] = depth[tree.parent[v]] + 1;
	}
	for (let v = 0; v < tree.size; v++) first[v + 1] += first[v];
	const next = first.slice();
	for (let v = 1; v < tree.size; v++) children[next[tree.parent[v]]++] = v;
	Object.assign(tree, {first, children, depth});
}

// What the chips say of each node of the data: frames to leave out, stacks that stay
function applyChips(model, chips) {
	const tests = chips.map((chip) => matchFunctions(model, chip.text));
	const {node} = model,
		skip = new Uint8Array(node.rows),
		drop = new Uint8Array(node.rows);
	const only = chips.reduce((bits, chip, i) => (chip.kind === 'only' ? bits | (1 << i) : bits), 0);
	const seen = new Int32Array(node.rows);
	for (let n = 1; n < node.rows; n++) {
		seen[n] = seen[node.parent[n]];
		drop[n] = drop[node.parent[n]];
		if (node.folded[n]) continue;
		const f = model.frame.function[node.frame[n]];
		for (let i = 0; i < chips.length; i++) {
			if (!tests[i][f]) continue;
			if (chips[i].kind === 'frame') skip[n] = 1;
			else if (chips[i].kind === 'hide') drop[n] = 1;
			else seen[n] |= 1 << i;
		}
	}
	for (let n = 0; n < node.rows; n++) drop[n] |= (seen[n] & only) !== only;
	return {skip, drop};
}

// 1 for each function whose short or full name passes
function matchFunctions(model, text) {
	const test = nameTest(text),
		out = new Uint8Array(model.function.rows);
	for (let f = 0; f < out.length; f++)
		out[f] = test(model.strings[model.function.full[f]]) || test(model.strings[model.function.short[f]]);
	return out;
}

// options: {lines, invert, pivot: full name or '', chips}
function makeTree(model, options) {
	const chips = applyChips(model, options.chips);
	if (options.pivot) return makePivot(model, options, chips);
	return options.invert ? makeInverted(model, options, chips) : makeTopDown(model, options, chips);
}

function makeTopDown(model, options, {skip, drop}) {
	const maker = new TreeMaker(model, options.lines),
		{node} = model,
		at = new Int32Array(node.rows);
	maker.map[0] = drop[0] ? -1 : ROOT;
	for (let n = 1; n < node.rows; n++) {
		const above = at[node.parent[n]];
		at[n] = skip[n] ? above : maker.child(above, n);
		maker.map[n] = drop[n] ? -1 : at[n];
	}
	return maker.finish({});
}

// Nodes of the data at which stacks end
function endsOfStacks(model) {
	const ends = new Uint8Array(model.node.rows),
		rows = model.diff ? model.value.node : model.cube.node;
	for (let i = 0; i < rows.length; i++) ends[rows[i]] = 1;
	for (let n = 0; n < ends.length && !model.diff; n++) ends[n] |= model.node.temporary_blocks[n] > 0;
	return ends;
}

function makeInverted(model, options, {skip, drop}) {
	const maker = new TreeMaker(model, options.lines),
		{node} = model,
		ends = endsOfStacks(model);
	const stacks = ends.reduce((sum, end) => sum + end, 0);
	const deepest = Math.max(24, Math.floor(INVERTED_NODES / Math.max(1, stacks)));
	let cut = 0;
	for (let n = 0; n < node.rows; n++) {
		if (!ends[n] || drop[n]) continue;
		let at = ROOT,
			depth = 0;
		for (let up = n; up > 0 && depth <= deepest; up = node.parent[up]) {
			if (skip[up]) continue;
			if (++depth > deepest) cut++;
			else at = maker.child(at, up);
		}
		maker.map[n] = at;
	}
	return maker.finish({inverted: true, cut, deepest});
}

// Callees of one function below it and, as a second tree, its callers above. Of a recursion
// the outermost call counts.
function makePivot(model, options, {skip, drop}) {
	const {node} = model,
		below = new TreeMaker(model, options.lines),
		above = new TreeMaker(model, options.lines);
	const wanted = matchFunctions(model, '=' + options.pivot),
		outermost = new Int32Array(node.rows);
	const at = new Int32Array(node.rows),
		callers = new Map(),
		ends = endsOfStacks(model);
	let pivot_frame = -1;
	for (let n = 1; n < node.rows; n++) {
		outermost[n] = outermost[node.parent[n]];
		if (outermost[n]) at[n] = skip[n] ? at[node.parent[n]] : below.child(at[node.parent[n]], n);
		else if (!node.folded[n] && wanted[model.frame.function[node.frame[n]]])
			[outermost[n], pivot_frame] = [n, node.frame[n]];
		if (!outermost[n] || drop[n]) continue;
		below.map[n] = at[n];
		if (ends[n]) {
			if (!callers.has(outermost[n])) callers.set(outermost[n], callersOf(above, node, skip, outermost[n]));
			above.map[n] = callers.get(outermost[n]);
		}
	}
	const tree = below.finish({pivot: options.pivot}),
		other = above.finish({});
	tree.frame[ROOT] = other.frame[ROOT] = pivot_frame;
	tree.above = other;
	return tree;
}

function callersOf(maker, node, skip, n) {
	let at = ROOT;
	for (let up = node.parent[n]; up > 0; up = node.parent[up]) at = skip[up] ? at : maker.child(at, up);
	return at;
}

// Modules, in them files, in them functions (with lines), by the owning frame of each site
function makeFileTree(model) {
	const parent = [-1],
		label = ['all'],
		frame = [-1],
		known = new Map(),
		{node} = model;
	const map = new Int32Array(node.rows),
		of_site = new Int32Array(model.site.rows + 1);
	const child = (above, text, of_frame) => {
		const id = above + ' ' + text;
		if (!known.has(id)) {
			known.set(id, parent.length);
			parent.push(above);
			label.push(text);
			frame.push(of_frame);
		}
		return known.get(id);
	};
	for (let s = 0; s <= model.site.rows; s++) {
		const f = siteFrame(model, s - 1);
		if (f < 0) {
			of_site[s] = child(ROOT, siteName(model, s - 1), -1);
			continue;
		}
		const module = child(ROOT, modulePath(model, f) || '(unknown module)', -1);
		const file = child(module, placeOf(model, f, true).replace(/:\d+$/, '') || '(unknown file)', -1);
		const line = model.frame.line[f];
		of_site[s] = child(file, shortName(model, f) + (line ? ' :' + line : '') + ' ' + siteHandle(model, s - 1), f);
	}
	for (let n = 0; n < node.rows; n++) map[n] = of_site[node.site[n]];
	const tree = {
		size: parent.length,
		parent: Int32Array.from(parent),
		key: new Int32Array(parent.length),
		map,
		label,
		frame: Int32Array.from(frame),
		folded: new Float64Array(parent.length),
		cut: 0,
		lines: false,
	};
	linkChildren(tree);
	return tree;
}

// {own, net, wide} of a view's nodes from the own sums of the data's. `wide` is what a width
// stands for: of differences growth plus shrinkage, else the same as net.
function treeValues(tree, own, signed) {
	const values = {own: new Float64Array(tree.size), net: new Float64Array(tree.size), wide: null};
	for (let n = 0; n < own.length; n++) {
		if (tree.map[n] >= 0) values.own[tree.map[n]] += own[n];
	}
	values.net.set(values.own);
	addUpwards(tree, values.net);
	values.wide = signed ? widths(tree, own) : values.net;
	return values;
}

function widths(tree, own) {
	const wide = new Float64Array(tree.size);
	for (let n = 0; n < own.length; n++) {
		if (tree.map[n] >= 0) wide[tree.map[n]] += Math.abs(own[n]);
	}
	addUpwards(tree, wide);
	return wide;
}

function addUpwards(tree, sums) {
	for (let v = tree.size - 1; v > 0; v--) sums[tree.parent[v]] += sums[v];
}

// Live bytes of each node with all below it, at the samples: rows of samples.length
function treeSeries(model, tree, samples) {
	const series = liveSeries(model, tree.map, tree.size, samples),
		width = samples.length;
	for (let v = tree.size - 1; v > 0; v--) {
		for (let k = 0; k < width; k++) series[tree.parent[v] * width + k] += series[v * width + k];
	}
	return series;
}

// Which nodes match a search, and the sum of all stacks that go through one
function searchTree(model, tree, values, text) {
	const found = {hit: new Uint8Array(tree.size), sum: 0, nodes: 0, functions: 0};
	if (!text) return found;
	const match = matchFunctions(model, text),
		through = new Uint8Array(tree.size);
	for (let v = 0; v < tree.size; v++) {
		const frame = tree.frame[v];
		found.hit[v] = frame >= 0 && match[model.frame.function[frame]];
		found.nodes += found.hit[v];
		through[v] = found.hit[v] | (v > 0 ? through[tree.parent[v]] : 0);
		if (through[v]) found.sum += values.own[v];
	}
	found.functions = match.reduce((sum, one) => sum + one, 0);
	return found;
}

// The node of a view and those above it, outermost first
function pathOf(tree, v) {
	const path = [];
	for (let up = v; up >= 0; up = tree.parent[up]) path.push(up);
	return path.reverse();
}

function nodeName(model, tree, v) {
	if (tree.label) return tree.label[v];
	if (v === ROOT && tree.frame[v] < 0) return 'all stacks';
	if (tree.frame[v] < 0) return `(${plural(tree.folded[v], 'smaller stack')})`;
	const place = tree.lines ? placeOf(model, tree.frame[v], false) : '';
	return shortName(model, tree.frame[v]) + (place ? ' ' + place : '');
}
