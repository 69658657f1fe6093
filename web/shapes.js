// SPDX-License-Identifier: MIT
// How the blocks that a site never freed came: once when the program started, a step with each
// phase, evenly, in bursts, or ever fewer (a cache that fills). One word tells a leak that will
// kill a server from one that nobody needs to mend. The thresholds are the constants below; the
// page shows them.

const SHAPES = {
	startup: {word: 'start-up once', what: '95 % of it was allocated in the first tenth of the run'},
	once: {word: 'once', what: '95 % of it was allocated within a fiftieth of the run'},
	steps: {word: 'step per phase', what: 'at least three phases, and half of all, left some, each at one time'},
	saturating: {
		word: 'saturating',
		what: 'it slows down: three quarters in the first half, under 8 % in the last quarter',
	},
	linear: {
		word: 'linear',
		what: 'over at least a third of the run, it never strays from an even rise by more than 15 % of the total',
	},
	bursts: {word: 'bursts', what: 'pushes with pauses between, which last half of the time or more'},
	uneven: {word: 'uneven', what: 'none of the others'},
};
const BINS = 100; // of equal time

// Bytes of blocks never freed, of each bin, by site: rows of BINS, row 0: no site
function leakBins(model) {
	const {node, born, died, bytes} = model.cube,
		out = new Float64Array((model.site.rows + 1) * BINS);
	const bin = Int32Array.from(model.edges, (ms) => binOf(model, ms));
	for (let i = 0; i < node.length; i++) {
		if (died[i] === model.never) out[model.node.site[node[i]] * BINS + bin[born[i]]] += bytes[i];
	}
	return out;
}

function binOf(model, ms) {
	return Math.min(BINS - 1, Math.max(0, Math.ceil((ms / model.end_ms) * BINS) - 1));
}

function sumOf(values, from, to) {
	let sum = 0;
	for (let i = from; i < to; i++) sum += values[i];
	return sum;
}

// phases: [first bin, last bin] of each. null: nothing leaked
function shapeOf(bins, phases) {
	const total = sumOf(bins, 0, BINS);
	if (!(total > 0)) return null;
	if (sumOf(bins, 0, BINS / 10) >= 0.95 * total) return 'startup';
	if (densest(bins, BINS / 50) >= 0.95 * total) return 'once';
	if (isSteps(bins, phases)) return 'steps';
	const slows = sumOf(bins, 0, BINS / 2) >= 0.75 * total && sumOf(bins, (BINS * 3) / 4, BINS) < 0.08 * total;
	if (slows && spread(bins) > 4) return 'saturating';
	const first = bins.findIndex((bin) => bin > 0),
		last = bins.findLastIndex((bin) => bin > 0),
		time = bins.subarray(first, last + 1);
	if (time.length >= BINS / 3 && farthest(time, total) <= 0.15) return 'linear';
	return spread(time) <= time.length / 2 ? 'bursts' : 'uneven';
}

// Most that `width` bins in a row hold
function densest(bins, width) {
	let most = 0;
	for (let i = 0; i + width <= bins.length; i++) most = Math.max(most, sumOf(bins, i, i + width));
	return most;
}

function spread(bins) {
	return bins.reduce((sum, bin) => sum + (bin > 0), 0);
}

// How far the running sum is from an even rise over the run, as a share of the total.
// The rise ends with its last bin.
function farthest(bins, total) {
	let sum = 0,
		far = 0;
	for (let i = 0; i < bins.length; i++) {
		sum += bins[i];
		far = Math.max(far, Math.abs(sum / total - (i + 1) / bins.length));
	}
	return far;
}

// A phase left a step if four fifths of what it left came within two bins, and it is longer
function isSteps(bins, phases) {
	let steps = 0,
		seen = 0;
	for (const [first, last] of phases) {
		const part = bins.slice(first, last + 1),
			total = sumOf(part, 0, part.length);
		seen += part.length > 4;
		steps += part.length > 4 && total > 0 && densest(part, 2) >= 0.8 * total;
	}
	return steps >= 3 && steps >= seen / 2;
}

function phaseBins(model) {
	return phasesOf(model).map(({from, to}) => [binOf(model, model.edges[from] + 1e-9), binOf(model, model.edges[to])]);
}

// Bytes an hour, if it goes on as in the second half of the run. What was done once is done.
function hourly(bins, shape, end_ms) {
	if (shape === 'startup' || shape === 'once' || !(end_ms > 0)) return 0;
	const from = shape === 'saturating' ? (BINS * 3) / 4 : BINS / 2;
	return (sumOf(bins, from, BINS) / (end_ms * (1 - from / BINS))) * 3600e3;
}
