// SPDX-License-Identifier: MIT
// Who holds it: the dominator tree of a heap snapshot by roots and sites, as an icicle and as rows.

const HELD_HUES = {root: 72, site: 235, lost: 25};

class HeldFlame extends Flame {
	colorOf(v, tree) {
		if (v <= ROOT || tree.key[v] === FOLDED) return '';
		const [light, chroma] = BOX_COLORS[this.theme],
			{model} = this.props.store,
			place = model.holder.place[v],
			shift = (((place * 2654435761) >>> 16) % 100) / 100 - 0.5;
		const lost = tree.is_root[v] && model.strings[model.holder_place.kind[place - 1]] === 'lost';
		const hue = HELD_HUES[lost ? 'lost' : tree.is_root[v] ? 'root' : 'site'];
		return `oklch(${(light + shift * 0.07).toFixed(3)} ${chroma} ${(hue + shift * 20).toFixed(1)})`;
	}
}

function HeldMarks({store, tree, v}) {
	const possible = possibleBlocks(store.model, v);
	return html`${
		isHeldBySeveral(tree, v)
			? html`<span class="badge" title="No root retains it: only several of them together do">held by several</span>`
			: null
	}${
		possible > 0
			? html`<span class="badge" title="Of all blocks of this site in the snapshot: each path to them has a pointer that does not lead to the start of a block">${plainCount(possible)} possible</span>`
			: null
	}`;
}

function HeldDetails({store, v}) {
	const tree = store.tree(),
		{model} = store,
		[big, many] = [store.of('bytes'), store.of('blocks')],
		place = model.holder.place[v] - 1;
	const row = (label, value) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`,
		site = place >= 0 ? siteByNumber(model, model.holder_place.number[place] || -1) : -1;
	return html`<h2>${tree.is_root[v] ? 'Root' : 'Held'}</h2><p class="full-name">${visible(tree.full[v])}</p>
		<p><${HeldMarks} store=${store} tree=${tree} v=${v} /></p>
		<dl class="figures">${row('retained', bytes(big.net[v]))}${row('in blocks', plainCount(many.net[v]))}
		${row('of the snapshot', percent(big.net[v], big.net[ROOT]))}
		${row('own', bytes(big.own[v]))}${row('in blocks', plainCount(many.own[v]))}</dl>
		<h3>Held by</h3><ol class="plain">${pathOf(tree, v)
			.slice(1, -1)
			.slice(-20)
			.map((up) => html`<li><${Name} text=${tree.label[up]} title=${tree.full[up]} longest=${60} /></li>`)}</ol>
		${site >= 0 ? html`<p><button class="small" onClick=${() => store.set({view: 'sites', site})}>the site in all views</button></p>` : null}
		${place >= 0 && !tree.is_root[v] ? html`<p class="soft">The pointers that lead to it:</p><p><code>${`rheaper-report DATABASE --why=s${model.holder_place.number[place]}`}</code></p>` : null}`;
}

class HeldView extends Component {
	constructor(props) {
		super(props);
		this.held = HeldStore(props.store);
		this.state = {at: null};
	}

	next(step) {
		this.flame?.nextMatch(step);
	}

	columns(tree) {
		const {held} = this,
			[big, many] = [held.of('bytes'), held.of('blocks')],
			wide = held.values(),
			all = wide.wide[ROOT];
		const column = (label, title, show, barred) => ({label, title, number: true, barred, show}),
			bar = (unit, v) =>
				held.state.unit === unit && all ? html`<${Bar} share=${wide.net[v] / all} />` : null;
		const figure = (unit, values, show) => (v) =>
			html`${bar(unit, v)}<span class="figure" data-value=${values.net[v]}>${show(values.net[v])}</span>`;
		const own = (values, show) => (v) =>
			html`<span data-value=${values.own[v]}>${values.own[v] ? show(values.own[v]) : '–'}</span>`;
		return [
			column('Retained', 'Free if this were not there: with all below it', figure('bytes', big, bytes), true),
			column('Blocks', 'In so many blocks', figure('blocks', many, count), true),
			column('Share', 'Of the whole snapshot', (v) => percent(wide.net[v], all)),
			column('Own', 'Without what it retains', own(big, bytes)),
			column('Own blocks', 'Without what it retains', own(many, count)),
			{
				label: 'Marks',
				title: 'Held by several roots; held by possible pointers alone',
				show: (v) => html`<${HeldMarks} store=${held} tree=${tree} v=${v} />`,
			},
		];
	}

	render({store}) {
		const {held} = this,
			tree = held.tree(),
			values = held.values(),
			{model, state} = store,
			shot = model.meta.heap_snapshot;
		const zoom = Math.min(state.held_zoom, tree.size - 1),
			found = state.search ? held.search() : null,
			select = (at) => this.setState({at: at.node});
		const choose = (node) => {
			held.selected = {half: 'held', node};
			select({node});
		};
		return html`<${Intro} terms=${[
			['Retained', 'what could not be reached any more, were this not there: itself and all below it'],
			['Own', 'the blocks of this line alone'],
			['Held by several', 'stands beside the roots: no root retains it, several of them do together'],
			['Possible', 'blocks of the site that only pointers into the middle of a block lead to; they may be chance'],
		]}>What keeps memory alive: a box stands below what retains it, and is as wide as what it retains. The heap snapshot <b>${visible(String(shot.name), 100)}</b>${
			shot.snapshots > 1 ? html` (1 of ${plainCount(shot.snapshots)}; <code class="option-name">--snapshot</code> chooses another one)` : ''
		} at ${duration(shot.at_ms)}: ${plainBytes(shot.bytes)} in ${plural(shot.blocks, 'block')}; ${plural(shot.edges, 'pointer')}, ${plainCount(shot.possible_edges)} of them possible. The window and filters do not limit this view.</${Intro}>
		<div class="with-details"><div class="main">
		<p class="statement"><span><b data-total=${values.net[ROOT]}>${held.amount(values.net[ROOT])}</b> held</span>
		${zoom > 0 ? html`<span><button class="small" onClick=${() => held.set({zoom: 0})}>back to all</button> zoomed to <b><${Name} text=${tree.label[zoom]} longest=${60} /></b>: ${held.amount(values.net[zoom])}, ${percent(values.net[zoom], values.net[ROOT])} of all</span>` : null}
		${found ? html`<span>matched <b data-matched=${found.sum}>${held.amount(found.sum)}</b>, with what it retains</span>` : null}</p>
		<${HeldFlame} half="held" label="Who holds it" store=${held} onSelect=${select} ref=${(flame) => (this.flame = flame)} />
		<p class="soft"><i class="swatch hue" style=${{'--hue': HELD_HUES.root}}></i> roots: variables, stacks, registers <i class="swatch hue" style=${{'--hue': HELD_HUES.site}}></i> lines that allocate <i class="swatch hue" style=${{'--hue': HELD_HUES.lost}}></i> lost. Click or Enter: zoom.</p>
		<h3>The same in numbers</h3>
		<${TreeGrid} store=${held} tree=${tree} values=${values} id="held" caption="Who holds it" first="Root or site" columns=${this.columns(tree)} onSelect=${choose} />
		${shot.folded > 0 ? html`<p class="note">${plural(shot.folded, 'group')} with less than ${percent(model.meta.pruned.threshold, 1)} of the bytes and of the blocks are added up as "smaller".</p>` : null}</div>
		<aside class="details" aria-label="Details">${
			this.state.at !== null && this.state.at < tree.size
				? html`<${HeldDetails} store=${held} v=${this.state.at} />`
				: html`<h2>Details</h2><p class="soft">Point at a box, or move to it with the arrow keys: its whole name, what it retains and what holds it stand here.</p>`
		}</aside></div>`;
	}
}
