/** What can befall a request that moves money, in the order of a request's way. At most one does. */
export const faultNames = [
	"refuse",
	"rate_limit",
	"error_before",
	"error_after",
	"reset_after",
	"timeout_after",
	"truncate",
] as const;
export type FaultName = (typeof faultNames)[number];

export const moneyKinds = ["charge", "refund"] as const;
export type MoneyKind = (typeof moneyKinds)[number];

/** How long a request is held before it is carried out: fixed, uniform, or around a median. */
type Latency =
	| { readonly from_ms: number; readonly to_ms: number }
	| { readonly median_ms: number; readonly sigma: number };

/** Probabilities from 0 to 1 that together are at most 1, and more settings as they are written. */
export interface KindFaults extends Readonly<Partial<Record<FaultName, number>>> {
	readonly latency?: string;
	/** What the rate limit's answers say; 1 when left out. */
	readonly retry_after_s?: number;
}
export type FaultSettings = Partial<Record<MoneyKind, KindFaults>>;

/** A fault setting cannot be read. The message says what there is. */
class FaultError extends Error {
	override readonly name = "FaultError";
}

const GRAMMAR = [
	"Write KIND:NAME=PROBABILITY,… with ; between kinds. Kinds: charge, refund, all.",
	`Names: ${faultNames.join(", ")}, with a probability from 0 to 1,`,
	"and latency=MS, latency=MS..MS or latency=MEDIAN_MS~SIGMA, and retry_after_s=SECONDS.",
].join(" ");

/**
 * Reads `charge:timeout_after=0.1,latency=20..80;refund:error_after=0.05`.
 * @throws Error
 */
export function parseFaults(text: string): FaultSettings {
	const settings: Record<string, Record<string, unknown>> = {};
	for (const group of text.split(";").filter((part) => part.trim() !== "")) {
		const colon = group.indexOf(":");
		const kind = group.slice(0, Math.max(colon, 0)).trim();
		const pairs = group
			.slice(colon + 1)
			.split(",")
			.map((pair) => pair.split("=").map((part) => part.trim()));
		const given = Object.fromEntries(
			pairs.map(([name = "", value = ""]) => [name, name === "latency" ? value : numberOf(value)]),
		);
		for (const each of kind === "all" ? moneyKinds : [kind]) {
			settings[each] = { ...settings[each], ...given };
		}
	}
	return checkFaults(settings);
}

/** @throws Error when the value is not the settings of faults */
export function checkFaults(value: unknown): FaultSettings {
	for (const [kind, faults] of entriesOf(value)) {
		if (!moneyKinds.some((known) => known === kind)) throw wrong(`There is no kind "${kind}".`);
		let sum = 0;
		for (const [name, setting] of entriesOf(faults)) {
			if (name === "latency") parseLatency(setting);
			else if (name === "retry_after_s") checkSeconds(setting);
			else sum += probability(name, setting);
		}
		if (sum > 1 + Number.EPSILON * 8)
			throw wrong(`The probabilities of ${kind} are ${sum} together.`);
	}
	return value as FaultSettings;
}

function entriesOf(value: unknown): [string, unknown][] {
	if (typeof value !== "object" || value === null) throw wrong("There are no settings.");
	return Object.entries(value);
}

function probability(name: string, value: unknown): number {
	if (!faultNames.some((known) => known === name)) throw wrong(`There is no fault "${name}".`);
	if (typeof value === "number" && value >= 0 && value <= 1) return value;
	throw wrong(`${name} is no probability: ${value}.`);
}

function parseLatency(value: unknown): Latency {
	const match = /^(\d+(?:\.\d+)?)(?:(\.\.|~)(\d+(?:\.\d+)?))?$/.exec(String(value));
	if (match === null) throw wrong(`latency is no time: ${value}.`);
	const [, first, sign, second] = match;
	if (sign === "~") return { median_ms: Number(first), sigma: Number(second) };
	return { from_ms: Number(first), to_ms: Number(second ?? first) };
}

function checkSeconds(value: unknown): void {
	if (typeof value === "number" && value >= 0) return;
	throw wrong(`retry_after_s is no time: ${value}.`);
}

function numberOf(text: string): number | string {
	return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

function wrong(what: string): FaultError {
	return new FaultError(`${what} ${GRAMMAR}`);
}

/** What is to befall one request. */
export interface Fate {
	readonly fault: FaultName | undefined;
	readonly latency_ms: number;
	readonly retry_after_s: number;
}

const RETRY_AFTER_S = 1;

export const noFate: Fate = { fault: undefined, latency_ms: 0, retry_after_s: RETRY_AFTER_S };

/** Draws what befalls requests: the same seed and the same order of requests give the same faults. */
export function createFaults(first: FaultSettings, seed: number) {
	const random = seededRandom(seed);
	let settings = first;
	return {
		get settings() {
			return settings;
		},
		set(next: FaultSettings) {
			settings = next;
		},
		draw(kind: MoneyKind): Fate {
			const faults = settings[kind];
			if (faults === undefined) return noFate;
			return {
				fault: drawFault(faults, random()),
				latency_ms: drawLatency(faults, random),
				retry_after_s: faults.retry_after_s ?? RETRY_AFTER_S,
			};
		},
	};
}
export type Faults = ReturnType<typeof createFaults>;

function drawFault(faults: KindFaults, drawn: number): FaultName | undefined {
	let left = drawn;
	for (const name of faultNames) {
		left -= faults[name] ?? 0;
		if (left < 0) return name;
	}
	return undefined;
}

function drawLatency({ latency: text }: KindFaults, random: () => number): number {
	if (text === undefined) return 0;
	const latency = parseLatency(text);
	if ("from_ms" in latency) {
		return latency.from_ms + random() * (latency.to_ms - latency.from_ms);
	}
	const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
	return latency.median_ms * Math.exp(latency.sigma * normal);
}

/** Numbers from 0 up to 1, by mulberry32. */
export function seededRandom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
