import {
	Counter as PromCounter,
	Gauge as PromGauge,
	Histogram as PromHistogram,
	type Registry,
} from "prom-client";

/** Counts up. `n` defaults to 1 and is never negative. */
export interface Counter {
	inc(n?: number): void;
}
/** Shows the last value set. */
export interface Gauge {
	set(value: number): void;
}
/** Sorts values into buckets. */
export interface Histogram {
	observe(value: number): void;
}

/** One value for every label name. Values come from a small closed set, never from a client. */
export type Labels<L extends string> = Readonly<Record<L, string | number>>;

/** A metric with labels. `with` binds them, for a place that always counts the same ones. */
interface Labelled<L extends string, Series> {
	with(labels: Labels<L>): Series;
}
export interface LabelledCounter<L extends string> extends Labelled<L, Counter> {
	inc(labels: Labels<L>, n?: number): void;
}
export interface LabelledGauge<L extends string> extends Labelled<L, Gauge> {
	set(labels: Labels<L>, value: number): void;
}
export interface LabelledHistogram<L extends string> extends Labelled<L, Histogram> {
	observe(labels: Labels<L>, value: number): void;
}

/** More label sets than this are counted together, with every label saying `other`. */
export const series_max = 500;

interface Described<L extends string = string> {
	readonly name: string;
	readonly help: string;
	readonly labels: readonly L[];
}
interface Bucketed<L extends string = string> extends Described<L> {
	readonly buckets: readonly number[];
}

/** Makes the metrics of one registry. */
export function createSeries(registry: Registry) {
	const registers = [registry];
	return {
		counter: (name: string, help: string): Counter => new PromCounter({ name, help, registers }),
		gauge: (name: string, help: string) => gauge(registers, name, help),
		counters: <L extends string>(d: Described<L>) => counters(registers, d),
		gauges: <L extends string>(d: Described<L>) => gauges(registers, d),
		histogram: (name: string, help: string, buckets: readonly number[]): Histogram =>
			new PromHistogram({ name, help, registers, buckets: [...buckets] }),
		histograms: <L extends string>(d: Bucketed<L>) => histograms(registers, d),
	};
}

/**
 * Sums are kept here and handed over for each scrape: prom-client checks and hashes the labels of
 * every single `inc`, which costs ten times the sum.
 */
function counters<L extends string>(registers: Registry[], d: Described<L>): LabelledCounter<L> {
	const tallies: (Counter & { readonly values: string[]; readonly sum: number })[] = [];
	const series = remember(d.labels, (values): Counter => {
		const tally = createTally(d.name, values);
		tallies.push(tally);
		return tally;
	});
	new PromCounter({
		name: d.name,
		help: d.help,
		labelNames: d.labels,
		registers,
		collect() {
			this.reset();
			for (const tally of tallies) this.labels(...tally.values).inc(tally.sum);
		},
	});
	return { with: series, inc: (labels, n) => series(labels).inc(n) };
}

function createTally(name: string, values: string[]) {
	const tally = {
		values,
		sum: 0,
		inc(n = 1): void {
			if (!(n >= 0)) throw new RangeError(`${name} cannot count ${n}`);
			tally.sum += n;
		},
	};
	return tally;
}

function gauge(registers: Registry[], name: string, help: string): Gauge {
	const gauge = new PromGauge({ name, help, registers });
	// Absent until it is set: in a process that does not know the value, 0 would be a lie.
	gauge.remove();
	return gauge;
}

function gauges<L extends string>(registers: Registry[], d: Described<L>): LabelledGauge<L> {
	const gauge = new PromGauge({ name: d.name, help: d.help, labelNames: d.labels, registers });
	const series = remember(d.labels, (values): Gauge => gauge.labels(...values));
	return { with: series, set: (labels, value) => series(labels).set(value) };
}

function histograms<L extends string>(registers: Registry[], d: Bucketed<L>): LabelledHistogram<L> {
	const histogram = new PromHistogram({
		name: d.name,
		help: d.help,
		labelNames: d.labels,
		buckets: [...d.buckets],
		registers,
	});
	const series = remember(d.labels, (values): Histogram => histogram.labels(...values));
	return { with: series, observe: (labels, value) => series(labels).observe(value) };
}

/** Keeps what `bind` made for a label set: a map for each label, so that a hit builds no key. */
function remember<L extends string, Series>(
	names: readonly L[],
	bind: (values: string[]) => Series,
): (labels: Labels<L>) => Series {
	const root: Level = new Map();
	let size = 0;
	let other: Series | undefined;
	const create = (labels: Labels<L>): Series => {
		if (size >= series_max) {
			other ??= bind(names.map(() => "other"));
			return other;
		}
		size++;
		const values = names.map((name) => labels[name]);
		const series = bind(values.map(String));
		keep(root, values, series);
		return series;
	};
	return (labels) => {
		let node: unknown = root;
		for (const name of names) {
			node = (node as Level).get(labels[name]);
			if (node === undefined) return create(labels);
		}
		return node as Series;
	};
}

type Level = Map<string | number, unknown>;

function keep(root: Level, path: (string | number)[], leaf: unknown): void {
	let node = root;
	for (const [depth, step] of path.entries()) {
		const last = depth === path.length - 1;
		const next = node.get(step) ?? (last ? leaf : new Map());
		node.set(step, next);
		node = next as Level;
	}
}
