// SPDX-License-Identifier: MIT
// The page: what ran and how it stands, the timeline, the views; keys, theme, and the start.

const KEYS = [
	['1 – 9', 'views, in the order of the tabs'],
	['m', 'next metric'],
	['b', 'bytes or blocks'],
	['[ ]', 'the window’s end one edge back, forward; with Shift its begin'],
	['w', 'whole run'],
	['c', 'a second window to compare with, or none; dragging with Shift sets it'],
	['/', 'search; n and N: next and previous match'],
	['arrows', 'in the flame graph: callers, callees, siblings'],
	['Enter', 'zoom to the box'],
	['p', 'pivot: callers above, callees below'],
	['h', 'leave out the frame'],
	['i', 'inverted'],
	['l', 'by line'],
	['0', 'no zoom, no filter, no search'],
	['Esc', 'one step back'],
	['t', 'light or dark'],
	['?', 'this list'],
];

function setTheme(theme) {
	document.documentElement.dataset.theme = theme;
}

function systemTheme() {
	return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

function storedTheme(write) {
	try {
		if (write) localStorage.setItem('rheaper-theme', write);
		return localStorage.getItem('rheaper-theme');
	} catch (error) {
		return null;
	}
}

function switchTheme(store) {
	setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
	storedTheme(document.documentElement.dataset.theme);
	store.draw();
}

function Header({store, onHelp}) {
	const {meta} = store.model,
		p = meta.process || {},
		words = Array.isArray(p.command_line) ? p.command_line.map(String).join(' ') : '';
	const facts = store.model.diff
		? []
		: [
				p.pid && `pid ${p.pid}`,
				p.duration_ms !== undefined && duration(p.duration_ms),
				`${count(meta.totals.allocations)} allocations`,
				p.ending && p.ending !== 'exited' && `ended: ${p.ending}`,
				meta.processes > 1 && `1 of ${plainCount(meta.processes)} processes`,
			].filter(Boolean);
	return html`<header><h1><${Name} text=${String(meta.title || '')} longest=${120} />
	</h1>${words && words !== meta.title ? html`<code class="command" title=${visible(words)}>${visible(words, 160)}
	</code>` : null}
		<span class="facts-line">${facts.map((fact) => visible(String(fact))).join(' · ')}</span>
		<span class="header-buttons"><button onClick=${() => switchTheme(store)} title="Light or dark (t)">theme</button>
		<button onClick=${onHelp} title="Keys (?)" aria-label="Keys">?</button></span></header>`;
}

function Figure({label, value, more, onClick, name, title}) {
	return html`<button class="figure-card" title=${title} onClick=${onClick} data-card=${name}>
	<span class="label">${label}</span><span class="value">${value}</span><span class="more">${more}</span></button>`;
}

function Figures({store}) {
	const {model} = store,
		{totals} = model.meta,
		s = model.site;
	const lost = lostTotals(model);
	let top = -1;
	for (let row = 0; row < s.rows; row++) {
		if (s.frame[row] && (top < 0 || s.peak_bytes[row] > s.peak_bytes[top])) top = row;
	}
	return html`<div class="figures-row">
		<${Figure} name="peak" label="Peak" value=${bytes(totals.peak_bytes)} more=${html`at ${duration(totals.peak_ms)}${top >= 0 ? html` · ${percent(s.peak_bytes[top], totals.peak_bytes)} <${Name} text=${siteName(model, top)} longest=${60} />` : ''}`}
			onClick=${() => store.set({view: 'flame', metric: 'peak'})} />
		<${Figure} name="leaked" label=${lost ? 'Lost' : 'Never freed'} value=${bytes(lost ? lost.bytes : totals.leaked_bytes)}
			more=${`in ${amount(lost ? lost.blocks : totals.leaked_blocks, 'blocks')}`} title=${lost ? 'Nothing points to these blocks, or not to their begin' : ''} onClick=${() => store.set({view: 'leaks'})} />
		<${Figure} name="churn" label="Churn" value=${roughCount(totals.allocations / Math.max(1e-9, model.end_ms / 1000)) + '/s'} more=${`${percent(totals.temporary, totals.allocations)} temporary`} title=${`${count(totals.allocations)} allocations of ${bytes(totals.allocated_bytes)}`} onClick=${() => store.set({view: 'temporary'})} />
		<${Figure} name="end" label="At the end" value=${bytes(totals.live_bytes)} more=${`in ${amount(totals.live_blocks, 'blocks')}`} onClick=${() => store.set({view: 'flame', metric: 'use', from: 0, to: model.last})} /></div>`;
}

// What to look at first, and what the trace does not show
function Findings({store}) {
	const {model} = store,
		{findings, unseen, losses} = model.meta,
		lost = losses.filter((row) => row.count > 0);
	const go = (finding) =>
		store.set({
			view: viewsOf(model).includes(finding.view) ? finding.view : 'sites',
			site: finding.site ? siteByNumber(model, Number(String(finding.site).replace(/^s/, ''))) : -1,
		});
	if (findings.length + unseen.length + lost.length === 0) return null;
	return html`<div class="findings">${
		findings.length > 0
			? html`<details open=${findings.length <= 3}><summary>${plural(findings.length, 'finding')}</summary>
			<ul>${findings.map(
					(finding) => html`<li><span>${visible(String(finding.sentence), 600)}</span>
			${finding.bytes ? html` <b>${bytes(finding.bytes)}
			</b>` : ''} <button class="small" onClick=${() => go(finding)}>show</button></li>`,
				)}</ul></details>`
			: null
	}
		${
			unseen.length + lost.length > 0
				? html`<details class="unseen-list">
				<summary>⚠ ${plural(unseen.length + lost.length, 'thing')} this trace does not show</summary>
				<ul>${unseen.map((row) => html`<li>${visible(String(row.sentence), 600)}${row.remedy ? html` <code>${visible(String(row.remedy), 600)}
				</code> <${Copy} text=${String(row.remedy)} />` : null}</li>`)}
			${lost.map((row) => html`<li>${plainCount(row.count)} ${visible(String(row.reason), 100)}: ${visible(String(row.meaning), 600)}
			</li>`)}</ul></details>`
				: null
		}</div>`;
}

function DiffFigures({store}) {
	const a = store.model.meta.a.totals,
		b = store.model.meta.b.totals,
		row = (label, key, show, unit) =>
			html`<tr><th scope="row">${label}</th><td class="number">${show(a[key])}</td>
			<td class="number">${show(b[key])}</td><td class="number"><b>${signedAmount(b[key] - a[key], unit)}</b></td>
			<td class="number">${a[key] ? percent(b[key] - a[key], a[key]) : '–'}</td></tr>`;
	return html`<table class="diff-totals"><caption class="unseen">Totals of both runs</caption><thead><tr><td></td>
	<th scope="col" class="number">A</th><th scope="col" class="number">B</th><th scope="col" class="number">change</th>
	<th scope="col" class="number">of A</th></tr></thead><tbody>
		${row('Peak', 'peak_bytes', bytes, 'bytes')}${row('Allocated', 'allocated_bytes', bytes, 'bytes')}${row('Allocations', 'allocations', count, 'blocks')}${row('At the end', 'live_bytes', bytes, 'bytes')}${row('Leaked', 'leaked_bytes', bytes, 'bytes')}
		</tbody></table>`;
}

class FlameView extends Component {
	next(step) {
		this.flame?.nextMatch(step);
	}

	render({store, onSelect, details}) {
		const {state, model} = store,
			tree = store.tree(),
			zoom = Math.min(state.zoom, tree.size - 1),
			total = store.values().net[ROOT];
		const zoomed =
			zoom > 0
				? html`<button class="small" onClick=${() => store.set({zoom: 0})}>back to all</button> zoomed to <b>
				<${Name} text=${nodeName(model, tree, zoom)} longest=${60} />
				</b>: ${store.amount(store.values().net[zoom])}, ${percent(store.values().net[zoom], total)} of all`
				: null;
		return html`<div class="with-details"><div class="main"><p class="statement"><span>
		<b data-total=${total}>${store.amount(total)}</b> ${store.meaning()}</span>${zoomed ? html`<span>${zoomed}</span>` : null}
			${tree.cut > 0 ? html`<span class="note">${plural(tree.cut, 'stack')} deeper than ${tree.deepest} callers cut there</span>` : null}</p>
			${!store.values().wide[ROOT] ? html`<p class="empty">No block is in this picture. Another window, another metric, or fewer filters may have some.</p>` : null}
			${tree.above ? html`<p class="half-title">callers of it, outermost on top</p>
			<${Flame} key="above" half="above" store=${store} onSelect=${onSelect} />` : null}
			<${Flame} key="main" half="main" store=${store} onSelect=${onSelect} ref=${(flame) => (this.flame = flame)} />
			<p class="soft">${store.metric().what} Click or Enter: zoom. The same in numbers: <button class="link" onClick=${() => store.set({view: 'tree'})}>call tree</button>.</p></div>
			<${Details} store=${store} ref=${details} /></div>`;
	}
}

function TreeView({store, onSelect, details}) {
	const tree = store.tree(),
		choose = (node) => onSelect({half: 'main', node}, true);
	return html`<div class="with-details"><div class="main"><p class="statement"><span><b>${store.amount(store.total())}
	</b> ${store.meaning()}</span></p>
		<${TreeGrid} store=${store} tree=${tree} values=${store.values()} id="calls" caption=${tree.inverted ? 'Callers' : tree.pivot ? 'Callees' : 'Call tree'} onSelect=${choose} />
		${tree.above ? html`<h3>Callers of it</h3>
		<${TreeGrid} store=${store} tree=${tree.above} values=${store.aboveValues()} id="callers" caption="Callers" onSelect=${(node) => onSelect({half: 'above', node}, true)} />` : null}</div>
		<${Details} store=${store} ref=${details} /></div>`;
}

const OTHER_VIEWS = {
	sites: SitesView,
	files: FilesView,
	leaks: LeaksView,
	held: HeldView,
	sizes: SizesView,
	map: MapView,
	temporary: TemporaryView,
	threads: ThreadsView,
	frees: FreesView,
	growth: GrowthView,
	phases: PhasesView,
	about: AboutView,
	changes: ChangesView,
};

class App extends Component {
	componentDidMount() {
		document.addEventListener('keydown', (event) => this.onKey(event));
	}

	// Something is pointed at, or moved to
	onSelect(at, chosen) {
		if (chosen) this.chosen = at;
		this.details?.setState({at});
	}

	next(step) {
		this.view?.next?.(step);
	}

	reset() {
		const {store} = this.props;
		store.set({
			...defaultState(store.model),
			view: store.state.view,
			unit: store.state.unit,
			metric: store.state.metric,
			from: store.state.from,
			to: store.state.to,
			from2: store.state.from2,
			to2: store.state.to2,
		});
	}

	onKey(event) {
		const {store} = this.props,
			{model, state} = store,
			target = event.target;
		if (
			event.ctrlKey ||
			event.altKey ||
			event.metaKey ||
			/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
			this.dialog.open
		)
			return;
		const metrics = metricsFor(model, state),
			next = metrics[(metrics.findIndex((one) => one.id === state.metric) + 1) % metrics.length].id;
		const edge = (which, step) =>
			model.diff ||
			moveWindow(store, {
				[which]: Math.max(
					which === 'to' ? state.from : 0,
					Math.min(which === 'from' ? state.to : model.last, state[which] + step),
				),
			});
		const actions = {
			m: () => store.set({metric: next}),
			b: () => store.set({unit: state.unit === 'bytes' ? 'blocks' : 'bytes'}),
			w: () => store.set({from: 0, to: model.last}),
			c: () => model.diff || compareWindows(store),
			'/': () => this.toSearch(),
			n: () => this.next(1),
			N: () => this.next(-1),
			0: () => this.reset(),
			Escape: () => store.back(),
			t: () => switchTheme(store),
			'?': () => this.dialog.showModal(),
			i: () => store.set({invert: !state.invert}),
			l: () => store.set({lines: !state.lines}),
			'[': () => edge('to', -1),
			']': () => edge('to', 1),
			'{': () => edge('from', -1),
			'}': () => edge('from', 1),
		};
		const view = /^[1-9]$/.test(event.key) ? viewsOf(model)[Number(event.key) - 1] : null;
		const action = view ? () => store.set({view}) : Object.hasOwn(actions, event.key) ? actions[event.key] : null;
		if (action) {
			event.preventDefault();
			action();
		}
	}

	toSearch() {
		const {store} = this.props;
		if (!document.getElementById('search')) store.set({view: 'flame'});
		document.getElementById('search').focus();
	}

	render({store}) {
		const {model, state} = store,
			View = OTHER_VIEWS[state.view],
			onSelect = (at, chosen) => this.onSelect(at, chosen),
			details = (one) => (this.details = one),
			of_site = state.site >= 0 && state.view !== 'about' && state.view !== 'held';
		const shown =
			state.view === 'flame'
				? html`<${FlameView} key=${'flame' + Boolean(state.pivot)} store=${store} onSelect=${onSelect} details=${details} ref=${(view) => (this.view = view)} />`
				: state.view === 'tree'
					? html`<${TreeView} store=${store} onSelect=${onSelect} details=${details} />`
					: html`<div class=${of_site ? 'with-details' : ''}>
					<div class="main"><${View} store=${store} onSelect=${() => {}} ref=${(view) => (this.view = view)} />
					</div>${of_site ? html`<aside class="details" aria-label="Site">
					<${SiteDetails} store=${store} site=${state.site} /></aside>` : null}</div>`;
		return html`<${Header} store=${store} onHelp=${() => this.dialog.showModal()} />
			${model.meta.estimate ? html`<p class="estimate" role="note">≈ Estimates from a sample: ${visible(String(model.meta.estimate.meaning || ''), 600)}
			</p>` : null}
			${model.diff ? html`<${DiffFigures} store=${store} />` : html`<${Figures} store=${store} />`}<${Findings} store=${store} />
			${model.diff ? null : html`<${Timeline} store=${store} />`}
			<nav><${Tabs} store=${store} /></nav><main data-view=${state.view}>
			<div id="view" role="tabpanel" aria-labelledby=${'tab-' + state.view}>
			<${Controls} store=${store} onNext=${(step) => this.next(step)} />${shown}</div></main>
			<footer>${visible(String(model.meta.generator || ''), 80)} · <code>${visible(String(model.meta.command || ''), 300)}
			</code></footer>
			<p class="unseen" role="status" id="status">${`${VIEW_NAMES.get(state.view)}: ${OF_STACKS.includes(state.view) ? `${store.amount(store.total())} ${store.meaning()}` : ''}`}</p>
			<dialog ref=${(dialog) => (this.dialog = dialog)} aria-label="Keys"><h2>Keys</h2>
			<dl class="facts">${KEYS.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}
			</dl><button onClick=${() => this.dialog.close()}>close</button></dialog>`;
	}
}

async function start() {
	const root = document.createElement('div');
	root.id = 'app';
	setTheme(storedTheme() || systemTheme());
	document.body.append(root);
	try {
		const text = document.getElementById('data').textContent.trim();
		const model = makeModel(decodeBundle(await inflate(bytesOfBase64(text))));
		figures_are_estimates = Boolean(model.meta.estimate);
		document.title = visible(String(model.meta.title || ''), 200) + ' – rheaper';
		const store = new Store(model, () => render(html`<${App} store=${store} />`, root));
		store.draw();
		addEventListener('popstate', () => store.readUrl());
		addEventListener('hashchange', () => writeHash(store.state, model) !== location.hash && store.readUrl());
		matchMedia('(prefers-color-scheme: dark)').addEventListener(
			'change',
			() => storedTheme() || (setTheme(systemTheme()), store.draw()),
		);
		printing(store);
		// For scripts: what is shown, and how to show something else
		window.rheaper = {
			state: () => ({...store.state}),
			set: (patch) => store.set(patch, {moving: true}),
			hash: () => writeHash(store.state, model),
			model,
		};
		root.dataset.ready = Math.round(performance.now());
	} catch (error) {
		const message = document.createElement('p');
		message.setAttribute('role', 'alert');
		message.className = 'alert';
		message.textContent = 'This page cannot show its data. ' + error.message;
		root.append(message);
		root.dataset.failed = '1';
	}
}

// On paper: light, and all levels of the flame graph
function printing(store) {
	let theme = '';
	addEventListener('beforeprint', () => {
		theme = document.documentElement.dataset.theme;
		setTheme('light');
		store.printing = true;
		store.draw();
	});
	addEventListener('afterprint', () => {
		setTheme(theme);
		store.printing = false;
		store.draw();
	});
}

start();
