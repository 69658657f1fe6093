// SPDX-License-Identifier: MIT
// Threads: who allocates, who frees for whom; and which functions free what.

function ThreadsView({store}) {
	const {model} = store,
		{threads, totals} = model.meta,
		rows = [...threads.keys()];
	return html`<${Intro} terms=${[['At the end', 'live when the trace ended, of what the thread allocated']]}>Who allocates, and who frees what others allocated. The whole run; the window does not limit this view.</${Intro}>
		<${Table} store=${store} id="threads" caption="Threads" sort="bytes" rows=${rows} empty="No thread allocated." columns=${[
			{
				id: 'thread',
				label: 'Thread',
				help: 'Its number and the last name it had',
				value: (row) => threads[row].number,
				show: (row) =>
					html`<${Name} text=${threadName(model, row)} /> <span class="soft">tid ${threads[row].tid}</span>`,
			},
			numberColumn(
				'bytes',
				'Allocated',
				'Bytes',
				(row) => threads[row].allocated_bytes,
				bytes,
				totals.allocated_bytes,
			),
			numberColumn('allocations', 'Allocations', '', (row) => threads[row].allocations, count),
			numberColumn(
				'live',
				'At the end',
				'Bytes live when the trace ended',
				(row) => threads[row].live_bytes,
				bytes,
			),
			{
				id: 'sites',
				label: 'Most by',
				help: 'The sites that it allocated most at',
				value: () => '',
				show: (row) => html`<${TopSites} store=${store} thread=${row} />`,
			},
		]} />
		<h3>Who frees for whom</h3><${Handover} store=${store} />`;
}

function TopSites({store, thread}) {
	const {model} = store,
		t = model.thread_site,
		rows =
			store
				.once('thread-sites', '', () => {
					const of = new Map();
					for (let i = 0; i < t.rows; i++)
						of.set(
							t.thread[i],
							[...(of.get(t.thread[i]) || []), i].sort((a, b) => t.bytes[b] - t.bytes[a]).slice(0, 3),
						);
					return of;
				})
				.get(thread) || [];
	return html`<span class="inline-sites">${rows.map((i) => html`<span>
	<${Handle} store=${store} site=${t.site[i] - 1} /> <${Name} text=${siteName(model, t.site[i] - 1)} longest=${40} /> <b>${bytes(t.bytes[i])}
	</b></span>`)}</span>`;
}

// Rows: threads that allocated; columns: threads that freed, the first one nobody
function Handover({store}) {
	const {model, state} = store,
		t = model.handover,
		cells = new Map(),
		rows = new Map(),
		columns = new Map();
	for (let i = 0; i < t.rows; i++) {
		const value = t[state.unit][i],
			key = t.alloc_thread[i] + ' ' + t.free_thread[i];
		cells.set(key, (cells.get(key) || 0) + value);
		rows.set(t.alloc_thread[i], (rows.get(t.alloc_thread[i]) || 0) + value);
		columns.set(t.free_thread[i], (columns.get(t.free_thread[i]) || 0) + value);
	}
	const top = (map) => [...map.keys()].sort((a, b) => map.get(b) - map.get(a)).slice(0, 16),
		shown_rows = top(rows),
		shown_columns = top(columns).sort((a, b) => (a === 0) - (b === 0) || 0);
	const most = [...cells.values()].reduce((a, b) => Math.max(a, b), 0),
		left = Math.max(rows.size - shown_rows.length, columns.size - shown_columns.length);
	if (t.rows === 0) return html`<p class="empty">Nothing was allocated.</p>`;
	return html`<div class="scroll" tabindex="0" role="region" aria-label="Who frees for whom">
	<table id="table-handover" class="ledger-table"><caption class="unseen">Allocated by (rows) and freed by (columns)</caption>
		<thead><tr>
		<th scope="col">allocated by ↓ · freed by →</th>${shown_columns.map((c) => html`<th scope="col" class="number">${c === 0 ? 'never freed' : visible(threadName(model, c - 1), 24)}
		</th>`)}</tr></thead>
		<tbody>${shown_rows.map(
			(r) =>
				html`<tr><th scope="row">${visible(r === 0 ? '(unknown)' : threadName(model, r - 1), 40)}</th>${shown_columns.map(
					(c) => {
						const value = cells.get(r + ' ' + c) || 0;
						return html`<td class=${'number ledger' + (c !== r && c !== 0 && value ? ' crossed' : '')} data-value=${value} title=${c !== r && c !== 0 && value ? 'Another thread freed them' : ''} style=${{'--heat': most ? Math.sqrt(value / most).toFixed(3) : 0}}>${value ? (c !== r && c !== 0 ? '⇄ ' : '') + amount(value, state.unit) : '·'}</td>`;
					},
				)}</tr>`,
		)}</tbody></table>
		</div>${left > 0 ? html`<p class="note">The 16 with most; ${plural(left, 'thread')} not shown.</p>` : null}<p class="soft">⇄ another thread freed them than allocated them.</p>`;
}

function FreesView({store}) {
	const {model, state} = store,
		f = model.free,
		rows = [...Array(f.rows).keys()].filter((row) => state.site < 0 || f.alloc_site[row] === state.site + 1);
	const sum = (values) => values.reduce((a, b) => a + b, 0),
		wrong = sum(f.mismatched_blocks),
		crossed = sum(f.crossed_blocks);
	return html`<${Intro} terms=${[
		['Other thread', 'blocks that another thread freed than allocated them'],
		['Mismatched', 'freed by an allocator of another family, as malloc and delete: undefined behaviour'],
	]}>
		Which function frees what a site allocated: who owns the blocks in the end. ${crossed > 0 ? html`<b>${count(crossed)}
		</b> blocks changed the thread.` : 'No block changed the thread.'} ${wrong > 0 ? html`<b class="bad">${count(wrong)}
		</b> blocks were freed by the wrong family.` : ''} The whole run; the window does not limit this view.</${Intro}>
		<${Bands} store=${store} rows=${rows} />
		<${Table} store=${store} id="frees" caption="Who frees" sort="bytes" rows=${rows} empty="Nothing was freed." columns=${[
			{
				id: 'site',
				label: 'Allocated at',
				help: '',
				value: (row) => siteName(model, f.alloc_site[row] - 1),
				show: (row) => html`<${Site} store=${store} site=${f.alloc_site[row] - 1} />`,
			},
			{
				id: 'free',
				label: 'Freed by',
				help: 'The owning function of the free',
				value: (row) => shortName(model, f.free_frame[row] - 1),
				show: (row) =>
					html`<span class="site-text"><span class="site-name">
					<${Name} text=${shortName(model, f.free_frame[row] - 1)} title=${fullName(model, f.free_frame[row] - 1)} />
					</span><span class="place">${visible(placeOf(model, f.free_frame[row] - 1, false), 80)}</span></span>`,
			},
			numberColumn(
				'bytes',
				'Bytes',
				'Freed',
				(row) => f.bytes[row],
				bytes,
				Math.max(1, ...rows.slice(0, 50000).map((row) => f.bytes[row])),
			),
			numberColumn('blocks', 'Blocks', 'Freed', (row) => f.blocks[row], count),
			numberColumn(
				'crossed',
				'Other thread',
				'Blocks freed by another thread',
				(row) => f.crossed_blocks[row],
				(value) => (value ? '⇄ ' + count(value) : '–'),
			),
			numberColumn(
				'wrong',
				'Mismatched',
				'Freed by another family',
				(row) => f.mismatched_blocks[row],
				(value) => (value ? '⚠ ' + count(value) : '–'),
			),
		]} />`;
}

const MOST_BANDS = 16;

// Two columns, joined by bands as thick as the bytes that went from one to the other
function Bands({store, rows}) {
	const {model} = store,
		f = model.free,
		top = [...rows]
			.sort((a, b) => f.bytes[b] - f.bytes[a])
			.slice(0, MOST_BANDS)
			.filter((row) => f.bytes[row] > 0);
	const all = top.reduce((sum, row) => sum + f.bytes[row], 0),
		height = 300,
		left = new Map(),
		right = new Map();
	if (top.length < 2) return null;
	for (const row of top) {
		left.set(f.alloc_site[row], (left.get(f.alloc_site[row]) || 0) + f.bytes[row]);
		right.set(f.free_frame[row], (right.get(f.free_frame[row]) || 0) + f.bytes[row]);
	}
	const stack = (map) => {
		const room = height - 18 * map.size,
			places = new Map();
		let y = 0;
		for (const [key, value] of [...map].sort((a, b) => b[1] - a[1])) {
			places.set(key, {y, next: y, tall: (value / all) * room, middle: y + ((value / all) * room) / 2});
			y += (value / all) * room + 18;
		}
		return places;
	};
	const a = stack(left),
		b = stack(right),
		room_a = height - 18 * left.size,
		room_b = height - 18 * right.size;
	const paths = top.map((row) => {
		const from = a.get(f.alloc_site[row]),
			to = b.get(f.free_frame[row]),
			ta = (f.bytes[row] / all) * room_a,
			tb = (f.bytes[row] / all) * room_b,
			[ya, yb] = [from.next, to.next];
		from.next += ta;
		to.next += tb;
		const kind = f.mismatched_blocks[row] ? 'wrong' : f.crossed_blocks[row] ? 'crossed' : '';
		return html`<path class=${'band ' + kind} d=${`M0 ${ya}C60 ${ya} 60 ${yb} 120 ${yb}L120 ${yb + tb}C60 ${yb + tb} 60 ${ya + ta} 0 ${ya + ta}Z`}>
		<title>${`${visible(siteName(model, f.alloc_site[row] - 1), 100)} → ${visible(shortName(model, f.free_frame[row] - 1), 100)}: ${bytes(f.bytes[row])}`}
		</title></path>`;
	});
	const label = (places, name) =>
		[...places].map(
			([key, {y, tall}]) =>
				html`<span class="band-label" style=${{top: y + Math.max(0, tall / 2 - 9) + 'px'}}>
				<${Name} text=${name(key)} longest=${60} /></span>`,
		);
	return html`<div class="bands" style=${{height: height + 'px'}} aria-hidden="true">
	<div class="left">${label(a, (site) => siteName(model, site - 1))}</div>
		<svg viewBox=${`0 0 120 ${height}`} height=${height} preserveAspectRatio="none">${paths}</svg>
		<div class="right">${label(b, (frame) => shortName(model, frame - 1))}</div></div>
		<p class="soft">The ${top.length} largest pairs: allocated left, freed right. Orange: another thread freed; red: of the wrong family. The table has all.</p>`;
}
