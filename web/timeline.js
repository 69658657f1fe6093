// SPDX-License-Identifier: MIT
// What was live over time, and the window that every view looks through. The line is exact: of
// each interval the most and the least that was live within it. Below it what was allocated
// between two edges, darker what of that was never freed. The window moves by drag, by its
// handles, and by keys.

const AXIS = 64; // pixels of the axis on the left
const STRIP = 34;
const EDGE = 10; // pixels left free on the right
const OTHER_END = {from: 'to', to: 'from', from2: 'to2', to2: 'from2'};

function cssColor(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

class Timeline extends Component {
	componentDidMount() {
		this.make();
		this.observer = new ResizeObserver(() => this.resize());
		this.observer.observe(this.box);
		this.update();
	}

	componentDidUpdate() {
		this.update();
	}

	make() {
		const {model} = this.props.store,
			t = model.timeline,
			ms = Array.from(t.at_us, (us) => us / 1000);
		const color = (name) => () => cssColor(name);
		const stepped = uPlot.paths.stepped({align: -1});
		const data = [
			[0, ...ms],
			[t.low_bytes[0] || 0, ...t.high_bytes],
			[0, ...t.low_bytes],
		];
		const axis = {
			stroke: color('--soft'),
			grid: {stroke: color('--grid'), width: 1},
			ticks: {show: false},
			font: '11px system-ui, sans-serif',
		};
		this.theme = document.documentElement.dataset.theme;
		this.plot = new uPlot(
			{
				width: Math.max(200, this.plotBox.clientWidth),
				height: 148,
				legend: {show: false},
				padding: [8, EDGE, 0, 0],
				cursor: {drag: {x: false, y: false, setScale: false}, y: false, points: {size: 5}},
				scales: {
					x: {time: false, range: () => [0, model.end_ms]},
					y: {range: (u, low, high) => [0, (high || 1) * 1.06]},
				},
				axes: [
					{
						...axis,
						size: 22,
						gap: 3,
						values: (u, splits) => splits.map((ms) => (ms > model.end_ms * 0.975 ? '' : duration(ms))),
					},
					{...axis, size: AXIS, gap: 4, values: (u, splits) => splits.map((v) => (v ? plainBytes(v) : '0'))},
				],
				series: [
					{},
					{
						label: 'most',
						stroke: color('--line'),
						fill: color('--area'),
						width: 1.25,
						paths: stepped,
						points: {show: false},
					},
					{label: 'least', stroke: color('--line-low'), width: 1, paths: stepped, points: {show: false}},
				],
				hooks: {draw: [(u) => this.drawMarks(u)], setCursor: [(u) => this.read(u)]},
			},
			data,
			this.plotBox,
		);
		this.shades = new Shades(this.props.store, this.plot.over);
		this.drawStrip();
		this.listen();
	}

	resize() {
		const width = Math.max(200, this.plotBox.clientWidth);
		if (width !== this.plot.width) {
			this.plot.setSize({width, height: 148});
			this.drawStrip();
		}
	}

	// Marks, the peak, and the line of what-if
	drawMarks(u) {
		const {model} = this.props.store,
			{ctx} = u,
			what_if = this.props.store.whatIf(),
			ratio = devicePixelRatio;
		const x = (ms) => Math.round(u.valToPos(ms, 'x', true)) + 0.5;
		ctx.save();
		ctx.strokeStyle = cssColor('--mark');
		ctx.lineWidth = ratio;
		ctx.setLineDash([2 * ratio, 3 * ratio]);
		let before = -9;
		for (const {edge} of model.meta.markers) {
			const at = x(model.edges[Math.min(edge, model.last)]);
			if (at - before < 3 * ratio) continue;
			before = at;
			ctx.beginPath();
			ctx.moveTo(at, u.bbox.top);
			ctx.lineTo(at, u.bbox.top + u.bbox.height);
			ctx.stroke();
		}
		if (what_if) {
			ctx.strokeStyle = cssColor('--accent');
			ctx.lineWidth = 1.5 * ratio;
			ctx.setLineDash([6 * ratio, 4 * ratio]);
			ctx.beginPath();
			model.edges.forEach((ms, k) => ctx[k ? 'lineTo' : 'moveTo'](x(ms), u.valToPos(what_if.live[k], 'y', true)));
			ctx.stroke();
		}
		ctx.restore();
		this.drawPeak(u, x(model.meta.totals.peak_ms));
	}

	drawPeak(u, at) {
		const {ctx} = u,
			y = u.valToPos(this.props.store.model.meta.totals.peak_bytes, 'y', true),
			ratio = devicePixelRatio;
		ctx.save();
		ctx.fillStyle = cssColor('--accent');
		ctx.beginPath();
		ctx.arc(at, y, 3.5 * ratio, 0, 7);
		ctx.fill();
		ctx.restore();
	}

	drawStrip() {
		const {model} = this.props.store,
			totals = this.props.store.once('edge_totals', '', () => edgeTotals(model));
		const width = this.plot.width - AXIS - EDGE,
			ratio = devicePixelRatio,
			{strip} = this;
		strip.width = width * ratio;
		strip.height = STRIP * ratio;
		strip.style.width = width + 'px';
		const ctx = strip.getContext('2d'),
			rate = (k) => totals.allocated[k] / Math.max(1e-9, model.edges[k] - model.edges[k - 1]);
		let most = 0;
		for (let k = 1; k <= model.last; k++) most = Math.max(most, this.isNarrow(k) ? 0 : rate(k));
		const freed = cssColor('--freed'),
			kept = cssColor('--kept');
		for (let k = 1; k <= model.last && most > 0; k++) {
			const x0 = (model.edges[k - 1] / model.end_ms) * strip.width,
				x1 = (model.edges[k] / model.end_ms) * strip.width;
			const tall = Math.min(1, rate(k) / most) * strip.height,
				low = totals.allocated[k] ? (tall * totals.leaked[k]) / totals.allocated[k] : 0;
			ctx.fillStyle = freed;
			ctx.fillRect(x0, strip.height - tall, Math.max(0.5, x1 - x0 - 0.4), tall - low);
			ctx.fillStyle = kept;
			ctx.fillRect(x0, strip.height - low, Math.max(0.5, x1 - x0 - 0.4), low);
		}
	}

	// Between two edges so close that a rate says nothing
	isNarrow(k) {
		const {model} = this.props.store;
		return model.edges[k] - model.edges[k - 1] < model.end_ms / model.last / 8;
	}

	edgeAt(event) {
		const {model} = this.props.store,
			box = this.plot.over.getBoundingClientRect();
		const ms = ((event.clientX - box.left) / box.width) * model.end_ms;
		return nearestEdge(model, ms);
	}

	listen() {
		const {over} = this.plot;
		over.addEventListener('pointerdown', (event) => {
			if (event.button !== 0) return;
			const {state} = this.props.store,
				handle = event.target.dataset ? event.target.dataset.handle : '';
			this.fixed = handle ? state[OTHER_END[handle]] : this.edgeAt(event);
			this.second = handle ? handle.endsWith('2') : event.shiftKey;
			this.held = {clicked: !handle, x: event.clientX};
			over.setPointerCapture(event.pointerId);
		});
		over.addEventListener('pointermove', (event) => {
			if (!this.held || (this.held.clicked && Math.abs(event.clientX - this.held.x) < 4)) return;
			this.held.clicked = false;
			this.move(Math.min(this.fixed, this.edgeAt(event)), Math.max(this.fixed, this.edgeAt(event)), true);
		});
		over.addEventListener('pointerup', (event) => {
			if (this.held && this.held.clicked) this.move(0, this.edgeAt(event), false, 'use');
			else this.letGo();
			this.held = null;
		});
		over.addEventListener('pointercancel', () => this.letGo());
	}

	// The last place, drawn in full, even if the frame for it did not come yet
	letGo() {
		cancelAnimationFrame(this.frame);
		this.frame = 0;
		if (this.held && this.wanted) this.props.store.set(this.wanted);
		this.held = this.wanted = null;
	}

	// Draws at most once a frame while a handle moves
	move(from, to, moving, metric) {
		const {store} = this.props;
		this.wanted = this.second
			? {from2: from, to2: to, metric: comparedMetric(store, metric)}
			: {
					from,
					to,
					metric: metric || (store.metric().windowed ? store.state.metric : from === 0 ? 'use' : 'kept'),
				};
		if (!moving) return this.letGo();
		if (!this.frame) {
			this.frame = requestAnimationFrame(() => {
				this.frame = 0;
				store.set(this.wanted, {moving: true, held: true});
			});
		}
	}

	read(u) {
		const {model} = this.props.store,
			i = u.cursor.idx - 1,
			t = model.timeline;
		this.readout.textContent =
			!(i >= 0) || u.cursor.left < 0
				? ''
				: `until ${duration(t.at_us[i] / 1000)}: between ${bytes(t.low_bytes[i])} and ${bytes(t.high_bytes[i])}, ` +
					`${count(t.live_blocks[i])} blocks; ${count(t.allocations[i])} allocations of ${bytes(t.allocated_bytes[i])}`;
	}

	update() {
		this.shades.update();
		const what_if = this.props.store.whatIf();
		if (what_if !== this.what_if || this.theme !== document.documentElement.dataset.theme) {
			this.what_if = what_if;
			this.theme = document.documentElement.dataset.theme;
			this.plot.redraw(true, true);
			this.drawStrip();
		}
	}

	render({store}) {
		const {model, state} = store,
			keep = (name) => (element) => (this[name] = element);
		return html`<section class="timeline" aria-label="Timeline" data-from=${state.from} data-to=${state.to} ref=${keep('box')}>
			<div class="timeline-head"><h2>Bytes in use</h2><span class="legend"><i class="swatch line">
			</i>most within an interval <i class="swatch low"></i>least</span><${ShortPhases} store=${store} />
				<output class="readout" ref=${keep('readout')}></output></div>
			<${PhaseStrip} store=${store} />
			<div ref=${keep('plotBox')} class="plot"></div>
			<div class="strip-row">
			<span class="strip-label" title="Bytes allocated per time, between two edges">allocated</span>
			<canvas ref=${keep('strip')} class="strip" role="img" aria-label="Allocated bytes per time; the table has the figures">
			</canvas></div>
			<div class="window-bar"><span class="window-text">Window <b>${duration(model.edges[state.from])}
			</b> to <b>${duration(model.edges[state.to])}</b></span>
				<span class="buttons">
				<button onClick=${() => store.set({from: 0, to: model.meta.peak_edge, metric: 'use'})} title="From the start to the moment of the peak">to the peak</button>
				<button onClick=${() => store.set({from: 0, to: model.last, metric: 'use'})} title="In use when the trace ended">at the end</button>
				<button onClick=${() => store.set({from: 0, to: model.last})} title="The whole run (w)">whole run</button>
				<button aria-pressed=${state.from2 >= 0} onClick=${() => compareWindows(store)} title="A second window to compare with; dragging with Shift sets it (c)">compare</button></span>
				<${SecondWindow} store=${store} />
				<span class="legend"><i class="swatch kept"></i>never freed <i class="swatch freed"></i>freed later</span>
				<${WindowFigures} store=${store} /></div>
			<${TimelineTable} store=${store} /></section>`;
	}
}
