// SPDX-License-Identifier: MIT
// What stands above a view: tabs, the metric, what limits the view (each a chip that one can
// take away), the search.

const VIEW_NAMES = new Map([
	['flame', 'Flame graph'],
	['tree', 'Call tree'],
	['sites', 'Sites'],
	['files', 'Files'],
	['leaks', 'Leaks'],
	['held', 'Who holds it'],
	['sizes', 'Sizes × lifetimes'],
	['map', 'Births × deaths'],
	['temporary', 'Temporary'],
	['threads', 'Threads'],
	['frees', 'Who frees'],
	['growth', 'Realloc'],
	['phases', 'Phases'],
	['about', 'About'],
	['changes', 'Changes'],
]);
// Views that the metric, the window and filters of stacks apply to
const OF_STACKS = ['flame', 'tree', 'sites', 'files', 'changes'];

function Tabs({store}) {
	const views = viewsOf(store.model),
		{view} = store.state;
	const onKey = (event) => {
		const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
		if (!step) return;
		event.preventDefault();
		event.stopPropagation();
		const next = views[(views.indexOf(view) + step + views.length) % views.length];
		store.set({view: next});
		document.getElementById('tab-' + next).focus();
	};
	return html`<div class="tabs" role="tablist" aria-label="Views" onKeyDown=${onKey}>${views.map(
		(one, i) => html`<button role="tab" id=${'tab-' + one} aria-selected=${one === view}
		aria-controls="view" tabindex=${one === view ? 0 : -1} title=${i < 9 ? `Key ${i + 1}` : ''} onClick=${() => store.set({view: one})}>${VIEW_NAMES.get(one)}</button>`,
	)}</div>`;
}

function Chip({words, text, onRemove}) {
	return html`<span class="chip"><span class="soft">${words}</span> <${Name} text=${text} longest=${48} />
	<button aria-label=${`Take away: ${words} ${visible(text, 100)}`} onClick=${onRemove}>×</button></span>`;
}

const CHIP_WORDS = {only: 'only stacks through', hide: 'without stacks through', frame: 'without frames'};

function Chips({store}) {
	const {model, state} = store,
		bare = (text) => (text.startsWith('=') ? text.slice(1) : text),
		chips = [];
	if (state.site >= 0)
		chips.push(['site', `${siteHandle(model, state.site)} ${siteName(model, state.site)}`, {site: -1}]);
	if (state.born_died) {
		const at = (edge) => (edge >= model.never ? 'never' : duration(model.edges[edge])),
			[b0, b1, d0, d1] = state.born_died;
		const from = (edge) => (edge >= model.never ? 'never' : duration(model.edges[Math.max(0, edge - 1)]));
		chips.push([
			'blocks',
			`born ${from(b0)} to ${at(b1)}, freed ${d0 >= model.never ? 'never' : `${from(d0)} to ${at(d1)}`}`,
			{born_died: null},
		]);
	}
	if (state.pivot) chips.push(['pivot on', state.pivot, {pivot: ''}]);
	state.chips.forEach((chip, i) =>
		chips.push([CHIP_WORDS[chip.kind], bare(chip.text), {chips: state.chips.filter((one, k) => k !== i)}]),
	);
	return chips.length === 0
		? null
		: html`<div class="chips" role="group" aria-label="Filters">${chips.map(([words, text, patch]) => html`<${Chip} words=${words} text=${text} onRemove=${() => store.set(patch)} />`)}
		${chips.length > 1 ? html`<button class="small" onClick=${() => store.set({site: -1, born_died: null, pivot: '', chips: []})}>take all away</button>` : null}</div>`;
}

function Search({store, onNext}) {
	const {state} = store,
		found = state.search && (state.view === 'flame' || state.view === 'tree') ? store.search() : null;
	const add = (kind) =>
		state.chips.length < MOST_CHIPS && store.set({chips: [...state.chips, {kind, text: state.search}], search: ''});
	return html`<span class="search">
	<input type="search" id="search" placeholder="Search functions ( / )" aria-label="Search functions; between slashes a regular expression" value=${state.search}
		onInput=${(event) => store.set({search: event.currentTarget.value}, {moving: true})} onChange=${() => store.set({})}
		onKeyDown=${(event) => {
			if (event.key === 'Enter') onNext(event.shiftKey ? -1 : 1);
			else if (event.key === 'Escape') store.set({search: ''});
		}} />${
			found
				? html`<output class="matched" data-bytes=${found.sum}>matched <b>${store.amount(found.sum)}
				</b>, <b>${percent(found.sum, store.total())}</b> in ${plural(found.functions, 'function')}</output>
		<button class="small" title="Next match (n)" aria-label="Next match" onClick=${() => onNext(1)}>↓</button>
		<button class="small" onClick=${() => add('only')}>only these</button>
		<button class="small" onClick=${() => add('hide')}>hide these</button>`
				: null
		}</span>`;
}

function Controls({store, onNext}) {
	const {model, state} = store,
		flame = state.view === 'flame' || state.view === 'tree';
	const toggle = (key, label, title) =>
		html`<button aria-pressed=${state[key]} title=${title} onClick=${() => store.set({[key]: !state[key]})}>${label}</button>`;
	return html`<div class="controls">
		${
			OF_STACKS.includes(state.view)
				? html`<label>
				<span class="soft">Show</span> <select id="metric" onChange=${(event) => store.set({metric: event.currentTarget.value})}>${metricsFor(
						model,
						state,
					).map(
						(metric) =>
							html`<option value=${metric.id} selected=${metric.id === state.metric}>${metric.label}</option>`,
					)}</select></label>`
				: null
		}
		${['threads', 'about', 'temporary', 'leaks', 'growth', 'frees'].includes(state.view) ? null : html`<span class="group" role="group" aria-label="Unit">${['bytes', 'blocks'].map((unit) => html`<button aria-pressed=${state.unit === unit} onClick=${() => store.set({unit})}>${unit}
		</button>`)}</span>`}
		${flame ? html`<span class="group" role="group" aria-label="Shape of the tree">${toggle('invert', 'inverted', 'From the allocating function to its callers (i)')}${toggle('lines', 'by line', 'A box for each line instead of each function (l)')}${state.view === 'flame' ? toggle('outer', 'outer frames', 'Show the outermost frames that all stacks share') : null}
		</span>` : null}
		${flame || state.view === 'held' || state.view === 'sites' || state.view === 'changes' ? html`<${Search} store=${store} onNext=${onNext} />` : null}
		<${Chips} store=${store} /></div>`;
}
