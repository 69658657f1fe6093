// SPDX-License-Identifier: MIT
// A tree as rows with figures: the flame graph for those who want numbers, or cannot see it.
// Also files and modules. Keys are those of the ARIA practices for a treegrid.

const MOST_CHILDREN = 100; // of a row, until one asks for more
const MOST_ROWS = 2000;

class TreeGrid extends Component {
	constructor(props) {
		super(props);
		this.state = {row: 0};
		this.open = new Set();
		this.opened = null;
		this.more = new Map();
	}

	// At first the way to what has most is open
	openHeaviest(tree, values) {
		this.open = new Set([ROOT]);
		this.more = new Map();
		this.opened = tree;
		for (let v = ROOT, depth = 0; v !== undefined && depth < 24; depth++) {
			this.open.add(v);
			v = this.childrenOf(tree, values, v)[0];
			if (v !== undefined && values.wide[v] < 0.25 * values.wide[ROOT]) break;
		}
	}

	childrenOf(tree, values, v) {
		const out = [];
		for (let i = tree.first[v]; i < tree.first[v + 1]; i++) {
			if (values.wide[tree.children[i]] > 0) out.push(tree.children[i]);
		}
		return out.sort((a, b) => values.wide[b] - values.wide[a] || a - b);
	}

	// Rows to show: {node, level, children} or {more, of, level}
	rows(tree, values) {
		const rows = [],
			work = [[ROOT, 1]];
		while (work.length > 0 && rows.length < MOST_ROWS) {
			const [v, level, rest] = work.pop();
			if (rest) {
				rows.push({node: v, level, rest});
				continue;
			}
			const children = this.open.has(v) ? this.childrenOf(tree, values, v) : [];
			rows.push({node: v, level, open: children.length > 0});
			const shown = this.more.get(v) || MOST_CHILDREN;
			if (children.length > shown)
				work.push([
					v,
					level + 1,
					{
						count: children.length - shown,
						sum: children.slice(shown).reduce((sum, c) => sum + values.net[c], 0),
					},
				]);
			for (const child of children.slice(0, shown).reverse()) work.push([child, level + 1]);
		}
		return {rows, cut: work.length};
	}

	toggle(v) {
		if (!this.open.delete(v)) this.open.add(v);
		this.setState({});
	}

	onKey(event, rows) {
		const at = this.state.row,
			row = rows[at],
			{tree} = this.props;
		let to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1}[event.key];
		if (event.ctrlKey || event.altKey || event.metaKey || !row || event.target.tagName === 'BUTTON') return;
		if (event.key === 'ArrowRight' && !row.rest)
			row.open ? (to = at + 1) : tree.first[row.node] < tree.first[row.node + 1] && this.toggle(row.node);
		else if (event.key === 'ArrowLeft' && !row.rest)
			row.open
				? this.toggle(row.node)
				: (to = rows.findIndex((one) => one.node === tree.parent[row.node] && !one.rest));
		else if (event.key === 'Enter' || event.key === ' ') row.rest ? this.showMore(row.node) : this.toggle(row.node);
		else if (to === undefined) return;
		event.preventDefault();
		event.stopPropagation();
		if (to !== undefined) this.focus(Math.max(0, Math.min(rows.length - 1, to)), rows);
	}

	focus(at, rows) {
		this.setState({row: at}, () => this.body.rows[at]?.focus());
		if (rows[at] && !rows[at].rest && this.props.onSelect) this.props.onSelect(rows[at].node);
	}

	showMore(v) {
		this.more.set(v, (this.more.get(v) || MOST_CHILDREN) * 5);
		this.setState({});
	}

	row(row, i, columns) {
		const {store, tree, values} = this.props,
			v = row.node,
			indent = {paddingLeft: ((row.level - 1) % 40) * 14 + 'px'};
		const focus = {
			tabindex: i === this.state.row ? 0 : -1,
			'aria-level': row.level,
			onFocus: () => i !== this.state.row && this.setState({row: i}),
		};
		if (row.rest)
			return html`<tr ...${focus} role="row"><td role="gridcell" colspan=${columns.length + 1}><span style=${indent}>
			<button class="small" tabindex="-1" onClick=${() => this.showMore(v)}>${plural(
				row.rest.count,
				'more',
			)} here: ${store.amount(row.rest.sum)}</button></span></td></tr>`;
		const has = tree.first[v] < tree.first[v + 1] && this.childrenOf(tree, values, v).length > 0,
			frame = tree.frame[v];
		return html`<tr ...${focus} role="row" data-node=${v} data-bytes=${values.net[v]} data-own=${values.own[v]} aria-expanded=${has ? String(row.open) : undefined}
			onClick=${() => this.focus(i, this.shown)}>
			<td role="gridcell" class="tree-name"><span class="tree-label" style=${indent}><button class="twist" tabindex="-1" aria-hidden="true" disabled=${!has} onClick=${(
				event,
			) => {
				event.stopPropagation();
				this.toggle(v);
			}}>${has ? (row.open ? '▾' : '▸') : ''}</button>
			<${Name} text=${nodeName(store.model, tree, v)} title=${frame >= 0 ? fullName(store.model, frame) : (tree.full?.[v] ?? nodeName(store.model, tree, v))} />${
				frame >= 0 && !tree.lines && !tree.label
					? html`<span class="place">${visible(placeOf(store.model, frame, false), 60)}</span>`
					: null
			}</span></td>
			${columns.map(
				({number, barred, show}) =>
					html`<td role="gridcell" class=${(number ? 'number' : '') + (barred ? ' barred' : '')}>${show(v)}</td>`,
			)}</tr>`;
	}

	// {label, title, number, barred, show(v)} of the figures behind the name
	columns() {
		const {store, tree, values, id} = this.props,
			{model} = store,
			all = values.wide[ROOT];
		const series = model.diff
			? null
			: store.once('series-' + id, tree === store.fileTree?.() ? 'files' : store.treeKey(), () => ({
					width: store.samples().length,
					values: treeSeries(model, tree, store.samples()),
				}));
		return [
			{
				label: 'All',
				title: 'This with everything below it',
				number: true,
				barred: true,
				show: (v) => html`<${Bar} share=${all ? values.net[v] / all : 0} negative=${values.net[v] < 0} />
					<span class="figure">${store.amount(values.net[v])}</span>`,
			},
			{
				label: 'Share',
				title: 'Share of everything shown',
				number: true,
				show: (v) => percent(values.net[v], values.net[ROOT]),
			},
			{
				label: 'Own',
				title: 'Without what stands below it',
				number: true,
				show: (v) => (values.own[v] ? store.amount(values.own[v]) : '–'),
			},
			{
				label: model.diff ? '' : 'In use over the run',
				show: (v) =>
					series ? html`<${Spark} values=${series.values.subarray(v * series.width, (v + 1) * series.width)} />` : null,
			},
		];
	}

	render({tree, values, id, caption, first = 'Function', columns = this.columns()}) {
		if (this.opened !== tree) this.openHeaviest(tree, values);
		const {rows, cut} = this.rows(tree, values);
		this.shown = rows;
		return html`<div class="table"><div class="scroll">
		<table role="treegrid" id=${'tree-' + id} aria-label=${caption} onKeyDown=${(event) => this.onKey(event, rows)}>
			<thead><tr role="row"><th role="columnheader" scope="col">${first}</th>
			${columns.map(({label, title, number}) => html`<th role="columnheader" scope="col" class=${number ? 'number' : ''} title=${title}>${label}</th>`)}</tr></thead>
			<tbody ref=${(element) => (this.body = element)}>${rows.map((row, i) => this.row(row, i, columns))}</tbody>
			</table></div>
			${cut > 0 ? html`<p class="note">The first ${plainCount(MOST_ROWS)} rows; ${plural(cut, 'branch').replace('branchs', 'branches')} not shown: close some.</p>` : null}</div>`;
	}
}
