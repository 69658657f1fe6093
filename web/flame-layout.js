// SPDX-License-Identifier: MIT
// Where the boxes of a flame graph stand, level by level. What would be narrower than a limit is
// put together into one box that says how many there are; if even that is too narrow it is
// counted. No box is made for what the eye cannot see, so 100,000 siblings cost one pass.

const NARROWEST = 1.5; // pixels
const NARROWEST_MOVING = 4; // while a handle moves: the window must follow it
const MOST_BOXES = 4000; // on the screen at one time
const REST = -2; // node of a box that stands for smaller ones
const TRUNK = -3; // of one that stands for the outermost frames, which all stacks share
const SHORTEST_TRUNK = 4;

function Boxes() {
	this.node = [];
	this.x = []; // share of the width
	this.width = [];
	this.value = []; // what it says
	this.rest = []; // nodes that a REST box stands for
	this.above = []; // index of the box it stands on, or -1
	this.first = []; // index of the first box of each level
	this.hidden = 0;
	this.hidden_value = 0;
}

Boxes.prototype.add = function (node, x, width, value, rest, above) {
	this.node.push(node);
	this.x.push(x);
	this.width.push(width);
	this.value.push(value);
	this.rest.push(rest);
	this.above.push(above);
};

// Children of node v that are wide enough, widest first, and the sum of the others
function splitChildren(tree, values, v, limit) {
	const wide = [],
		rest = {count: 0, net: 0, wide: 0};
	for (let i = tree.first[v]; i < tree.first[v + 1]; i++) {
		const child = tree.children[i],
			width = values.wide[child];
		if (width >= limit && width > 0 && tree.key[child] !== FOLDED) {
			wide.push(child);
		} else if (width > 0) {
			rest.count += tree.key[child] === FOLDED ? tree.folded[child] || 1 : 1;
			rest.net += values.net[child];
			rest.wide += width;
		}
	}
	wide.sort((a, b) => values.wide[b] - values.wide[a] || a - b);
	return {wide, rest};
}

// zoom: the node that is as wide as all; those above it stand on it as wide. outer: with the
// outermost frames, too, of a tree whose stacks all begin alike; without it one box stands for them
function layoutFlame(tree, values, zoom, pixels, outer, moving) {
	let narrowest = moving ? NARROWEST_MOVING : NARROWEST,
		boxes = layoutAt(tree, values, zoom, pixels, narrowest, outer);
	while (widestBand(boxes) > MOST_BOXES && narrowest < 64) {
		narrowest *= 2;
		boxes = layoutAt(tree, values, zoom, pixels, narrowest, outer);
	}
	return boxes;
}

// Boxes of the 60 levels that have most of them: about a screen
function widestBand(boxes) {
	let most = 0;
	for (let level = 0; level + 1 < boxes.first.length; level++)
		most = Math.max(most, boxes.first[Math.min(boxes.first.length - 1, level + 60)] - boxes.first[level]);
	return most;
}

function layoutAt(tree, values, zoom, pixels, narrowest, outer) {
	const boxes = new Boxes(),
		path = pathOf(tree, zoom),
		all = values.wide[zoom],
		limit = (all * narrowest) / pixels;
	boxes.narrowest = narrowest;
	path.forEach((v, level) => {
		boxes.first.push(level);
		boxes.add(v, 0, 1, values.net[v], 0, level - 1);
	});
	boxes.zoom_level = path.length - 1;
	boxes.trunk = outer || zoom !== ROOT ? [] : trunkOf(tree, values, limit);
	if (boxes.trunk.length > 0) {
		boxes.first.push(1, 2);
		boxes.add(TRUNK, 0, 1, values.net[ROOT], boxes.trunk.length - 1, 0);
		boxes.add(boxes.trunk[boxes.trunk.length - 1], 0, 1, values.net[boxes.trunk[boxes.trunk.length - 1]], 0, 1);
	}
	for (let from = boxes.first[boxes.first.length - 1]; all > 0 && from < boxes.node.length; ) {
		const until = boxes.node.length;
		boxes.first.push(until);
		for (let box = from; box < until; box++) {
			if (boxes.node[box] >= 0) addChildren(boxes, tree, values, box, all, limit);
		}
		from = until;
	}
	if (boxes.first[boxes.first.length - 1] !== boxes.node.length) boxes.first.push(boxes.node.length);
	return boxes;
}

// The nodes from the root's child on that have everything, if they are many
function trunkOf(tree, values, limit) {
	const trunk = [];
	for (let v = ROOT; ; ) {
		const {wide, rest} = splitChildren(tree, values, v, limit);
		if (wide.length !== 1 || rest.wide >= limit || values.wide[wide[0]] < values.wide[ROOT] - limit) break;
		v = wide[0];
		trunk.push(v);
	}
	return trunk.length >= SHORTEST_TRUNK ? trunk : [];
}

function addChildren(boxes, tree, values, box, all, limit) {
	const {wide, rest} = splitChildren(tree, values, boxes.node[box], limit);
	let x = boxes.x[box];
	for (const child of wide) {
		boxes.add(child, x, values.wide[child] / all, values.net[child], 0, box);
		x += values.wide[child] / all;
	}
	if (rest.wide >= limit && rest.wide > 0) {
		boxes.add(REST, x, rest.wide / all, rest.net, rest.count, box);
	} else {
		boxes.hidden += rest.count;
		boxes.hidden_value += rest.net;
	}
}
