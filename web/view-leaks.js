// SPDX-License-Identifier: MIT
// What was never freed, by owner, with the shape of its growth; and the phases of the run.

function leakShapes(store) {
	const {model} = store;
	return store.once('shapes', '', () => {
		const all = leakBins(model),
			phases = phaseBins(model),
			out = [];
		for (let s = 0; s <= model.site.rows; s++) {
			const bins = all.subarray(s * BINS, (s + 1) * BINS),
				shape = shapeOf(bins, phases);
			out.push({bins, shape, hourly: hourly(bins, shape, model.end_ms)});
		}
		return out;
	});
}

function running(bins) {
	let sum = 0;
	return bins.map((bin) => (sum += bin));
}

// Blocks that a scan of memory found no pointer to, or none to their begin; null without a scan
function lostTotals(model) {
	const {leak, meta} = model,
		out = {bytes: 0, blocks: 0};
	if (meta.leak_scan !== 'made') return null;
	for (let row = 0; row < leak.rows; row++) {
		if (!/lost/.test(meta.leak_kinds[leak.kind[row]])) continue;
		out.bytes += leak.bytes[row];
		out.blocks += leak.blocks[row];
	}
	return out;
}

function LeaksView({store}) {
	const lost = lostTotals(store.model);
	const {model, state} = store,
		{leak, meta} = model,
		shapes = leakShapes(store);
	const rows = [...Array(leak.rows).keys()].filter(
		(row) =>
			(state.site < 0 || leak.site[row] === state.site + 1) &&
			(state.kinds.length === 0 || state.kinds.includes(leak.kind[row])),
	);
	const shape = (row) => shapes[leak.site[row]],
		sum = (kind) =>
			[...leak.kind.keys()].reduce((all, row) => all + (leak.kind[row] === kind ? leak.bytes[row] : 0), 0);
	const scan =
		{
			made: 'Memory was scanned for pointers when the program ended, so each kind is known.',
			failed: 'The scan for pointers failed: what is a leak and what is still in use is not known.',
		}[meta.leak_scan] ||
		'Memory was not scanned for pointers: blocks that were never freed stand here, still in use or not.';
	const flip = (kind) =>
		store.set({
			kinds: state.kinds.includes(kind) ? state.kinds.filter((one) => one !== kind) : [...state.kinds, kind],
		});
	return html`<${Intro} terms=${[
		['Only through it', 'blocks that only these point to: they go when these are freed'],
		['Growth', 'how it came to be; see below'],
		[
			'An hour',
			'what comes in an hour, if it goes on as in the second half of the run; of what happened once: nothing',
		],
		...Object.values(SHAPES).map(({word, what}) => [word, what]),
	]}>
		What was never freed, by the site that owns it: <b>${bytes(meta.totals.live_bytes)}</b> in ${amount(meta.totals.live_blocks, 'blocks')}${
			lost ? html`, of which <b>${bytes(lost.bytes)}</b> in ${amount(lost.blocks, 'blocks')} are lost` : ''
		}. ${scan} The whole run; the window does not limit this view.</${Intro}>
		<p class="buttons" role="group" aria-label="Kinds">${meta.leak_kinds.map((kind, i) => (leak.kind.includes(i) ? html`<button aria-pressed=${state.kinds.includes(i)} onClick=${() => flip(i)}>${visible(kind)} <b>${bytes(sum(i))}
		</b></button>` : null))}</p>
		<${Table} store=${store} id="leaks" caption="Leaks" sort="hourly" rows=${rows} empty="Everything was freed." rowData=${(row) => ({'data-shape': shape(row).shape || 'none'})} columns=${[
			{
				id: 'site',
				label: 'Site',
				help: '',
				value: (row) => siteName(model, leak.site[row] - 1),
				show: (row) => html`<${Site} store=${store} site=${leak.site[row] - 1} />`,
			},
			{
				id: 'kind',
				label: 'Kind',
				help: 'What the scan found',
				value: (row) => visible(meta.leak_kinds[leak.kind[row]] || '', 80),
			},
			numberColumn(
				'bytes',
				'Bytes',
				'Of these blocks',
				(row) => leak.bytes[row],
				bytes,
				Math.max(1, ...rows.slice(0, 50000).map((row) => leak.bytes[row])),
			),
			numberColumn('blocks', 'Blocks', '', (row) => leak.blocks[row], count),
			{
				...numberColumn(
					'indirect',
					'Only through it',
					'Bytes that only these blocks point to',
					(row) => leak.indirect_bytes[row],
					bytes,
				),
				show: (row) =>
					leak.indirect_bytes[row]
						? `${bytes(leak.indirect_bytes[row])} in ${count(leak.indirect_blocks[row])}`
						: '–',
			},
			{
				id: 'shape',
				label: 'Growth',
				help: 'How what the site never freed came to be',
				value: (row) => shape(row).shape || '',
				show: (row) => html`<span class="shape">
				<${Spark} values=${running(shape(row).bins)} />
				<span title=${shape(row).shape ? SHAPES[shape(row).shape].what : ''}>${shape(row).shape ? SHAPES[shape(row).shape].word : '–'}
				</span></span>`,
			},
			numberColumn(
				'hourly',
				'An hour',
				'Bytes in an hour, if it goes on like that',
				(row) => shape(row).hourly,
				(value) => (value > 0 ? bytes(value) : '–'),
			),
			numberColumn(
				'first',
				'First',
				'When the first of them was allocated',
				(row) => leak.first_us[row] / 1000,
				duration,
			),
			numberColumn(
				'last',
				'Last',
				'When the last of them was allocated',
				(row) => leak.last_us[row] / 1000,
				duration,
			),
		]} />`;
}

const MOST_PHASES = 24; // rows of the ledger

// Phases one by one; of more than fit, or when wanted, those of one name together
function ledgerGroups(phases, together) {
	if (!together && phases.length <= MOST_PHASES) return phases.map((phase) => ({text: phase.text, phases: [phase]}));
	const named = new Map();
	for (const phase of phases) {
		const key = named.has(phase.text) || named.size < MOST_PHASES - 1 ? phase.text : '(other phases)';
		if (!named.has(key)) named.set(key, {text: key, phases: []});
		named.get(key).phases.push(phase);
	}
	return [...named.values()];
}

class PhasesView extends Component {
	ledger(store, phases) {
		const {model, state} = store,
			groups = ledgerGroups(phases, this.state.together),
			of_edge = new Int32Array(model.never).fill(-1);
		groups.forEach((group, g) =>
			group.phases.forEach(({from, to}) => of_edge.fill(g, from === 0 ? 0 : from + 1, to + 1)),
		);
		const repeated = groups.some((group) => group.phases.length > 1),
			{width, ...sums} = ledger(model, of_edge, groups.length),
			cells = sums[state.unit],
			most = cells.reduce((a, b) => Math.max(a, b), 0);
		const cell = (row, column) => {
			const value = cells[row * width + column],
				never = column === width - 1,
				from = groups[row].phases[0],
				to = never ? null : groups[column].phases[0];
			const only = groups[row].phases.length === 1 && (never || groups[column].phases.length === 1);
			const range = ({from: a, to: b}) => [a === 0 ? 0 : a + 1, b];
			const show = () =>
				store.set({
					born_died: [...range(from), ...(never ? [model.never, model.never] : range(to))],
					metric: 'alloc',
					from: 0,
					to: model.last,
					view: 'flame',
				});
			return html`<td class=${'number ledger' + (never ? ' outlives' : '')} data-value=${value} style=${{'--heat': most ? Math.cbrt(value / most).toFixed(3) : 0}}>${value > 0 ? (only ? html`<button class="plain" title="Show these blocks as a flame graph" onClick=${show}>${amount(value, state.unit)}
			</button>` : amount(value, state.unit)) : '·'}</td>`;
		};
		return html`<div class="scroll" tabindex="0" role="region" aria-label="Phase ledger">
		<table id="table-ledger" class="ledger-table"><caption class="unseen">Allocated in (rows) and freed in (columns)</caption>
			<thead><tr>
			<th scope="col">allocated in ↓ · freed in →</th>${groups.map((group) => html`<th scope="col" class="number">${visible(group.text, 30)}
			</th>`)}<th scope="col" class="number outlives">outlives the program</th>
			<th scope="col" class="number">all</th>${repeated ? html`<th scope="col">left by each repetition</th>` : null}
			</tr></thead>
			<tbody>${groups.map(
				(
					group,
					row,
				) => html`<tr>
				<th scope="row">${visible(group.text, 60)}${group.phases.length > 1 ? html` <span class="soft">× ${group.phases.length}
				</span>` : html` <span class="soft">${duration(model.edges[group.phases[0].to] - model.edges[group.phases[0].from])}
				</span>`}</th>
				${groups.map((other, column) => cell(row, column))}${cell(row, groups.length)}<td class="number">${amount(sumOf(cells, row * width, (row + 1) * width), state.unit)}
				</td>${repeated ? html`<td>${group.phases.length > 1 ? html`<${Repetitions} store=${store} phases=${group.phases} />` : null}
				</td>` : null}</tr>`,
			)}</tbody></table></div>`;
	}

	render({store}) {
		const {model} = store,
			phases = store.once('phases', '', () => phasesOf(model)),
			{scopes} = model.meta,
			repeated = new Set(phases.map((phase) => phase.text)).size < phases.length;
		return html`<${Intro} terms=${[
			['outlives the program', 'what a phase allocated and nobody freed'],
			['Kept', 'allocated in the scope and still live when it ended'],
		]}>
			A phase is the time from one mark of the program (<code>rheaper_mark</code>) to the next. A row says what became of what a phase allocated: the diagonal was freed in the phase itself, the columns to the right later, the last never. ${phases.length > 0 ? 'A click shows the blocks.' : ''} The whole run; the window does not limit this view.</${Intro}>
			${
				phases.length > 0
					? html`${repeated && phases.length <= MOST_PHASES ? html`<label class="option">
					<input type="checkbox" checked=${this.state.together} onChange=${() => this.setState({together: !this.state.together})} /> phases of one name together</label>` : null}${
							phases.length > MOST_PHASES
								? html`<p class="note">${plainCount(phases.length)} phases: those of one name stand together.</p>`
								: null
						}${this.ledger(store, phases)}`
					: html`<p class="empty">The program set no marks. <code>#include ${'<rheaper.h>'}
					</code> and <code>rheaper_mark("parse")</code> make phases.</p>`
			}
			<h3>Scopes</h3>
			<${Table} store=${store} id="scopes" caption="Scopes" sort="kept" rows=${scopes} empty="The program has no scopes (RHEAPER_SCOPE)." columns=${[
				{
					id: 'name',
					label: 'Scope',
					help: 'Its name',
					value: (row) => row.name,
					show: (row) => html`<${Name} text=${row.name} />`,
				},
				numberColumn('count', 'Times', 'How often it ran', (row) => row.count, count),
				numberColumn('time', 'Time', 'In all of them together', (row) => row.total_ms, duration),
				numberColumn('allocations', 'Allocations', 'In all of them', (row) => row.allocations, count),
				numberColumn('bytes', 'Allocated', 'In all of them', (row) => row.allocated_bytes, bytes),
				numberColumn(
					'kept',
					'Kept',
					'Bytes allocated in it and live when it ended',
					(row) => row.kept_bytes,
					bytes,
					Math.max(1, ...scopes.map((row) => row.kept_bytes)),
				),
				numberColumn('kept_blocks', 'Kept blocks', 'Blocks of these', (row) => row.kept_blocks, count),
				numberColumn(
					'each',
					'Kept each',
					'Bytes kept by one of them',
					(row) => row.kept_bytes / row.count,
					bytes,
				),
			]} />`;
	}
}

// What each repetition of a phase leaves behind when it ends
function Repetitions({store, phases}) {
	const {model} = store,
		values = phases.slice(0, 100).map(({from, to}) => windowTotals(model, from, to).kept);
	return html`<span class="shape"><${Spark} values=${values} />
	<span>${bytes(values[values.length - 1])} by the last</span></span>`;
}
