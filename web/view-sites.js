// SPDX-License-Identifier: MIT
// Sites, what-if, files, temporary blocks, and who grows by copying.

function allSites(model) {
	return [...Array(model.site.rows).keys()];
}

function siteColumn(store) {
	return {
		id: 'site',
		label: 'Site',
		help: 'The first function that is neither libc, a language’s library nor an allocation wrapper',
		value: (s) => siteName(store.model, s),
		show: (s) => html`<${Site} store=${store} site=${s} />`,
	};
}

// Live bytes of each site that has stacks, at the samples
function sparkOfSites(store) {
	const {model} = store;
	return store.once('site-sparks', '', () => {
		const group = Int32Array.from(model.node.site, (site) => site - 1),
			samples = store.samples();
		return {width: samples.length, values: liveSeries(model, group, model.site.rows, samples)};
	});
}

function SitesView({store}) {
	const {model, state} = store,
		s = model.site,
		sums = store.siteSums(),
		totals = model.meta.totals;
	const sparks = sparkOfSites(store),
		shown = allSites(model).filter((row) => state.site < 0 || row === state.site);
	const match = state.search ? matchFunctions(model, state.search) : null;
	const rows = match ? shown.filter((row) => s.frame[row] && match[model.frame.function[s.frame[row] - 1]]) : shown;
	const most = rows.reduce((a, row) => Math.max(a, Math.abs(sums[row + 1])), 0),
		tick = (row) => {
			const on = state.what_if.includes(row);
			store.set({what_if: on ? state.what_if.filter((one) => one !== row) : [...state.what_if, row]});
		};
	return html`<${Intro} terms=${[
		['At the peak', 'bytes and blocks that were live when the program had most in use'],
		['Allocated', 'in the whole run'],
		['At the end', 'live when the trace ended'],
		['Temporary', 'share of its blocks that the same thread freed next'],
		['What if', 'tick sites to see the peak without them, dashed in the timeline'],
	]}>
		Who allocates: the first function of each stack that is neither libc, a language’s library nor an allocation wrapper. The first figure is what you look at: <b>${store.meaning()}
		</b>; the others are of the whole run and exact.</${Intro}>
		<${WhatIf} store=${store} />
		<${Table} store=${store} id="sites" caption="Sites" most=${50} sort="now" rows=${rows} rowData=${(row) => ({'data-row-site': s.number[row], 'data-bytes': sums[row + 1]})} columns=${[
			siteColumn(store),
			{
				...numberColumn(
					'now',
					store.metric().label,
					store.metric().what,
					(row) => sums[row + 1],
					(value) => store.amount(value),
					most,
				),
				signed: store.metric().signed,
			},
			numberColumn(
				'peak',
				'At the peak',
				'Bytes live at the peak',
				(row) => s.peak_bytes[row],
				bytes,
				totals.peak_bytes,
			),
			numberColumn('peak_blocks', 'Blocks', 'Blocks live at the peak', (row) => s.peak_blocks[row], count),
			numberColumn(
				'bytes',
				'Allocated',
				'Bytes allocated in the whole run',
				(row) => s.bytes[row],
				bytes,
				totals.allocated_bytes,
			),
			numberColumn('blocks', 'Allocations', 'In the whole run', (row) => s.blocks[row], count),
			numberColumn('live', 'At the end', 'Bytes live when the trace ended', (row) => s.live_bytes[row], bytes),
			numberColumn(
				'temporary',
				'Temporary',
				'Share of its blocks that were freed next by the same thread',
				(row) => (s.blocks[row] ? s.temporary_blocks[row] / s.blocks[row] : 0),
				(value) => percent(value, 1),
			),
			{
				id: 'live-series',
				label: 'In use over the run',
				help: 'Live bytes',
				value: (row) => s.peak_bytes[row],
				show: (row) =>
					html`<${Spark} values=${sparks.values.subarray(row * sparks.width, (row + 1) * sparks.width)} />`,
			},
			{
				id: 'what_if',
				label: 'What if',
				help: 'The peak without it',
				value: (row) => Number(state.what_if.includes(row)),
				show: (row) =>
					html`<input type="checkbox" aria-label=${'what if ' + (siteHandle(model, row) || 'these') + ' were gone'} checked=${state.what_if.includes(row)} onChange=${() => tick(row)} />`,
			},
		]} />`;
}

function WhatIf({store}) {
	const {model, state} = store,
		result = store.whatIf();
	if (!result) return null;
	const names = state.what_if.map((site) => siteHandle(model, site) || 'the smaller ones').join(', '),
		before = model.meta.totals.peak_bytes;
	const leader =
		result.leader >= 0
			? html`; then <b>${siteHandle(model, result.leader)} ${visible(siteName(model, result.leader), 80)}
			</b> leads with ${bytes(result.leader_bytes)}`
			: '';
	return html`<div class="card what-if" role="status">
	<h3>What if ${names} needed <input type="number" min="0" max="100" step="10" aria-label="percent that stays" value=${state.keep}
			onChange=${(event) => store.set({keep: Math.max(0, Math.min(100, Math.round(Number(event.currentTarget.value)) || 0))})} /> % of it?</h3>
		<p>The peak would go from <b>${bytes(before)}</b> to <b data-figure="what-if">${bytes(result.peak)}
		</b>${result.edge === model.meta.peak_edge ? ', at the same moment' : html`, and move to <b>${duration(model.edges[result.edge])}
		</b>`}${leader}.
		<span class="soft"> Computed at the ${plainCount(model.never)} edges of the timeline; between two of them it may be higher.</span>
		<button class="small" onClick=${() => store.set({what_if: []})}>clear</button></p></div>`;
}

function FilesView({store, onSelect}) {
	const tree = store.fileTree(),
		values = store.values(tree, 'file-values');
	return html`<${Intro}>Which library, file and function of it owns what is <b>${store.meaning()}
	</b>. A stack belongs to its site: the first function that is no library’s and no wrapper’s.</${Intro}>
		<${TreeGrid} store=${store} tree=${tree} values=${values} id="files" caption="Files and modules" onSelect=${onSelect} />`;
}

function TemporaryView({store}) {
	const {model, state} = store,
		s = model.site,
		largest = store.once('largest', '', () => largestSizes(model)),
		seconds = model.end_ms / 1000;
	const rows = allSites(model).filter((row) => s.temporary_blocks[row] > 0 && (state.site < 0 || state.site === row));
	const advice = rows
		.map((row) => [row, reuseAdvice(model, row, largest[row + 1])])
		.filter(([, one]) => one)
		.sort((a, b) => b[1].calls - a[1].calls);
	return html`<${Intro} terms=${[
		['Temporary', 'freed next by the thread that allocated it, before it allocated or freed anything else'],
		['A second', 'temporary blocks by the length of the run'],
	]}>
		Blocks that were freed at once: work for the allocator and nothing else. <b>${count(model.meta.totals.temporary)}
		</b> of ${count(model.meta.totals.allocations)} allocations (${percent(model.meta.totals.temporary, model.meta.totals.allocations)}). The whole run; the window does not limit this view.</${Intro}>
		${
			advice.length > 0
				? html`<div class="cards">${advice.slice(0, 4).map(
						([
							row,
							one,
						]) => html`<div class="card"><h3><${Site} store=${store} site=${row} chain=${false} /></h3>
			<p>${one.on_stack ? html`No block is larger than ${bytes(one.largest)}: a buffer on the stack` : 'A buffer kept from call to call'} saves <b>${count(one.calls)}
			</b> allocations and as many frees, ${percent(one.calls, model.meta.totals.allocations)} of all. It costs ${one.largest ? `at most ${bytes(one.largest)} held` : 'one block held'}.</p>
			<p class="soft">Shown from ${plainCount(REUSE.least_blocks)} temporary blocks and ${percent(REUSE.least_share, 1)} of the site’s own on.</p></div>`,
					)}</div>`
				: null
		}
		<${Table} store=${store} id="temporary" caption="Temporary blocks" sort="temporary" rows=${rows} empty="No block was freed next by the thread that allocated it." columns=${[
			siteColumn(store),
			numberColumn(
				'temporary',
				'Temporary',
				'Blocks freed next by their thread',
				(row) => s.temporary_blocks[row],
				count,
				Math.max(1, ...rows.slice(0, 50000).map((row) => s.temporary_blocks[row])),
			),
			numberColumn(
				'share',
				'Share',
				'Of the site’s blocks',
				(row) => s.temporary_blocks[row] / s.blocks[row],
				(value) => percent(value, 1),
			),
			numberColumn(
				'second',
				'A second',
				'Temporary blocks by the length of the run',
				(row) => s.temporary_blocks[row] / seconds,
				roughCount,
			),
			numberColumn('blocks', 'Allocations', 'In the whole run', (row) => s.blocks[row], count),
			numberColumn('mean', 'Mean size', 'Bytes a block', (row) => s.bytes[row] / s.blocks[row], bytes),
		]} />`;
}

// A staircase of sizes up to the median and the largest, as a picture of what growing costs
function Staircase({growth, row, size}) {
	const steps = Math.max(2, Math.min(12, Math.round(growth.reallocs[row] / Math.max(1, growth.chains[row])) + 1)),
		width = 120,
		height = 40;
	const top = Math.max(growth.final_p95[row], size, 1),
		y = (value) => (height - (value / top) * (height - 2) - 1).toFixed(1);
	let path = `M0 ${height}`;
	for (let k = 1; k <= steps; k++) {
		const value = (growth.final_p95[row] * k) / steps;
		path += `L${(((k - 1) * width) / steps).toFixed(1)} ${y(value)}L${((k * width) / steps).toFixed(1)} ${y(value)}`;
	}
	return html`<svg class="spark stairs" width=${width} height=${height} role="img" aria-label=${`about ${steps - 1} reallocs a chain, up to ${bytes(growth.final_p95[row])}; one of ${bytes(size)} instead`}>
		<path d=${path + `L${width} ${height}Z`} /><path class="reserve" d=${`M0 ${y(size)}L${width} ${y(size)}`} /></svg>`;
}

function GrowthView({store}) {
	const {model, state} = store,
		g = model.growth,
		rows = [...Array(g.rows).keys()].filter((row) => state.site < 0 || g.site[row] === state.site);
	const advice = rows
		.map((row) => [row, reserveAdvice(g, row)])
		.filter(([, one]) => one)
		.sort((a, b) => b[1].saved_bytes - a[1].saved_bytes || b[1].saved_calls - a[1].saved_calls);
	return html`<${Intro} terms=${[
		['Chain', 'a block and what realloc made of it, until it was freed'],
		['Moves', 'reallocs that gave another address, and so copied'],
		['Final size', 'of a chain when it ended: half of them are not above the median, 95 % not above the next'],
	]}>
		What grows by realloc. A resize that moves copies everything so far: room for the final size from the start saves both the calls and the copies. The whole run; the window does not limit this view.</${Intro}>
		${
			advice.length > 0
				? html`<div class="cards">${advice.slice(0, 6).map(
						([
							row,
							one,
						]) => html`<div class="card advice" data-advice=${one.size}><h3>
						<${Site} store=${store} site=${g.site[row]} chain=${false} /></h3>
			<div class="side"><${Staircase} growth=${g} row=${row} size=${one.size} /><p>
			<code>reserve(${one.size})</code> saves about <b>${count(one.saved_calls)}
			</b> reallocs and <b>${bytes(one.saved_bytes)}
			</b> copied (95 % of the chains end at ${bytes(g.final_p95[row])} or below).</p></div>
			<p>Price: ${g.chains[row] === 1 ? html`the one chain would hold ${bytes(one.waste_each)} that it does not use.` : html`half of the ${count(g.chains[row])} chains end at ${bytes(g.final_p50[row])} or below. Each of these ${count(one.wasteful_chains)} would hold ${bytes(one.waste_each)} or more that it does not use.`}</p>
			<p class="soft">Shown from ${RESERVE.least_reallocs} reallocs or ${bytes(RESERVE.least_copied)} copied on. n is the power of two above the 95 % size, in bytes.</p></div>`,
					)}</div>`
				: null
		}
		<${Table} store=${store} id="growth" caption="Realloc chains" sort="copied" rows=${rows} empty="No block was resized." columns=${[
			{
				id: 'site',
				label: 'Site',
				help: '',
				value: (row) => siteName(model, g.site[row]),
				show: (row) => html`<${Site} store=${store} site=${g.site[row]} />`,
			},
			numberColumn(
				'chains',
				'Chains',
				'Blocks that were resized, with what became of them',
				(row) => g.chains[row],
				count,
			),
			numberColumn('reallocs', 'Reallocs', 'That succeeded', (row) => g.reallocs[row], count),
			numberColumn(
				'each',
				'A chain',
				'Reallocs a chain',
				(row) => g.reallocs[row] / g.chains[row],
				(value) => estimate(digits(value)),
			),
			numberColumn('moves', 'Moves', 'Reallocs that gave another address', (row) => g.moves[row], count),
			numberColumn(
				'copied',
				'Copied',
				'Bytes copied by moves',
				(row) => g.copied_bytes[row],
				bytes,
				Math.max(1, ...rows.slice(0, 50000).map((row) => g.copied_bytes[row])),
			),
			numberColumn(
				'p50',
				'Final, median',
				'Half of the chains end at this size or below',
				(row) => g.final_p50[row],
				bytes,
			),
			numberColumn(
				'p95',
				'Final, 95 %',
				'95 % of the chains end at this size or below',
				(row) => g.final_p95[row],
				bytes,
			),
			numberColumn('max', 'Largest', 'Largest final size', (row) => g.final_max[row], bytes),
		]} />`;
}
