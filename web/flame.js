// SPDX-License-Identifier: MIT
// The flame graph, as an icicle: the outermost function on top. Boxes are elements, so that
// they can be searched, read aloud, printed and tested; they are used again from one window to
// the next, and only the levels in sight have any.

const LEVEL = 19; // pixels
const BOX_COLORS = {light: [0.86, 0.075], dark: [0.4, 0.065]}; // lightness and chroma: text on them has a contrast of 7
const PALETTE = [72, 235, 150, 310, 25, 195, 275, 110]; // hues, told apart in either theme

// A hue for each module, by what its sites allocated; those behind the eighth are grey
function moduleHues(model) {
	const sums = new Float64Array(model.meta.modules.length + 1),
		hues = new Int32Array(sums.length).fill(-1);
	for (let s = 0; s < (model.diff ? 0 : model.site.rows); s++) {
		if (model.site.frame[s]) sums[model.frame.module[model.site.frame[s] - 1]] += model.site.bytes[s];
	}
	const order = [...sums.keys()].slice(1).sort((a, b) => sums[b] - sums[a] || a - b);
	order.slice(0, PALETTE.length).forEach((module, i) => (hues[module] = PALETTE[i]));
	return hues;
}

class Flame extends Component {
	componentDidMount() {
		this.pool = new Map();
		this.free = [];
		this.canvas.addEventListener('click', (event) => this.onClick(event));
		this.canvas.addEventListener('pointerover', (event) => this.onHover(event));
		this.canvas.addEventListener('keydown', (event) => this.onKey(event));
		this.scroller.addEventListener('scroll', () => this.place());
		this.observer = new ResizeObserver(() => this.update());
		this.observer.observe(this.scroller);
		this.update();
		if (this.props.half === 'above') this.scroller.scrollTop = this.scroller.scrollHeight; // its callers are at the bottom
	}

	componentWillUnmount() {
		this.observer.disconnect();
	}

	componentDidUpdate() {
		this.update();
	}

	// {tree, values, search} of this half of a pivot, or of the whole
	parts() {
		const {store, half} = this.props;
		const tree = half === 'above' ? store.tree().above : store.tree();
		const values = half === 'above' ? store.aboveValues() : store.values();
		return {tree, values, search: store.search(tree, values, 'search-' + half)};
	}

	update() {
		const {store, half} = this.props,
			pixels = Math.max(100, this.scroller.clientWidth),
			parts = this.parts();
		const zoom = half === 'above' ? 0 : Math.min(store.state.zoom, parts.tree.size - 1);
		const key = [store.treeKey(), store.queryKey(), zoom, pixels, store.state.outer, store.moving].join(' ');
		this.boxes = store.once('layout-' + half, key, () =>
			layoutFlame(parts.tree, parts.values, zoom, pixels, store.state.outer, store.moving),
		);
		this.boxes.narrow = pixels;
		this.levels = this.boxes.first.length - 1;
		this.canvas.style.height = this.levels * LEVEL + 'px';
		this.place();
		const {hidden, hidden_value, narrowest} = this.boxes;
		this.note.textContent =
			hidden > 0
				? `${plainCount(hidden)} narrower than ${narrowest} pixels not drawn: ${store.amount(hidden_value)}; zoom in to see them.`
				: '';
	}

	levelTop(level) {
		return (this.props.half === 'above' ? this.levels - 1 - level : level) * LEVEL;
	}

	// Elements for the levels in sight
	place() {
		this.theme = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
		const {scrollTop, clientHeight} = this.scroller,
			all = this.props.store.printing;
		let low = all ? 0 : Math.max(0, Math.floor(scrollTop / LEVEL) - 8),
			high = all
				? this.levels
				: Math.min(this.levels, Math.ceil((scrollTop + (clientHeight || 600)) / LEVEL) + 8);
		if (this.props.half === 'above') [low, high] = [Math.max(0, this.levels - high), this.levels - low];
		const wanted = new Map(),
			parts = this.parts(),
			{boxes} = this;
		for (let box = boxes.first[low] || 0; low < high && box < boxes.first[high]; box++)
			wanted.set(boxes.node[box] < 0 ? boxes.node[box] + ' ' + boxes.above[box] : boxes.node[box], box);
		for (const [key, element] of this.pool) {
			if (!wanted.has(key)) {
				this.pool.delete(key);
				this.free.push(element);
			}
		}
		let level = low;
		for (const [key, box] of wanted) {
			while (boxes.first[level + 1] <= box) level++;
			this.show(this.elementFor(key), box, level, parts);
		}
		for (const element of this.free) element.remove();
		this.free = this.free.slice(0, 500);
		this.holdFocus();
	}

	elementFor(key) {
		let element = this.pool.get(key);
		if (!element) {
			element = this.free.pop() || document.createElement('div');
			element.className = '';
			element.shown = '';
			if (!element.isConnected) {
				element.setAttribute('role', 'treeitem');
				this.canvas.append(element);
			}
			element.tabIndex = -1;
			this.pool.set(key, element);
		}
		return element;
	}

	// Sets only what differs: most of a box stays when the window moves
	show(element, box, level, {tree, values, search}) {
		const {store} = this.props,
			{boxes} = this,
			v = boxes.node[box],
			top = this.levelTop(level);
		const selected = store.selected && store.selected.half === this.props.half && store.selected.node === v;
		const state = [
			v,
			boxes.x[box],
			boxes.width[box],
			boxes.value[box],
			top,
			boxes.rest[box],
			search.hit[v],
			store.state.search !== '',
			selected,
			level < boxes.zoom_level,
			values.net[ROOT],
			store.state.metric,
			store.state.unit,
			boxes.narrow,
			this.theme,
			store.moving,
		].join(' ');
		element.box = box;
		if (element.shown === state && element.tree === tree) return;
		Object.assign(element, {shown: state, tree});
		const {style} = element,
			name = this.nameOf(box, tree);
		style.left = (boxes.x[box] * 100).toFixed(4) + '%';
		style.width = (boxes.width[box] * 100).toFixed(4) + '%';
		style.top = top + 'px';
		element.className = this.classOf(box, v, tree, search, level, selected);
		this.paint(element, v, tree);
		const pixels = boxes.width[box] * boxes.narrow,
			text = pixels > 26 ? this.textOf(name, boxes.value[box], pixels) : '';
		if (element.textContent !== text) element.textContent = text;
		if (!store.moving) this.label(element, box, level, name, values);
	}

	// What is not seen: it waits until a handle that moves is let go
	label(element, box, level, name, values) {
		const {store} = this.props,
			{boxes} = this,
			v = boxes.node[box];
		element.dataset.node = v === REST ? 'rest' : v === TRUNK ? 'trunk' : v;
		element.dataset.bytes = boxes.value[box];
		element.setAttribute('aria-level', level + 1);
		element.setAttribute(
			'aria-label',
			`${visible(name, 300)}, ${store.amount(boxes.value[box])}, ${percent(boxes.value[box], values.net[ROOT])} of all`,
		);
	}

	// The colour of what no class has one for
	paint(element, v, tree) {
		const color = this.colorOf(v, tree);
		if (element.color !== color) {
			element.color = color;
			element.style.background = color;
		}
	}

	colorOf(v, tree) {
		return v > ROOT && tree.frame[v] >= 0 && !this.props.store.metric().signed ? this.color(tree.frame[v]) : '';
	}

	nameOf(box, tree) {
		const {boxes} = this,
			{model} = this.props.store,
			v = boxes.node[box];
		if (v === TRUNK)
			return `▸ ${plural(boxes.rest[box], 'outer frame')}: ${nodeName(model, tree, boxes.trunk[0])} … ${nodeName(model, tree, boxes.trunk[boxes.trunk.length - 2])}`;
		return v === REST ? `(${plural(boxes.rest[box], 'smaller one')})` : nodeName(model, tree, v);
	}

	textOf(name, value, pixels) {
		const shown = visible(name, 200);
		if (pixels < shown.length * 6.4 + 40) return shown;
		const figure = this.props.store.amount(value);
		return pixels > (shown.length + figure.length) * 6.4 + 20 ? `${shown}  ${figure}` : shown;
	}

	classOf(box, v, tree, search, level, selected) {
		const {boxes} = this,
			{store} = this.props,
			signed = store.metric().signed;
		return (
			'box' +
			(v < 0 ? (v === REST ? ' rest' : ' root') : v === ROOT && !tree.above ? ' root' : '') +
			(level < boxes.zoom_level ? ' outer' : '') +
			(signed ? (boxes.value[box] > 0 ? ' grown' : boxes.value[box] < 0 ? ' shrunk' : ' even') : '') +
			(search.nodes > 0 || store.state.search ? (v >= 0 && search.hit[v] ? ' hit' : ' miss') : '') +
			(selected ? ' selected' : '')
		);
	}

	// Functions of a module differ a little, always in the same way; those of libraries are pale
	color(frame) {
		const {model} = this.props.store,
			hues = this.props.store.once('hues', '', () => moduleHues(model)),
			f = model.frame.function[frame];
		const hue = hues[model.frame.module[frame]],
			shift = (((f * 2654435761) >>> 16) % 100) / 100 - 0.5,
			[light, chroma] = BOX_COLORS[this.theme];
		const pale = hue < 0 || model.frame.flags[frame] & FLAG.library;
		return `oklch(${(light + shift * (pale ? 0.05 : 0.07)).toFixed(3)} ${pale ? 0.018 : chroma} ${(Math.max(0, hue) + (pale ? 0 : shift * 34)).toFixed(1)})`;
	}

	nodeAt(target) {
		const element = target.closest ? target.closest('.box') : null;
		return element && this.boxes.node[element.box] >= 0 ? this.boxes.node[element.box] : null;
	}

	onClick(event) {
		const v = this.nodeAt(event.target);
		if (v === null) return this.unfold(event.target.closest('.box'));
		this.props.store.selected = {half: this.props.half, node: v};
		this.props.onSelect({half: this.props.half, node: v}, true);
		if (this.props.half !== 'above') this.props.store.set({zoom: v});
		else this.props.store.draw();
	}

	unfold(element) {
		if (element && this.boxes.node[element.box] === TRUNK) this.props.store.set({outer: true});
	}

	onHover(event) {
		const v = this.nodeAt(event.target);
		if (v !== null) this.props.onSelect({half: this.props.half, node: v}, false);
	}

	// One box can be reached by Tab: the selected one, or the first
	holdFocus() {
		const {store, half} = this.props,
			wanted =
				store.selected && store.selected.half === half
					? store.selected.node
					: this.boxes.node[this.boxes.zoom_level];
		const element = this.pool.get(wanted) || this.pool.values().next().value;
		for (const one of this.pool.values()) {
			if (one.tabIndex === 0 && one !== element) one.tabIndex = -1;
		}
		if (element) element.tabIndex = 0;
	}

	onKey(event) {
		const element = event.target.closest('.box');
		if (!element || event.ctrlKey || event.altKey || event.metaKey) return;
		const {store, half} = this.props,
			{tree} = this.parts(),
			v = this.nodeAt(element),
			vertical = half === 'above' ? -1 : 1;
		let to = null;
		if (event.key === 'ArrowDown' || event.key === 'ArrowUp')
			to = this.neighbour(element.box, (event.key === 'ArrowDown' ? 1 : -1) * vertical);
		else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight')
			to = this.sibling(element.box, event.key === 'ArrowRight' ? 1 : -1);
		else if ((event.key === 'Enter' || event.key === ' ') && v !== null)
			half === 'above' ? store.draw() : store.set({zoom: v});
		else if (event.key === 'Enter' || event.key === ' ') this.unfold(element);
		else if ((event.key === 'p' || event.key === 'h') && v !== null && tree.frame[v] >= 0)
			event.key === 'p' ? pivotOn(store, tree.frame[v]) : addChip(store, 'frame', tree.frame[v]);
		else return;
		event.preventDefault();
		event.stopPropagation();
		if (to !== null) this.select(to);
		else this.refocus();
	}

	neighbour(box, step) {
		if (step < 0) return this.boxes.above[box] < 0 ? null : this.boxes.above[box];
		const below = this.boxes.above.indexOf(box, box + 1);
		return below < 0 ? null : below;
	}

	sibling(box, step) {
		const {first} = this.boxes,
			other = box + step;
		for (let level = 0; level + 1 < first.length; level++) {
			if (box >= first[level] && box < first[level + 1])
				return other >= first[level] && other < first[level + 1] ? other : null;
		}
		return null;
	}

	select(box) {
		const {store, half} = this.props,
			{first} = this.boxes;
		let level = 0;
		while (first[level + 1] <= box) level++;
		const top = this.levelTop(level);
		if (top < this.scroller.scrollTop || top + LEVEL > this.scroller.scrollTop + this.scroller.clientHeight)
			this.scroller.scrollTop = Math.max(0, top - this.scroller.clientHeight / 2);
		if (this.boxes.node[box] < 0) {
			this.place();
			this.pool.get(this.boxes.node[box] + ' ' + this.boxes.above[box])?.focus();
			return;
		}
		store.selected = {half, node: this.boxes.node[box]};
		this.props.onSelect(store.selected, true);
		this.place();
		this.refocus();
	}

	refocus() {
		const {store, half} = this.props;
		if (store.selected && store.selected.half === half)
			this.pool.get(store.selected.node)?.focus({preventScroll: true});
	}

	// The next box that matches the search
	nextMatch(step) {
		const {search} = this.parts(),
			{boxes} = this,
			{store} = this.props,
			size = boxes.node.length;
		const now = store.selected ? boxes.node.indexOf(store.selected.node) : -1;
		for (let k = 1; k <= size; k++) {
			const box = ((now < 0 && step < 0 ? 0 : now) + ((step * k) % size) + size * 2) % size;
			if (boxes.node[box] >= 0 && search.hit[boxes.node[box]]) return this.select(box);
		}
	}

	render({half, label}) {
		return html`<div class=${'flame ' + half}><div class="flame-scroll" ref=${(element) => (this.scroller = element)}>
			<div class="flame-boxes" role="tree" aria-label=${label || (half === 'above' ? 'Callers' : 'Flame graph')} ref=${(element) => (this.canvas = element)}>
			</div></div>
			<p class="note" ref=${(element) => (this.note = element)}></p></div>`;
	}
}

function pivotOn(store, frame) {
	store.set({pivot: fullName(store.model, frame), invert: false});
}

function addChip(store, kind, frame) {
	const chip = {kind, text: '=' + fullName(store.model, frame)};
	if (store.state.chips.length < MOST_CHIPS) store.set({chips: [...store.state.chips, chip]});
}
