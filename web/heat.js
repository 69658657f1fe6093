// SPDX-License-Identifier: MIT
// Two maps. Sizes and lifetimes: what kinds of blocks there are. Births and deaths: when blocks
// came and when they went; a rectangle of it limits every view to exactly these blocks.

// A grid of cells that one can drag over or walk on with arrow keys. values: rows * columns
class HeatGrid extends Component {
	constructor(props) {
		super(props);
		this.state = {x: 0, y: 0, anchor: null, used: false};
	}

	componentDidMount() {
		this.paint();
		this.observer = new ResizeObserver(() => this.paint());
		this.observer.observe(this.canvas);
	}

	componentWillUnmount() {
		this.observer.disconnect();
	}

	componentDidUpdate() {
		this.paint();
	}

	paint() {
		const {columns, rows, values, unit} = this.props,
			ratio = devicePixelRatio,
			box = this.canvas.getBoundingClientRect();
		const painted = [columns, rows, box.width, box.height, ratio, document.documentElement.dataset.theme].join(' ');
		if (this.painted === painted && this.values === values) return;
		Object.assign(this, {painted, values});
		this.canvas.width = Math.max(1, box.width * ratio);
		this.canvas.height = Math.max(1, box.height * ratio);
		const ctx = this.canvas.getContext('2d'),
			w = this.canvas.width / columns,
			tall = this.canvas.height / rows;
		const dark = document.documentElement.dataset.theme === 'dark',
			gap = w > 8 ? ratio : 0;
		const most = values.reduce((a, b) => Math.max(a, b), 0),
			low = Math.log(unit || most / 1e5 || 1),
			high = Math.log(most || 1);
		for (let y = 0; y < rows; y++) {
			for (let x = 0; x < columns; x++) {
				const value = values[y * columns + x];
				if (!(value > 0)) continue;
				const heat = Math.max(0.06, Math.min(1, (Math.log(value) - low) / (high - low || 1)));
				ctx.fillStyle = dark
					? `oklch(${0.3 + 0.58 * heat} ${0.05 + 0.11 * heat} ${265 - 195 * heat})`
					: `oklch(${0.95 - 0.55 * heat} ${0.04 + 0.12 * heat} ${95 - 70 * heat})`;
				ctx.fillRect(Math.floor(x * w), Math.floor(y * tall), Math.ceil(w) - gap, Math.ceil(tall) - gap);
			}
		}
	}

	cellAt(event) {
		const box = this.canvas.getBoundingClientRect(),
			{columns, rows} = this.props;
		const clamp = (value, most) => Math.max(0, Math.min(most - 1, Math.floor(value)));
		return {
			x: clamp(((event.clientX - box.left) / box.width) * columns, columns),
			y: clamp(((event.clientY - box.top) / box.height) * rows, rows),
		};
	}

	// [first x, last x, first y, last y]
	span(a, b) {
		return [Math.min(a.x, b.x), Math.max(a.x, b.x), Math.min(a.y, b.y), Math.max(a.y, b.y)];
	}

	onDown(event) {
		this.held = this.cellAt(event);
		this.canvas.setPointerCapture(event.pointerId);
		this.setState({...this.held, anchor: null});
	}

	onMove(event) {
		const at = this.cellAt(event);
		this.setState({...at, anchor: this.held || null, used: true});
	}

	onUp(event) {
		if (this.held) this.props.onSelect(this.span(this.held, this.cellAt(event)));
		this.held = null;
		this.setState({anchor: null});
	}

	onKey(event) {
		const {columns, rows, onSelect} = this.props,
			{x, y, anchor} = this.state;
		const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
		if (event.ctrlKey || event.altKey || event.metaKey) return;
		if (step) {
			const jump = columns > 60 && !event.shiftKey ? 4 : 1;
			this.setState({
				x: Math.max(0, Math.min(columns - 1, x + step[0] * jump)),
				y: Math.max(0, Math.min(rows - 1, y + step[1] * jump)),
				anchor: event.shiftKey ? anchor || {x, y} : null,
				used: true,
			});
		} else if (event.key === 'Enter' || event.key === ' ') {
			onSelect(this.span(anchor || {x, y}, {x, y}));
		} else {
			return;
		}
		event.preventDefault();
		event.stopPropagation();
	}

	overlay([x0, x1, y0, y1], name) {
		const {columns, rows} = this.props;
		return html`<div class=${name} style=${{left: (x0 / columns) * 100 + '%', width: ((x1 + 1 - x0) / columns) * 100 + '%', top: (y0 / rows) * 100 + '%', height: ((y1 + 1 - y0) / rows) * 100 + '%'}}></div>`;
	}

	render({label, describe, selected, across, down, tall, title_x, title_y}) {
		const {x, y, anchor, used} = this.state;
		return html`<div class="heat"><div class="heat-y"><span class="axis-title">${title_y}
		</span>${down.map(({at, text}) => html`<span class="tick" style=${{top: at * 100 + '%'}}>${text}</span>`)}</div>
			<div class="heat-box" style=${{height: tall + 'px'}}><canvas tabindex="0" role="application" aria-label=${label + '. Arrow keys move, Shift extends, Enter selects.'} aria-describedby="heat-cell" ref=${(element) => (this.canvas = element)}
				onPointerDown=${(event) => this.onDown(event)} onPointerMove=${(event) => this.onMove(event)} onPointerUp=${(event) => this.onUp(event)} onKeyDown=${(event) => this.onKey(event)}></canvas>
				${selected ? this.overlay(selected, 'heat-selected') : null}${used ? this.overlay(anchor ? this.span(anchor, {x, y}) : [x, x, y, y], 'heat-cursor') : null}</div>
			<div class="heat-x">${across.map(({at, text}) => html`<span class="tick" style=${{left: at * 100 + '%'}}>${text}
			</span>`)}<span class="axis-title">${title_x}</span></div>
			<output class="heat-cell" id="heat-cell" aria-live="polite">${used ? describe(anchor ? this.span(anchor, {x, y}) : [x, x, y, y]) : ''}
			</output></div>`;
	}
}

function sizeText(size) {
	return size === 0 ? '0 B' : size === 1 ? '1 B' : `${binarySize(2 ** (size - 1))} – ${binarySize(2 ** size - 1)}`;
}

// Powers of two have round names
function binarySize(value) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let step = 0,
		size = value + (value > 1 && value % 2 ? 1 : 0);
	for (; size >= 1024 && step < units.length - 1; step++) size /= 1024;
	return `${size} ${units[step]}`;
}

function lifetimeText(lifetime) {
	return lifetime === 0
		? 'never freed'
		: `lived ${lifetime === 1 ? 'less than 2 µs' : duration(2 ** (lifetime - 1) / 1000) + ' to ' + duration(2 ** lifetime / 1000)}`;
}

function SizesView({store}) {
	const {model, state} = store,
		{heat} = model,
		amounts = state.unit === 'blocks' ? heat.blocks : heat.bytes;
	const most = (values, least) => values.reduce((a, b) => Math.max(a, b), least),
		columns = most(heat.size, 12) + 1,
		rows = most(heat.lifetime, 8) + 1;
	const y_of = (lifetime) => (lifetime === 0 ? 0 : rows - lifetime),
		grid = store.once('sizes', `${state.unit} ${state.site}`, () => {
			const sums = new Float64Array(rows * columns);
			for (let i = 0; i < heat.rows; i++) {
				if (state.site < 0 || heat.site[i] === state.site + 1)
					sums[y_of(heat.lifetime[i]) * columns + heat.size[i]] += amounts[i];
			}
			return sums;
		});
	const inside = ([x0, x1, y0, y1], i) =>
		heat.size[i] >= x0 && heat.size[i] <= x1 && y_of(heat.lifetime[i]) >= y0 && y_of(heat.lifetime[i]) <= y1;
	const describe = (span) => {
		let sum = 0;
		for (let y = span[2]; y <= span[3]; y++)
			sum += sumOf(grid.subarray(y * columns, (y + 1) * columns), span[0], span[1] + 1);
		const life = (y) => lifetimeText(y === 0 ? 0 : rows - y);
		return `${sizeText(span[0])}${span[1] > span[0] ? ' to ' + sizeText(span[1]) : ''}, ${life(span[3])}${span[2] < span[3] ? ' to ' + life(span[2]) : ''}: ${amount(sum, state.unit)}`;
	};
	const ticks = [...Array(columns).keys()]
		.filter((x) => x % 5 === 1)
		.map((x) => ({at: (x + 0.5) / columns, text: binarySize(2 ** (x - 1))}));
	const lives = [
		{at: 0.5 / rows, text: 'never'},
		...[...Array(rows).keys()]
			.filter((k) => k > 0 && k % 5 === 1)
			.map((k) => ({at: (y_of(k) + 0.5) / rows, text: duration(2 ** (k - 1) / 1000)})),
	];
	return html`<${Intro}>Every block by its size (across) and how long it lived (up), the whole run. A cell doubles from one to the next; darker is more ${state.unit}, on a logarithmic scale. The row on top was never freed; a dense spot low down is churn. Drag over cells to see which sites they are.</${Intro}>
		<div class="two"><${HeatGrid} label="Sizes and lifetimes" columns=${columns} rows=${rows} values=${grid} describe=${describe} selected=${state.cells} across=${ticks} down=${lives} tall=${Math.min(460, rows * 15)}
			title_x="size" title_y="lifetime" onSelect=${(span) => store.set({cells: span})} />
			<${CellSites} store=${store} inside=${inside} /></div>`;
}

// The table twin: sites of the selected cells, or of all
function CellSites({store, inside}) {
	const {model, state} = store,
		{heat} = model,
		sums = new Map();
	for (let i = 0; i < heat.rows; i++) {
		if ((state.cells && !inside(state.cells, i)) || (state.site >= 0 && heat.site[i] !== state.site + 1)) continue;
		const key = state.cells ? heat.site[i] - 1 : `${heat.size[i]} ${heat.lifetime[i]}`,
			row = sums.get(key) || {
				site: heat.site[i] - 1,
				size: heat.size[i],
				lifetime: heat.lifetime[i],
				blocks: 0,
				bytes: 0,
			};
		row.blocks += heat.blocks[i];
		row.bytes += heat.bytes[i];
		sums.set(key, row);
	}
	const rows = [...sums.values()],
		most = rows.reduce((a, row) => Math.max(a, row.bytes), 0);
	const first = state.cells
		? [
				{
					id: 'site',
					label: 'Site',
					value: (row) => siteName(model, row.site),
					show: (row) => html`<${Site} store=${store} site=${row.site} />`,
				},
			]
		: [
				numberColumn('size', 'Size', 'Size class', (row) => row.size, sizeText),
				numberColumn(
					'lifetime',
					'Lifetime',
					'Lifetime class',
					(row) => row.lifetime,
					(lifetime) => lifetimeText(lifetime).replace('lived ', ''),
				),
			];
	return html`<div>
	<h3>${state.cells ? html`Sites of the selected cells <button class="small" onClick=${() => store.set({cells: null})}>all cells</button>` : 'All cells'}</h3>
		<${Table} store=${store} id=${state.cells ? 'cell-sites' : 'cells'} caption="Sizes and lifetimes as a table" most=${20} sort="bytes" rows=${rows} columns=${[
			...first,
			numberColumn('blocks', 'Blocks', 'Blocks of these sizes and lifetimes', (row) => row.blocks, count),
			numberColumn('bytes', 'Bytes', 'Bytes of them', (row) => row.bytes, bytes, most),
		]} /></div>`;
}

const MAP_CELLS = 96;

// Of each edge the column of the map that it stands in; the map is even in time
function mapColumns(model) {
	const columns = Math.min(MAP_CELLS, model.last + 1),
		of = Int32Array.from(model.edges, (ms) => Math.min(columns - 1, Math.floor((ms / model.end_ms) * columns)));
	return {columns, of};
}

function MapView({store}) {
	const {model, state} = store,
		{columns, of} = store.once('map-columns', '', () => mapColumns(model)),
		rows = columns + 1;
	const grid = store.once('map', `${state.unit} ${state.site}`, () => birthsAndDeaths(model, state, columns, of));
	const time = (x) => duration((x / columns) * model.end_ms),
		y_of = (died) => (died === columns ? 0 : rows - 1 - died);
	const describe = ([x0, x1, y0, y1]) => {
		let sum = 0;
		for (let y = y0; y <= y1; y++) sum += sumOf(grid.subarray(y * columns, (y + 1) * columns), x0, x1 + 1);
		const died =
			y1 === 0 ? 'never freed' : `freed ${time(rows - 1 - y1)} to ${y0 === 0 ? 'never' : time(rows - y0)}`;
		return `allocated ${time(x0)} to ${time(x1 + 1)}, ${died}: ${amount(sum, state.unit)}`;
	};
	const edgesIn = (a, b) => [of.findIndex((column) => column >= a), of.findLastIndex((column) => column <= b)];
	const select = ([x0, x1, y0, y1]) => {
		const [b0, b1] = edgesIn(x0, x1),
			d0 = y1 === 0 ? model.never : edgesIn(rows - 1 - y1, columns)[0],
			d1 = y0 === 0 ? model.never : edgesIn(0, rows - 1 - y0)[1];
		if (b0 >= 0 && b1 >= b0 && d0 >= 0 && d1 >= d0)
			store.set({born_died: [b0, b1, d0, d1], metric: 'alloc', from: 0, to: model.last});
	};
	const selected = state.born_died && [
		of[state.born_died[0]],
		of[state.born_died[1]],
		y_of(state.born_died[3] >= model.never ? columns : of[state.born_died[3]]),
		y_of(state.born_died[2] >= model.never ? columns : of[state.born_died[2]]),
	];
	const ticks = [0, 0.25, 0.5, 0.75].map((at) => ({at, text: duration(at * model.end_ms)}));
	return html`<${Intro}>When blocks were allocated (across) and when they were freed (up). The diagonal is what dies young; the row on top was never freed; a horizontal bar is a moment when much was freed at once; a filled rectangle is the working set of a phase. Drag a rectangle: every view then shows exactly these blocks.</${Intro}>
		<div class="two"><${HeatGrid} label="Births and deaths" columns=${columns} rows=${rows} values=${grid} describe=${describe} selected=${selected} across=${ticks} down=${[{at: 0.5 / rows, text: 'never'}, ...ticks.slice(1).map(({at, text}) => ({at: 1 - (at * columns) / rows, text}))]}
			tall=${440} title_x="allocated" title_y="freed" onSelect=${select} />
			<${MapTable} store=${store} grid=${grid} columns=${columns} time=${time} select=${select} /></div>`;
}

function birthsAndDeaths(model, {unit, site}, columns, of) {
	const {node, born, died} = model.cube,
		amounts = model.cube[unit],
		grid = new Float64Array((columns + 1) * columns);
	for (let i = 0; i < node.length; i++) {
		if (site >= 0 && model.node.site[node[i]] !== site + 1) continue;
		const row = died[i] >= model.never ? 0 : columns - of[died[i]];
		grid[row * columns + of[born[i]]] += amounts[i];
	}
	return grid;
}

function MapTable({store, grid, columns, time, select}) {
	const {state} = store,
		rows = [...grid.keys()]
			.filter((i) => grid[i] > 0)
			.map((i) => ({x: i % columns, y: Math.floor(i / columns), value: grid[i]}));
	const freed = (row) => (row.y === 0 ? Infinity : columns - row.y);
	return html`<div><h3>Cells</h3>${state.born_died ? html`<p>
	<button onClick=${() => store.set({view: 'flame'})}>These blocks as a flame graph</button> <button onClick=${() => store.set({born_died: null})}>all blocks again</button>
	</p>` : null}
		<${Table} store=${store} id="map" caption="Births and deaths as a table" most=${20} sort="value" rows=${rows} columns=${[
			numberColumn('born', 'Allocated from', 'Begin of the cell', (row) => row.x, time),
			numberColumn('died', 'Freed from', 'Begin of the cell', freed, (value) =>
				value === Infinity ? 'never' : time(value),
			),
			numberColumn(
				'value',
				state.unit === 'blocks' ? 'Blocks' : 'Bytes',
				'Of blocks in the cell',
				(row) => row.value,
				(value) => amount(value, state.unit),
				rows.reduce((a, row) => Math.max(a, row.value), 0),
			),
			{
				id: 'go',
				label: 'Show',
				help: 'Limit every view to the blocks of the cell',
				value: () => '',
				show: (row) =>
					html`<button class="small" onClick=${() => select([row.x, row.x, row.y, row.y])}>these</button>`,
			},
		]} /></div>`;
}
