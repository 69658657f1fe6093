// SPDX-License-Identifier: MIT
// Parts that views are made of: tables, bars, sparklines, handles of sites.

const {h, render, Component} = preact;
const html = htm.bind(h);

// The middle of a name gives way when there is no room; the whole stands in the title
function Name({text, longest = 400, title = text}) {
	const shown = visible(text, longest),
		tail = shown.length > 40 ? 16 : 0;
	return html`<span class="name" title=${visible(title)} data-name=""><span class="head">${
		tail ? shown.slice(0, -tail) : shown
	}</span>${tail ? html`<span class="tail">${shown.slice(-tail)}</span>` : null}${
		isUnusual(text)
			? html`<span class="badge" title="This name has control, bidirectional or invisible characters; they are shown as escapes.">unusual characters</span>`
			: null
	}</span>`;
}

// A bar behind a figure
function Bar({share, negative}) {
	const width = Math.max(0, Math.min(1, Math.abs(share))) * 100;
	return width > 0
		? html`<span class=${'bar' + (negative ? ' negative' : '')} style=${{width: width.toFixed(2) + '%'}}></span>`
		: null;
}

// Figures at samples as a small area
function Spark({values, width = 88, height = 18, label = ''}) {
	let most = 0;
	for (const value of values) most = Math.max(most, value);
	if (!(most > 0))
		return html`<svg class="spark" width=${width} height=${height} role="img" aria-label=${label || 'none'}></svg>`;
	let path = `M0 ${height}`;
	for (let k = 0; k < values.length; k++)
		path += `L${((k * width) / (values.length - 1)).toFixed(1)} ${(height - 1 - (Math.max(0, values[k]) / most) * (height - 2)).toFixed(1)}`;
	return html`<svg class="spark" width=${width} height=${height} role="img"
		aria-label=${label || `over the run, at most ${bytes(most)}`}><path d=${path + `L${width} ${height}Z`} /></svg>`;
}

async function copyText(text, button) {
	try {
		await navigator.clipboard.writeText(text);
	} catch (error) {
		const area = document.createElement('textarea');
		area.value = text;
		document.body.append(area);
		area.select();
		document.execCommand('copy');
		area.remove();
	}
	const before = button.textContent;
	button.textContent = 'copied';
	setTimeout(() => (button.textContent = before), 900);
}

function Copy({text, label = 'copy', title}) {
	return html`<button class="small" title=${title} onClick=${(event) => copyText(typeof text === 'function' ? text() : text, event.currentTarget)}>${label}</button>`;
}

// The handle of a site; a click limits every view to it
function Handle({store, site}) {
	const handle = siteHandle(store.model, site);
	if (!handle) return null;
	const on = store.state.site === site;
	return html`<button class="handle" aria-pressed=${on} data-site=${store.model.site.number[site]}
		title=${on ? `Show all sites again` : `Show ${handle} alone, in every view`}
		onClick=${() => store.set({site: on ? -1 : site})}>${handle}</button>`;
}

function Site({store, site, chain = true}) {
	const {model} = store,
		frame = siteFrame(model, site),
		place = placeOf(model, frame, false);
	const text = siteChain(model, site),
		flags = frame < 0 ? 0 : model.frame.flags[frame];
	return html`<span class="site"><${Handle} store=${store} site=${site} /><span class="site-text">
		<span class="site-name">
		<${Name} text=${siteName(model, site)} title=${frame < 0 ? siteName(model, site) : fullName(model, frame)} />${
			flags & FLAG.inferred
				? html`<span class="badge" title="Put back from the debug information: a tail call left no frame.">inferred</span>`
				: null
		}</span>
		<span class="place" title=${visible(placeOf(model, frame, true))}>${[visible(place, 80), chain && visible(text, 120)].filter(Boolean).join(' · ')}
		</span></span></span>`;
}

// What stands above a view: what it shows, and what its columns mean
function Intro({children, terms = []}) {
	return html`<div class="intro"><p>${children}</p>${
		terms.length > 0
			? html`<details><summary>What the columns mean</summary><dl>${terms.map(
					([word, meaning]) => html`<div><dt>${word}</dt><dd>${meaning}</dd></div>`,
				)}</dl></details>`
			: null
	}</div>`;
}

function quoteCsv(value) {
	let text = String(value).replace(UNUSUAL, escapeCharacter);
	if (/^[=+\-@]/.test(text) && !/^[-+]?[0-9.]+$/.test(text)) text = "'" + text; // a spreadsheet would compute it
	return /[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

function saveFile(name, text) {
	const link = document.createElement('a');
	link.href = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// columns: {id, label, help, value(row): what it is sorted by and saved as, show(row), number,
// of: what a bar is measured by, signed}. The state keeps what it is sorted by.
class Table extends Component {
	constructor(props) {
		super(props);
		this.state = {shown: props.most || 100};
	}

	sorting() {
		const [table, id, order] = (this.props.store.state.sort || '').split(' ');
		if (table === this.props.id && this.props.columns.some((column) => column.id === id))
			return {id, up: order === 'up'};
		return {id: this.props.sort, up: false};
	}

	sorted({id, up}) {
		const column = this.props.columns.find((one) => one.id === id);
		if (!column) return this.props.rows;
		const keyed = this.props.rows.map((row) => [
			column.signed ? Math.abs(column.value(row)) : column.value(row),
			row,
		]);
		keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : column.number ? -1 : 1));
		return keyed.map(([, row]) => row);
	}

	sortBy(column, sorting) {
		const up = sorting.id === column.id ? !sorting.up : false;
		this.props.store.set({sort: `${this.props.id} ${column.id} ${up ? 'up' : 'down'}`});
	}

	save() {
		const {columns, rows, id} = this.props;
		const lines = [columns.map((column) => quoteCsv(column.label))].concat(
			rows.map((row) => columns.map((column) => quoteCsv(column.value(row)))),
		);
		saveFile(id + '.csv', lines.map((line) => line.join(',') + '\n').join(''));
	}

	head(column, sorting) {
		const on = sorting.id === column.id;
		return html`<th scope="col" class=${column.number ? 'number' : ''} aria-sort=${on ? (sorting.up ? 'ascending' : 'descending') : 'none'}>
			<button title=${column.help} onClick=${() => this.sortBy(column, sorting)}>${column.label}<span class="arrow" aria-hidden="true">${on ? (sorting.up ? ' ▴' : ' ▾') : ''}
			</span></button></th>`;
	}

	cell(column, row) {
		const value = column.value(row),
			content = column.show ? column.show(row) : value;
		if (!column.number) return html`<td>${content}</td>`;
		return html`<td class=${'number' + (column.of ? ' barred' : '')} data-value=${value}>${
			column.of ? html`<${Bar} share=${value / column.of} negative=${column.signed && value < 0} />` : null
		}<span class="figure">${content}</span></td>`;
	}

	render({id, caption, columns, rows, rowData, empty}) {
		if (rows.length === 0) return html`<p class="empty">${empty || 'Nothing to show.'}</p>`;
		const sorting = this.sorting(),
			all = this.sorted(sorting),
			shown = all.slice(0, this.state.shown);
		return html`<div class="table" id=${'table-' + id}>
		<div class="scroll" tabindex="0" role="region" aria-label=${caption}><table>
			<caption class="unseen">${caption}</caption>
			<thead><tr>${columns.map((column) => this.head(column, sorting))}</tr></thead>
			<tbody>${shown.map((row) => html`<tr ...${rowData ? rowData(row) : {}}>${columns.map((column) => this.cell(column, row))}
			</tr>`)}</tbody>
			</table></div><p class="more">${
				all.length > shown.length
					? html`${plural(all.length - shown.length, 'more row')} not shown
				<button class="small" onClick=${() => this.setState({shown: this.state.shown * 4})}>show ${plainCount(Math.min(all.length - shown.length, this.state.shown * 3))} more</button>`
					: html`${plural(all.length, 'row')}`
			}
			<button class="small" onClick=${() => this.save()}>save as CSV</button></p></div>`;
	}
}

// A column of bytes or counts
function numberColumn(id, label, help, value, show, of) {
	return {id, label, help, value, show: (row) => show(value(row)), number: true, of};
}
