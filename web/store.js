// SPDX-License-Identifier: MIT
// The state and what is computed from it, each thing once as long as what it depends on stays.

function Store(model, draw) {
	this.model = model;
	this.draw = draw;
	this.state = readHash(location.hash, model);
	this.kept = new Map();
	this.moving = false;
	this.selected = null; // {tree: 'main' or 'above', node}: what the details are about
	this.timer = 0;
	this.pushed = 0;
}

// make() unless it was made for the same key before
Store.prototype.once = function (name, key, make) {
	const before = this.kept.get(name);
	if (before && before.key === key) return before.value;
	const value = make();
	this.kept.set(name, {key, value});
	return value;
};

// Changes the state and draws. how.moving: more will follow, so the URL can wait. how.held: a
// handle is held, so what is seen comes first
Store.prototype.set = function (patch, how = {}) {
	this.state = changed(this.state, patch, this.model);
	this.moving = Boolean(how.held);
	if (TREE_KEYS.some((key) => Object.hasOwn(patch, key))) this.selected = null;
	this.draw();
	clearTimeout(this.timer);
	if (!how.moving) this.timer = setTimeout(() => this.writeUrl(), 100);
};

Store.prototype.writeUrl = function () {
	const hash = writeHash(this.state, this.model);
	if (hash !== (location.hash || '#')) {
		this.pushed++;
		history.pushState(null, '', hash === '#' ? location.pathname + location.search : hash);
	}
};

Store.prototype.readUrl = function () {
	this.state = readHash(location.hash, this.model);
	this.selected = null;
	this.draw();
};

// One step back, as the browser's button does
Store.prototype.back = function () {
	clearTimeout(this.timer);
	if (this.pushed > 0) {
		this.pushed--;
		history.back();
	} else {
		this.set({...defaultState(this.model), view: this.state.view});
	}
};

Store.prototype.metric = function () {
	return metricById(this.model, this.state.metric);
};

Store.prototype.query = function () {
	const {metric, unit, from, to, from2, to2, site, born_died} = this.state;
	return {metric, unit, from, to, ...(metricById(this.model, metric).base ? {from2, to2} : null), site, born_died};
};

Store.prototype.queryKey = function () {
	return JSON.stringify(this.query());
};

Store.prototype.own = function () {
	return this.once('own', this.queryKey(), () =>
		sumOwn(this.model, this.query(), this.kept.get('own')?.value || new Float64Array(this.model.node.rows)),
	);
};

Store.prototype.treeKey = function () {
	const {pivot, invert, lines, chips} = this.state;
	return JSON.stringify([pivot, invert, lines, chips]);
};

Store.prototype.tree = function () {
	return this.once('tree', this.treeKey(), () => makeTree(this.model, this.state));
};

Store.prototype.fileTree = function () {
	return this.once('files', '', () => makeFileTree(this.model));
};

// Values of the tree, and of the callers of a pivot
Store.prototype.values = function (tree = this.tree(), name = 'values') {
	const key = tree === this.kept.get('files')?.value ? this.queryKey() : this.treeKey() + this.queryKey();
	return this.once(name, key, () => treeValues(tree, this.own(), this.metric().signed));
};

Store.prototype.aboveValues = function () {
	return this.values(this.tree().above, 'above');
};

Store.prototype.siteSums = function () {
	return this.once('sites', this.queryKey(), () => sumSites(this.model, this.own()));
};

// The sum of everything that the filters leave
Store.prototype.total = function () {
	return this.values().net[ROOT];
};

Store.prototype.samples = function () {
	return this.once('samples', '', () => sampleEdges(this.model, 32));
};

Store.prototype.search = function (tree = this.tree(), values = this.values(), name = 'search') {
	const key = this.treeKey() + this.queryKey() + this.state.search;
	return this.once(name, key, () => searchTree(this.model, tree, values, this.state.search));
};

Store.prototype.whatIf = function () {
	const {what_if, keep} = this.state;
	if (this.model.diff || what_if.length === 0) return null;
	return this.once('what_if', JSON.stringify([what_if, keep]), () => whatIf(this.model, what_if, keep / 100));
};

// An amount of the metric shown
Store.prototype.amount = function (value) {
	return this.metric().signed ? signedAmount(value, this.state.unit) : amount(value, this.state.unit);
};

// What the figures stand for, as a sentence
Store.prototype.meaning = function () {
	const {model, state} = this,
		metric = this.metric(),
		at = (edge) => duration(model.edges[edge]);
	if (metric.id === 'peak' && !model.diff) return `in use at the peak, ${at(model.meta.peak_edge)}`;
	if (metric.base)
		return `${metric.label.toLowerCase()}: ${at(state.from2)} to ${at(state.to2)} against ${at(state.from)} to ${at(state.to)}`;
	if (metric.id === 'use') return `in use at ${at(state.to)}`;
	return metric.windowed
		? `${metric.label.toLowerCase()}: ${at(state.from)} to ${at(state.to)}`
		: metric.label.toLowerCase();
};
