// SPDX-License-Identifier: MIT
// What is known of the box, row or site that one looks at.

class Details extends Component {
	constructor(props) {
		super(props);
		this.state = {at: null};
	}

	render({store}) {
		const {at} = this.state,
			{tree, values} = this.partsOf(at);
		if (store.state.site >= 0 && !at)
			return html`<aside class="details" aria-label="Details">
			<${SiteDetails} store=${store} site=${store.state.site} /></aside>`;
		if (!at || at.node >= tree.size)
			return html`<aside class="details" aria-label="Details"><h2>Details</h2>
			<p class="soft">Point at a box, or move to it with the arrow keys: its whole name, its place and its share stand here.</p>
				<${Legend} store=${store} /></aside>`;
		return html`<aside class="details" aria-label="Details">
		<${FrameDetails} store=${store} tree=${tree} values=${values} at=${at} /></aside>`;
	}

	partsOf(at) {
		const {store} = this.props,
			tree = store.tree();
		return at && at.half === 'above' && tree.above
			? {tree: tree.above, values: store.aboveValues()}
			: {tree, values: store.values()};
	}
}

function Legend({store}) {
	const {model} = store,
		hues = store.once('hues', '', () => moduleHues(model));
	if (store.metric().signed)
		return html`<p class="legend"><i class="swatch grown"></i>▲ grew <i class="swatch shrunk"></i>▼ shrank</p>`;
	const known = model.meta.modules.map((module, i) => [module, hues[i + 1]]).filter(([, hue]) => hue >= 0);
	return html`<div class="legend column"><h3>Colours are modules</h3>${PALETTE.map((wanted) =>
		known.find(([, hue]) => hue === wanted),
	)
		.filter(Boolean)
		.map(
			([module, hue]) => html`<span><i
		class="swatch hue" style=${{'--hue': hue}}></i>${visible(baseName(module.path) || module.path, 60)}</span>`,
		)}</div>`;
}

function stackText(model, tree, v) {
	const lines = pathOf(tree, v)
		.filter((one) => tree.frame[one] >= 0)
		.map((one) => {
			const place = placeOf(model, tree.frame[one], true);
			return visible(fullName(model, tree.frame[one])) + (place ? '  ' + visible(place) : '');
		});
	return (tree.inverted ? lines : lines.reverse()).join('\n') + '\n';
}

function Source({model, frame}) {
	const lines = frame < 0 ? null : model.sources.get(model.strings[model.frame.file[frame]]);
	if (!Array.isArray(lines)) return null;
	const line = model.frame.line[frame],
		near = lines.filter(([number]) => Math.abs(number - line) <= 3);
	return near.length === 0
		? null
		: html`<pre class="source">${near.map(([number, text]) => html`<span class=${number === line ? 'here' : ''}>${String(number).padStart(5)}  ${visible(text, 200)}\n</span>`)}</pre>`;
}

function FrameDetails({store, tree, values, at}) {
	const {model} = store,
		v = at.node,
		frame = tree.frame[v],
		flags = frame < 0 ? 0 : model.frame.flags[frame];
	const name = frame >= 0 ? fullName(model, frame) : nodeName(model, tree, v),
		parent = v > 0 ? tree.parent[v] : -1;
	const zoom = Math.min(store.state.zoom, tree.size - 1),
		own = values.own[v];
	const words = [
		flags & FLAG.inlined && 'inlined',
		flags & FLAG.inferred && 'put back: a tail call left no frame',
		flags & FLAG.library && 'of a library or an allocation wrapper',
		flags & FLAG.start && 'starts the program or a thread',
	].filter(Boolean);
	return html`<h2 class="full-name" data-full=${frame >= 0 ? '1' : '0'}>${visible(name)}
	</h2>${isUnusual(name) ? html`<p><span class="badge">unusual characters, shown as escapes</span></p>` : null}
		${frame >= 0 ? html`<p class="soft">${visible(placeOf(model, frame, true), 300) || 'no line known'}<br />${visible(modulePath(model, frame), 300)}${words.length ? html`<br />${words.join(', ')}` : null}
		</p>` : null}
		<dl class="figures"><div><dt>with all below</dt><dd>${store.amount(values.net[v])}</dd></div>
		<div><dt>own</dt><dd>${store.amount(own)}</dd></div>
		<div><dt>of all shown</dt><dd>${percent(values.net[v], values.net[ROOT])}</dd></div>
		${zoom > 0 && tree === store.tree() ? html`<div><dt>of the zoom</dt>
		<dd>${percent(values.net[v], values.net[zoom])}</dd></div>` : null}
		${parent >= 0 ? html`<div><dt>of the box above</dt><dd>${percent(values.net[v], values.net[parent])}</dd>
		</div>` : null}</dl>
		<p class="soft">${store.meaning()}</p>
		${model.diff ? null : html`<${NodeSpark} store=${store} tree=${tree} v=${v} />`}<${Source} model=${model} frame=${frame} />
		${
			frame >= 0
				? html`<div class="buttons">
				<button onClick=${() => pivotOn(store, frame)} title="Its callers above, its callees below (p)">pivot</button>
		<button onClick=${() => store.set({chips: [...store.state.chips, {kind: 'only', text: '=' + fullName(model, frame)}].slice(0, MOST_CHIPS)})} title="Only stacks through it">only its stacks</button>
		<button onClick=${() => addChip(store, 'hide', frame)} title="Leave out stacks through it">hide its stacks</button>
		<button onClick=${() => addChip(store, 'frame', frame)} title="Leave out this function; its callees move up (h)">hide the frame</button>
		<${Copy} text=${() => fullName(model, frame)} label="copy name" />
		<${Copy} text=${() => stackText(model, tree, v)} label="copy stack" /></div>`
				: null
		}`;
}

function NodeSpark({store, tree, v}) {
	const samples = store.samples(),
		inside = new Uint8Array(tree.size),
		first = v;
	for (let one = first; one < tree.size; one++) inside[one] = one === v || (one > 0 && inside[tree.parent[one]]);
	const group = Int32Array.from(tree.map, (to) => (to >= 0 && inside[to] ? 0 : -1));
	return html`<div class="wide-spark">
	<${Spark} values=${liveSeries(store.model, group, 1, samples)} width=${250} height=${44} />
	<span class="soft">in use over the run</span></div>`;
}

function SiteDetails({store, site}) {
	const {model} = store,
		frame = siteFrame(model, site),
		s = model.site;
	const series = store.once('site-series', String(site), () => sitesSeries(model, [site]));
	const freed = [...Array(model.free.rows).keys()]
		.filter((i) => model.free.alloc_site[i] === site + 1)
		.sort((a, b) => model.free.bytes[b] - model.free.bytes[a])
		.slice(0, 4);
	return html`<h2 class="full-name">${siteHandle(model, site)} ${visible(frame < 0 ? siteName(model, site) : fullName(model, frame))}</h2>
		<p class="soft">${visible(placeOf(model, frame, true), 300)}<br />${visible(siteChain(model, site), 300)}</p>
		<dl class="figures"><div><dt>at the peak</dt><dd>${bytes(s.peak_bytes[site])}</dd></div><div><dt>allocated</dt>
		<dd>${bytes(s.bytes[site])}</dd></div>
		<div><dt>allocations</dt><dd>${count(s.blocks[site])}</dd></div><div><dt>at the end</dt>
		<dd>${bytes(s.live_bytes[site])}</dd></div>
		<div><dt>temporary</dt><dd>${percent(s.temporary_blocks[site], s.blocks[site])}</dd></div><div><dt>stacks</dt>
		<dd>${plainCount(s.stacks[site])}</dd></div></dl>
		<div class="wide-spark"><${Spark} values=${series} width=${250} height=${44} />
		<span class="soft">in use over the run</span></div>
		<${Source} model=${model} frame=${frame} />
		${freed.length > 0 ? html`<h3>Freed by</h3><ul class="plain">${freed.map((i) => html`<li>
		<${Name} text=${shortName(model, model.free.free_frame[i] - 1)} /> <b>${bytes(model.free.bytes[i])}</b></li>`)}
		</ul>` : null}
		<div class="buttons"><button onClick=${() => store.set({view: 'flame'})}>its stacks</button>
		<button onClick=${() => store.set({what_if: [...new Set([...store.state.what_if, site])], view: 'sites'})}>what if it were gone?</button>
		<button onClick=${() => store.set({site: -1})}>all sites again</button></div>
		<p class="soft">Also: <code>rheaper-report --site ${siteHandle(model, site)}</code></p>`;
}
