// SPDX-License-Identifier: MIT
// Reads the data of the page: base64 of gzip of a bundle (docs/reference/report-page.md).
// A bundle that is not as it should be is refused with a sentence; nothing of it is trusted.

const INTEGER_LIMIT = 2 ** 31;

function bytesOfBase64(text) {
	if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
	const raw = atob(text),
		out = new Uint8Array(raw.length);
	for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
	return out;
}

async function inflate(bytes) {
	if (typeof DecompressionStream === 'undefined')
		throw new Error('This browser cannot inflate gzip (DecompressionStream). Any of 2023 or later can.');
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

// One column from bytes[at] on; at the end of it `reader.at` is behind it
function readColumn(reader, column) {
	const bytes = reader.bytes,
		delta = column.encoding === 'delta';
	if (!delta && column.encoding !== 'plain')
		throw new Error(`Column ${column.name} has an encoding that this page does not know.`);
	if (!Number.isSafeInteger(column.count) || column.count < 0 || column.count > bytes.length - reader.at)
		throw new Error(`Column ${column.name} is longer than the data.`);
	const out = new Float64Array(column.count);
	let at = reader.at,
		before = 0;
	for (let i = 0; i < column.count; i++) {
		let byte = bytes[at++],
			value = byte & 127,
			factor = 128;
		while (byte > 127) {
			byte = bytes[at++];
			value += (byte & 127) * factor;
			factor *= 128;
		}
		if (delta) {
			before += value % 2 ? -(value + 1) / 2 : value / 2;
			value = before;
		}
		out[i] = value;
	}
	if (at > bytes.length) throw new Error(`The data end within column ${column.name}.`);
	reader.at = at;
	return out;
}

// What counts blocks and bytes stays in doubles; references become integers, if they are
function narrowed(name, values) {
	if (/(blocks|bytes|_us)$/.test(name)) return values;
	for (const value of values) {
		if (value < 0 || value >= INTEGER_LIMIT) return values;
	}
	return Int32Array.from(values);
}

// {meta, tables: Map of table -> Map of column -> array}
function decodeBundle(bytes) {
	if (bytes.length < 4) throw new Error('The data are empty.');
	const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
	if (size > bytes.length - 4) throw new Error('The data end within their head.');
	const meta = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
	if (meta.version !== 1)
		throw new Error(`The data are of version ${Number(meta.version)}, and this page reads version 1.`);
	const reader = {bytes, at: 4 + size},
		tables = new Map();
	for (const column of meta.columns) {
		const [table, name] = column.name.split('.');
		if (!tables.has(table)) tables.set(table, new Map());
		tables.get(table).set(name, narrowed(name, readColumn(reader, column)));
	}
	return {meta, tables};
}

// A table as an object of its columns, each there; of other lengths than the first is an error
function tableOf(tables, name, columns) {
	const from = tables.get(name) || new Map(),
		out = {rows: 0};
	let rows = -1;
	for (const column of columns) {
		const values = from.get(column) || null;
		if (values && rows < 0) rows = values.length;
		if (values && values.length !== rows) throw new Error(`The columns of ${name} differ in length.`);
		out[column] = values;
	}
	out.rows = Math.max(rows, 0);
	for (const column of columns) out[column] = out[column] || new Float64Array(out.rows);
	return out;
}

// Each reference points into its table
function checkReferences(name, values, limit) {
	for (let i = 0; i < values.length; i++) {
		if (!(values[i] >= 0 && values[i] < limit)) throw new Error(`Row ${i} of ${name} points outside its table.`);
	}
}
