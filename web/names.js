// SPDX-License-Identifier: MIT
// Names and figures as people read them. Names come from the traced program and are trusted
// with nothing: they reach the page as text only, and characters that change how text looks
// (control, bidirectional, zero-width) are shown as escapes. Figures have three digits and SI
// units; of a sampled trace each carries the mark of an estimate.

const UNUSUAL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const LONGEST_SHOWN = 10000;
const SPACE = '\u00a0'; // between a figure and its unit
let figures_are_estimates = false;

function escapeCharacter(character) {
	const code = character.codePointAt(0);
	if (code > 0xffff) return '\\u{' + code.toString(16) + '}';
	return code > 0xff ? '\\u' + code.toString(16).padStart(4, '0') : '\\x' + code.toString(16).padStart(2, '0');
}

// A name as it may be shown: at most LONGEST_SHOWN characters, the middle left out
function visible(text, longest = LONGEST_SHOWN) {
	return cutMiddle(text, longest).replace(UNUSUAL, escapeCharacter);
}

function isUnusual(text) {
	UNUSUAL.lastIndex = 0;
	return UNUSUAL.test(text);
}

function cutMiddle(text, longest) {
	if (text.length <= longest) return text;
	const head = Math.ceil((longest - 1) * 0.6),
		tail = longest - 1 - head;
	return text.slice(0, head) + '…' + text.slice(text.length - tail);
}

function baseName(path) {
	return path.slice(path.lastIndexOf('/') + 1);
}

// Three significant digits
function digits(value) {
	const size = Math.abs(value);
	return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function scaled(value, units) {
	let step = 0;
	while (step + 1 < units.length && Math.abs(value) >= 999.5) {
		value /= 1000;
		step++;
	}
	const whole = step === 0 && Number.isInteger(value);
	return [whole ? String(value) : digits(value), units[step]];
}

function estimate(text) {
	return figures_are_estimates ? '≈' + SPACE + text : text;
}

function plainBytes(value) {
	return scaled(value, ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']).join(SPACE).replace('-', '−');
}

function plainCount(value) {
	return String(Math.round(value))
		.replace(/\B(?=(\d{3})+$)/g, ',')
		.replace('-', '−');
}

function bytes(value) {
	return estimate(plainBytes(value));
}

function count(value) {
	return estimate(plainCount(value));
}

// A count of no more than four digits: 503 k
function roughCount(value) {
	const [text, unit] = scaled(Math.round(value), ['', 'k', 'M', 'G', 'T']);
	return estimate(unit ? text + SPACE + unit : text);
}

// An amount of bytes or blocks
function amount(value, unit) {
	return unit === 'blocks' ? count(value) + (value === 1 ? ' block' : ' blocks') : bytes(value);
}

// A difference; the arrow says it without colour
function signedAmount(value, unit) {
	if (value === 0) return estimate('±0');
	const size = unit === 'blocks' ? plainCount(Math.abs(value)) : plainBytes(Math.abs(value));
	return estimate(value > 0 ? '▲ +' + size : '▼ −' + size);
}

function percent(part, whole) {
	if (!whole || !part) return '0' + SPACE + '%';
	const share = (100 * part) / whole,
		size = Math.abs(share);
	if (size < 0.05) return (share < 0 ? '> −' : '< ') + '0.1' + SPACE + '%';
	return share.toFixed(size < 99.95 ? 1 : 0).replace('-', '−') + SPACE + '%';
}

// Milliseconds as a time
function duration(ms) {
	const size = Math.abs(ms);
	if (size === 0) return '0' + SPACE + 's';
	const steps = [
		[1, 1e-3, 'µs'],
		[1000, 1, 'ms'],
		[120e3, 1000, 's'],
		[7200e3, 60e3, 'min'],
		[Infinity, 3600e3, 'h'],
	];
	const [, divisor, unit] = steps.find(([limit]) => size < limit);
	return digits(ms / divisor) + SPACE + unit;
}

function plural(number, word) {
	return plainCount(number) + ' ' + word + (number === 1 ? '' : 's');
}

// A test of names: a part of them, without regard to case; between slashes a regular
// expression, which sees no more than the first 2000 characters; with = in front the whole name
function nameTest(text) {
	if (text.startsWith('=')) return (name) => name === text.slice(1);
	if (text.length > 2 && text.startsWith('/') && text.endsWith('/')) {
		try {
			const pattern = new RegExp(text.slice(1, -1), 'i');
			return (name) => pattern.test(name.slice(0, 2000));
		} catch (error) {
			return () => false;
		}
	}
	const part = text.toLowerCase();
	return (name) => name.toLowerCase().includes(part);
}
