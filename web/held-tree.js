// SPDX-License-Identifier: MIT
// Who holds what: the dominator tree of a heap snapshot, in the shape of the trees of stacks, so
// that the same flame graph and the same rows show it. A box stands below what retains it.

function makeHeldTree(model) {
	const {holder, holder_place: place} = model,
		size = holder.rows,
		label = [],
		full = [];
	for (let v = 0; v < size; v++) {
		label.push(heldName(model, v, false));
		full.push(heldName(model, v, true));
	}
	const tree = {
		size,
		label,
		full,
		lines: false,
		cut: 0,
		parent: Int32Array.from(holder.parent, (parent, v) => (v === ROOT ? -1 : parent)),
		key: Int32Array.from(holder.folded, (folded) => (folded > 0 ? FOLDED : 0)),
		frame: new Int32Array(size).fill(-1),
		folded: Float64Array.from(holder.folded),
		is_root: Uint8Array.from(holder.place, (p) => p > 0 && place.kind[p - 1] > 0),
	};
	linkChildren(tree);
	return tree;
}

function heldName(model, v, whole) {
	const {holder, holder_place: place, strings} = model,
		p = holder.place[v] - 1;
	if (v === ROOT) return 'the heap';
	if (holder.folded[v] > 0) return `(${plural(holder.folded[v], 'smaller one')})`;
	if (p < 0) return '(unknown)';
	const name = strings[whole ? place.full[p] : place.short[p]] || '(unknown)',
		where = heldPlace(model, p, whole);
	return (place.kind[p] ? '' : `s${place.number[p]} `) + name + (where ? ` (${where})` : '');
}

function heldPlace({holder_place: place, strings}, p, whole) {
	const file = strings[place.file[p]],
		name = whole ? file : baseName(file);
	return name && place.line[p] ? `${name}:${place.line[p]}` : name;
}

// Beside the roots stands what only several of them together hold
function isHeldBySeveral(tree, v) {
	return v !== ROOT && tree.parent[v] === ROOT && !tree.is_root[v] && tree.key[v] !== FOLDED;
}

function possibleBlocks({holder, holder_place}, v) {
	return holder.place[v] > 0 ? holder_place.possible_blocks[holder.place[v] - 1] : 0;
}

function heldValues(tree, own) {
	const values = {own: Float64Array.from(own), net: Float64Array.from(own), wide: null};
	addUpwards(tree, values.net);
	values.wide = values.net;
	return values;
}

// What is found is what a search leads to, and all that it retains
function searchHeld(tree, values, text) {
	const found = {hit: new Uint8Array(tree.size), sum: 0, nodes: 0, functions: 0};
	if (!text) return found;
	const test = nameTest(text),
		below = new Uint8Array(tree.size);
	for (let v = 1; v < tree.size; v++) {
		found.hit[v] = test(tree.label[v]) || test(tree.full[v]);
		found.nodes += found.hit[v];
		below[v] = found.hit[v] | below[tree.parent[v]];
		if (below[v]) found.sum += values.own[v];
	}
	return found;
}

// A store as the flame graph and the rows ask for it, with this tree instead of that of stacks
function HeldStore(store) {
	const held = Object.create(store),
		{model} = store;
	Object.defineProperty(held, 'state', {
		get: () => ({...store.state, zoom: store.state.held_zoom, outer: true}),
	});
	return Object.assign(held, {
		selected: null,
		set: (patch, how) => store.set(Object.hasOwn(patch, 'zoom') ? {held_zoom: patch.zoom} : patch, how),
		metric: () => ({signed: false}),
		treeKey: () => 'held',
		queryKey: () => store.state.unit,
		tree: () => store.once('held', '', () => makeHeldTree(model)),
		of: (unit) => store.once('held-' + unit, '', () => heldValues(held.tree(), model.holder[unit])),
		values: () => held.of(store.state.unit),
		search: () =>
			store.once('held-search', store.state.unit + store.state.search, () =>
				searchHeld(held.tree(), held.values(), store.state.search),
			),
	});
}
