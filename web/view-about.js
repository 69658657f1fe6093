// SPDX-License-Identifier: MIT
// What this page is: settings, what was not seen, how figures are computed, licences. And what
// differs between two runs, of a page of a diff.

function List({rows, empty, item}) {
	return rows.length === 0
		? html`<p class="soft">${empty}</p>`
		: html`<ul class="plain">${rows.map((row) => html`<li>${item(row)}</li>`)}</ul>`;
}

// Licences stand in the vendor script as comments that begin with /*! NAME
function licences() {
	const out = [];
	for (const script of document.querySelectorAll('script:not([id])')) {
		for (const [, text] of script.textContent.matchAll(/\/\*!licence\n([^]*?)\*\//g)) out.push(text);
	}
	return out;
}

function Process({title, process}) {
	const words = [
		['Process', 'process'],
		['Process id', 'pid'],
		['Program', 'executable'],
		['Command line', 'command_line'],
		['Host', 'host'],
		['Started', 'started_at'],
		['Traced for', 'duration_ms'],
		['Ended', 'ending'],
		['Label', 'label'],
	];
	const text = (key) =>
		key === 'duration_ms'
			? duration(process[key])
			: Array.isArray(process[key])
				? process[key].map((word) => visible(String(word))).join(' ')
				: visible(String(process[key]));
	return html`<h3>${title}</h3>
	<dl class="facts">${words.filter(([, key]) => process[key] !== undefined && process[key] !== null && process[key] !== '').map(([word, key]) => html`<div>
	<dt>${word}</dt><dd>${text(key)}</dd></div>`)}</dl>`;
}

function AboutView({store}) {
	const {model} = store,
		{meta} = model,
		{pruned} = meta;
	return html`<div class="about"><div>
	<${Process} title=${model.diff ? 'A' : 'The program'} process=${(model.diff ? meta.a : meta.process) || {}} />${model.diff ? html`<${Process} title="B" process=${meta.b || {}} />` : null}
		<p class="soft">Made by ${visible(String(meta.generator || ''))}. Make it again: <code>${visible(String(meta.command || ''))}
		</code> <${Copy} text=${String(meta.command || '')} /></p>
		${meta.estimate ? html`<h3>Estimates</h3>
		<p>${visible(String(meta.estimate.meaning || ''))} Each figure of this page carries ≈.</p>` : null}
		<h3>What the trace does not show</h3>
		<${List} rows=${meta.unseen} empty="Nothing is known to be missing." item=${(row) => html`${visible(String(row.sentence))} ${row.remedy ? html`<code>${visible(String(row.remedy))}
		</code>` : null}`} />
		<h3>Losses</h3>
		<${List} rows=${meta.losses.filter((row) => row.count > 0)} empty="No event was lost." item=${(row) => html`<b>${plainCount(row.count)}
		</b> ${visible(String(row.reason))}: ${visible(String(row.meaning))}`} />
		<h3>Left out of the picture</h3>
		<p>${pruned && pruned.nodes > 0 ? html`${plural(pruned.nodes, 'node')} under ${Number((pruned.threshold * 100).toPrecision(2))} % of the total stand together as “smaller”. ${visible(String(pruned.meaning || ''))}` : 'No stack was left out.'} Boxes narrower than ${NARROWEST} pixels, and rows beyond the first of a table, are counted where they would stand.</p>
		${meta.redacted.length > 0 ? html`<p>Redacted: ${meta.redacted.map((word) => visible(String(word))).join(', ')}.</p>` : html`<p>This file holds the program’s command line, paths and host name (<code>--redact</code> leaves them out)${model.sources.size > 0 ? html`, and lines of ${plural(model.sources.size, 'source file')}` : ', and no source text'}.</p>`}</div>
		<div><h3>How figures are computed</h3>
		<p>Time is cut at ${plainCount(model.edges.length)} edges; the peak and each mark are edges, so what stands at them is exact. A block was <i>born</i> at the first edge not before its allocation, and <i>died</i> at the first not before its free.</p>
		<dl class="facts">${metricsOf(model).map((metric) => html`<div><dt>${metric.label}</dt><dd>${metric.what}</dd></div>`)}
		<div><dt>Units</dt><dd>1 kB is 1000 B, 1 MB is 1000 kB. Bytes are those the program asked for.</dd></div></dl>
		<h3>Settings</h3><dl class="facts">${meta.settings.map((row) => html`<div><dt>${visible(String(row.name))}</dt>
		<dd><b>${visible(String(row.value))}</b> ${visible(String(row.meaning || ''))}</dd></div>`)}</dl></div></div>
		<h3>Licences of what this page is made of</h3>${licences().map((text) => html`<details class="licence">
		<summary>${text.slice(0, text.indexOf('\n'))}</summary><pre>${text}</pre></details>`)}`;
}

const STATUS_SIGNS = new Map([
	['grown', '▲'],
	['shrunk', '▼'],
	['new', '＋'],
	['gone', '−'],
	['same', '='],
]);

function ChangesView({store}) {
	const {model, state} = store,
		c = model.change,
		{statuses} = model.meta,
		column = differenceColumns(model, state),
		a = c['a_' + column],
		b = c['b_' + column];
	const show = column.endsWith('blocks') ? count : bytes,
		unit = column.endsWith('blocks') ? 'blocks' : 'bytes';
	const match = state.search ? matchFunctions(model, state.search) : null,
		all = [...Array(c.rows).keys()];
	const rows = all.filter(
		(row) =>
			(!state.status || statuses[c.status[row]] === state.status) &&
			(!match || (c.frame[row] && match[model.frame.function[c.frame[row] - 1]])),
	);
	const most = rows.reduce((m, row) => Math.max(m, Math.abs(b[row] - a[row])), 0);
	return html`<${Intro} terms=${[
		['▲ grown, ▼ shrunk', 'the site is in both runs'],
		['new, gone', 'the site is in B only, in A only'],
		['Relative', 'the change, as a share of A'],
	]}>What changed from A to B, by the function that owns it: <b>${store.metric().label.toLowerCase()}</b>.</${Intro}>
		<p class="buttons" role="group" aria-label="Status">
		<button aria-pressed=${!state.status} onClick=${() => store.set({status: ''})}>all ${plainCount(c.rows)}
		</button>${statuses.map((status, i) => html`<button aria-pressed=${state.status === status} onClick=${() => store.set({status})}>${STATUS_SIGNS.get(status) || ''} ${visible(String(status))} ${plainCount(all.filter((row) => c.status[row] === i).length)}
		</button>`)}</p>
		<${Table} store=${store} id="changes" caption="Changes" sort="change" rows=${rows} rowData=${(row) => ({'data-status': statuses[c.status[row]]})} columns=${[
			{
				id: 'site',
				label: 'Site',
				help: '',
				value: (row) => shortName(model, c.frame[row] - 1),
				show: (row) =>
					html`<span class="site-text"><span class="site-name">
					<${Name} text=${shortName(model, c.frame[row] - 1)} title=${fullName(model, c.frame[row] - 1)} />
					</span><span class="place">${[visible(placeOf(model, c.frame[row] - 1, false), 80), visible(model.strings[c.chain[row]], 100)].filter(Boolean).join(' · ')}
					</span></span>`,
			},
			{
				id: 'status',
				label: 'Status',
				help: '',
				value: (row) =>
					`${STATUS_SIGNS.get(statuses[c.status[row]]) || ''} ${visible(String(statuses[c.status[row]] || ''))}`,
			},
			{
				...numberColumn(
					'change',
					'Change',
					'B minus A',
					(row) => b[row] - a[row],
					(value) => signedAmount(value, unit),
					most,
				),
				signed: true,
			},
			numberColumn(
				'relative',
				'Relative',
				'Change as a share of A',
				(row) => (a[row] ? (b[row] - a[row]) / a[row] : b[row] ? Infinity : 0),
				(value) => (value === Infinity ? 'new' : percent(value, 1)),
			),
			numberColumn('a', 'A', '', (row) => a[row], show),
			numberColumn('b', 'B', '', (row) => b[row], show),
		]} />`;
}
