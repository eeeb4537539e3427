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

function counters<L extends string>(registers: Registry[], d: Described<L>): LabelledCounter<L> {
	const counter = new PromCounter({ name: d.name, help: d.help, labelNames: d.labels, registers });
	const series = remember(d.labels, (values): Counter => {
		const child = counter.labels(...values);
		// A counter that is there before its first event lets `rate()` see that event.
		child.inc(0);
		return child;
	});
	return { with: series, inc: (labels, n) => series(labels).inc(n) };
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
	const root = new Map<string | number, unknown>();
	let size = 0;
	const create = (labels: Labels<L>): Series => {
		if (size >= series_max) return bind(names.map(() => "other"));
		size++;
		const series = bind(names.map((name) => String(labels[name])));
		let node = root;
		for (const name of names.slice(0, -1)) {
			const next = (node.get(labels[name]) ?? new Map()) as typeof root;
			node.set(labels[name], next);
			node = next;
		}
		const last = names.at(-1);
		if (last !== undefined) node.set(labels[last], series);
		return series;
	};
	return (labels) => {
		let node: unknown = root;
		for (const name of names) {
			node = (node as typeof root).get(labels[name]);
			if (node === undefined) return create(labels);
		}
		return node as Series;
	};
}
