// SPDX-License-Identifier: MIT
// The window of the timeline: its two handles, what lies outside it, the phases that set it,
// what it says by itself, and the timeline as a table. A second window is compared with it.

// What lies over the plot: shades outside the window, and the handles. Made by hand, since it
// lives within what uPlot makes.
function Shades(store, over) {
	this.store = store;
	this.before = this.add(over, 'shade');
	this.after = this.add(over, 'shade');
	this.from = this.addHandle(over, 'from', 'Begin of the window');
	this.to = this.addHandle(over, 'to', 'End of the window');
	this.second = this.add(over, 'second');
	this.from2 = this.addHandle(over, 'from2', 'Begin of the second window');
	this.to2 = this.addHandle(over, 'to2', 'End of the second window');
}

Shades.prototype.add = function (over, name) {
	const element = document.createElement('div');
	element.className = name;
	over.append(element);
	return element;
};

Shades.prototype.addHandle = function (over, which, words) {
	const element = this.add(over, 'grip ' + which);
	element.dataset.handle = which;
	element.tabIndex = 0;
	element.setAttribute('role', 'slider');
	element.setAttribute('aria-label', words);
	element.setAttribute('aria-valuemin', '0');
	element.setAttribute('aria-valuemax', this.store.model.last);
	element.addEventListener('keydown', (event) => this.onKey(event, which));
	return element;
};

Shades.prototype.onKey = function (event, which) {
	const {store} = this,
		{model, state} = store,
		step = event.shiftKey ? 10 : 1;
	const to = {
		ArrowLeft: state[which] - step,
		ArrowDown: state[which] - step,
		ArrowRight: state[which] + step,
		ArrowUp: state[which] + step,
		Home: 0,
		End: model.last,
	}[event.key];
	if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
	event.preventDefault();
	event.stopPropagation();
	const [low, high] = {
		from: [0, state.to],
		to: [state.from, model.last],
		from2: [0, state.to2],
		to2: [state.from2, model.last],
	}[which];
	moveWindow(store, {[which]: Math.max(low, Math.min(high, to))});
};

Shades.prototype.update = function () {
	const {model, state} = this.store,
		at = (edge) => (model.edges[edge] / model.end_ms) * 100;
	Object.assign(this.before.style, {left: '0', width: at(state.from) + '%'});
	Object.assign(this.after.style, {left: at(state.to) + '%', width: 100 - at(state.to) + '%'});
	const compared = state.from2 >= 0;
	for (const element of [this.second, this.from2, this.to2]) element.hidden = !compared;
	if (compared)
		Object.assign(this.second.style, {left: at(state.from2) + '%', width: at(state.to2) - at(state.from2) + '%'});
	for (const which of compared ? ['from', 'to', 'from2', 'to2'] : ['from', 'to']) {
		this[which].style.left = at(state[which]) + '%';
		this[which].setAttribute('aria-valuenow', state[which]);
		this[which].setAttribute('aria-valuetext', duration(model.edges[state[which]]));
	}
};

function nearestEdge(model, ms) {
	let low = 0,
		high = model.last;
	while (high - low > 1) {
		const middle = (low + high) >> 1;
		if (model.edges[middle] <= ms) low = middle;
		else high = middle;
	}
	return ms - model.edges[low] <= model.edges[high] - ms ? low : high;
}

// A window is of no use to a metric that knows none
function moveWindow(store, patch) {
	const metric = store.metric().windowed ? store.state.metric : 'use';
	store.set({...patch, metric});
}

// The comparison that is nearest to what is shown
function comparedMetric(store, wanted) {
	const metric = store.metric(),
		base = wanted || metric.base || metric.id;
	return ['use', 'alloc', 'kept'].includes(base) ? base + '2' : 'alloc2';
}

// A second window of the same length behind the first, or before it where there is no room;
// and none where there was one
function compareWindows(store) {
	const {model, state} = store,
		length = state.to - state.from;
	if (state.from2 >= 0) return store.set({from2: -1});
	const from2 = state.to + length <= model.last ? state.to : Math.max(0, state.from - length);
	store.set({from2, to2: Math.min(model.last, from2 + length), metric: comparedMetric(store)});
}

function SecondWindow({store}) {
	const {model, state} = store;
	if (state.from2 < 0) return null;
	return html`<span class="window-text second-text">against <b>${duration(model.edges[state.from2])}
		</b> to <b>${duration(model.edges[state.to2])}</b> <button class="small" aria-label="No second window" onClick=${() => store.set({from2: -1})}>×</button></span>`;
}

// What the window alone says: allocated, freed, left behind
function WindowFigures({store}) {
	const {model, state} = store,
		sums = store.once('window', state.from + ' ' + state.to, () => windowTotals(model, state.from, state.to));
	return html`<span class="window-figures">allocated <b data-figure="alloc">${bytes(sums.alloc)}
	</b> · freed <b data-figure="freed">${bytes(sums.freed)}</b> ·
		born here and still in use at its end <b data-figure="kept">${bytes(sums.kept)}</b></span>`;
}

// Those long enough to have their name in the strip
function widePhases(store) {
	const {model} = store,
		phases = store.once('phases', '', () => phasesOf(model));
	return phases
		.map((phase, i) => [phase, i])
		.filter(([{from, to}]) => model.edges[to] - model.edges[from] > model.end_ms / 60)
		.slice(0, 60);
}

function ShortPhases({store}) {
	const left = store.once('phases', '', () => phasesOf(store.model)).length - widePhases(store).length;
	return left > 0
		? html`<span class="note">${plural(left, 'phase')} too short to be named here: see <button class="link" onClick=${() => store.set({view: 'phases'})}>Phases</button></span>`
		: null;
}

// The phases as buttons
function PhaseStrip({store}) {
	const {model} = store,
		wide = widePhases(store);
	if (wide.length === 0) return null;
	return html`<div class="phases"><div class="phase-track" role="group" aria-label="Phases">${wide.map(
		([{text, from, to}, i]) => html`<button
			class=${'phase tone' + (i % 2)} aria-pressed=${store.state.from === from && store.state.to === to} style=${{left: (model.edges[from] / model.end_ms) * 100 + '%', width: ((model.edges[to] - model.edges[from]) / model.end_ms) * 100 + '%'}}
			title=${`${visible(text, 300)}: ${duration(model.edges[from])} to ${duration(model.edges[to])}`} onClick=${() => moveWindow(store, {from, to})}>${visible(text, 80)}</button>`,
	)}</div></div>`;
}

class TimelineTable extends Component {
	render({store}) {
		const t = store.model.timeline,
			step = Math.ceil(t.rows / 64),
			rows = [];
		for (let i = 0; i < t.rows && this.state.open; i += step) {
			const row = {at: 0, high: 0, low: Infinity, allocations: 0, bytes: 0};
			for (let k = i; k < Math.min(t.rows, i + step); k++) {
				row.at = t.at_us[k] / 1000;
				row.high = Math.max(row.high, t.high_bytes[k]);
				row.low = Math.min(row.low, t.low_bytes[k]);
				row.allocations += t.allocations[k];
				row.bytes += t.allocated_bytes[k];
			}
			rows.push(row);
		}
		return html`<details class="twin" onToggle=${(event) => this.setState({open: event.currentTarget.open})}>
		<summary>as a table</summary>${
			this.state.open
				? html`<${Table} store=${store} id="timeline" caption="What was live over time" sort="" rows=${rows} columns=${[
						numberColumn('at', 'Until', 'End of the interval', (row) => row.at, duration),
						numberColumn(
							'high',
							'Most in use',
							'Most bytes live at one time within it',
							(row) => row.high,
							bytes,
							store.model.meta.totals.peak_bytes,
						),
						numberColumn(
							'low',
							'Least in use',
							'Least bytes live at one time within it',
							(row) => row.low,
							bytes,
						),
						numberColumn('allocations', 'Allocations', 'Within it', (row) => row.allocations, count),
						numberColumn('bytes', 'Allocated', 'Within it', (row) => row.bytes, bytes),
					]} />`
				: null
		}</details>`;
	}
}
