import { columns } from "./columns.ts";
import { parseDuration } from "./duration.ts";
import type { FlagValues } from "./flags.ts";
import { openOps } from "./ops-client.ts";
import { UsageError } from "./usage-error.ts";

interface Consumer {
	readonly durable: string;
	readonly stream: string;
	readonly pending: number;
	readonly ack_pending: number;
	readonly redelivered: number;
	readonly paused: boolean;
	readonly pause_rest_ms: number;
	readonly from_sequence?: number;
}

const PAUSE = "1h";

/** Lists consumers with how far they are. */
export async function list(values: FlagValues): Promise<number> {
	const ops = await openOps(values);
	const found = await ops.get<{ consumers: Consumer[] }>("consumers");
	console.log(values.json ? JSON.stringify(found) : text(found.consumers));
	return 0;
}

/** Stops deliveries to a consumer for a while. */
export async function pause(values: FlagValues, words: readonly string[]): Promise<number> {
	const pause_ms = parseDuration(values.for ?? PAUSE);
	if (pause_ms === undefined || pause_ms === 0) {
		throw new UsageError(`--for takes a time such as 30m or 24h, not "${values.for}".`);
	}
	return act(values, words, "pause", { pause_s: pause_ms / 1_000 });
}

/** Ends a pause. */
export function resume(values: FlagValues, words: readonly string[]): Promise<number> {
	return act(values, words, "resume", {});
}

/** Gives a consumer its history again. */
export async function replay(values: FlagValues, words: readonly string[]): Promise<number> {
	return act(values, words, "replay", { from: startOf(values.from) });
}

async function act(
	values: FlagValues,
	[name, ...more]: readonly string[],
	action: string,
	body: object,
): Promise<number> {
	if (name === undefined || more.length > 0) {
		throw new UsageError("Name one consumer, as `millrace consumers list` shows it.");
	}
	const ops = await openOps(values);
	const found = await ops.post<Consumer>(`consumers/${encodeURIComponent(name)}/${action}`, body);
	console.log(values.json ? JSON.stringify(found) : text([found]));
	return 0;
}

function startOf(from: string | undefined): string | number {
	if (from === undefined) {
		throw new UsageError("Say where to begin: --from start, a sequence, or a time.");
	}
	if (from === "start") return from;
	if (/^[1-9]\d{0,14}$/.test(from)) return Number(from);
	const ago_ms = parseDuration(from);
	const time_ms = ago_ms === undefined ? Date.parse(from) : Date.now() - ago_ms;
	if (!Number.isNaN(time_ms)) return new Date(time_ms).toISOString();
	throw new UsageError(
		`--from takes start, a sequence, or a time such as 24h or 2026-01-31T12:00:00Z, not "${from}".`,
	);
}

function text(consumers: readonly Consumer[]): string {
	return columns(
		["CONSUMER", "STREAM", "PENDING", "IN HAND", "REDELIVERED", "STATE"],
		consumers.map((it) => [
			it.durable,
			it.stream,
			`${it.pending}`,
			`${it.ack_pending}`,
			`${it.redelivered}`,
			stateOf(it),
		]),
	);
}

function stateOf({ paused, pause_rest_ms, from_sequence }: Consumer): string {
	if (from_sequence !== undefined) return `begins at ${from_sequence}`;
	return paused ? `paused for ${Math.ceil(pause_rest_ms / 1_000)} s` : "runs";
}
