import { columns } from "./columns.ts";
import { selectionOf, sequencesOf } from "./dlq-selection.ts";
import type { FlagValues } from "./flags.ts";
import { openOps } from "./ops-client.ts";
import { UsageError } from "./usage-error.ts";

/** A dead letter as the operators' API shows it. */
interface Letter {
	readonly sequence: number;
	readonly parked_at: string;
	readonly consumer: string;
	readonly reason: string;
	readonly error: string;
	readonly fingerprint: string;
	readonly order_id?: string;
	readonly redrives: number;
	readonly payload?: string;
	readonly forecast?: { readonly says: string };
}

interface Group {
	readonly fingerprint: string;
	readonly consumer: string;
	readonly reason: string;
	readonly error_type: string;
	readonly error_place: string;
	readonly letters: number;
	readonly redriven: number;
	readonly last_parked_at: string;
}

/** Lists dead letters, a page at a time. */
export async function list(values: FlagValues): Promise<number> {
	const ops = await openOps(values);
	const query = new URLSearchParams(Object.entries(filterParameters(values)));
	if (values.limit !== undefined) query.set("limit", values.limit);
	if (values.cursor !== undefined) query.set("cursor", values.cursor);
	const page = await ops.get<{ letters: Letter[]; next_cursor?: number }>(`dead-letters?${query}`);
	if (values.json) return print(JSON.stringify(page));
	if (page.letters.length === 0) return print("There are none.");
	const rows = page.letters.map((it) => [
		`${it.sequence}`,
		it.parked_at,
		it.consumer,
		it.order_id ?? "-",
		`${it.redrives}`,
		it.fingerprint,
		it.reason,
	]);
	console.log(
		columns(["LETTER", "PARKED", "CONSUMER", "ORDER", "REDRIVES", "FINGERPRINT", "REASON"], rows),
	);
	if (page.next_cursor !== undefined) console.log(`More with --cursor ${page.next_cursor}`);
	return 0;
}

/** Shows one dead letter with its payload and what a redrive would come to. */
export async function show(values: FlagValues, words: readonly string[]): Promise<number> {
	const [sequence, ...more] = sequencesOf(words);
	if (sequence === undefined || more.length > 0) {
		throw new UsageError("Name one letter by its number, as `millrace dlq list` shows it.");
	}
	const ops = await openOps(values);
	const shelf = values.discarded ? "?discarded=true" : "";
	const letter = await ops.get<Letter>(`dead-letters/${sequence}${shelf}`);
	if (values.json) return print(JSON.stringify(letter));
	const { payload = "", forecast, ...fields } = letter;
	const width = Math.max(...Object.keys(fields).map((name) => name.length));
	for (const [name, value] of Object.entries(fields)) {
		console.log(`${name.padEnd(width)}  ${value}`);
	}
	if (forecast) console.log(`${"redriven now".padEnd(width)}  ${forecast.says}`);
	console.log(`\n${pretty(payload)}`);
	return 0;
}

/** Puts together what failed alike. */
export async function groups(values: FlagValues): Promise<number> {
	const ops = await openOps(values);
	const query = new URLSearchParams(Object.entries(filterParameters(values)));
	const found = await ops.get<{ groups: Group[] }>(`dead-letters/groups?${query}`);
	if (values.json) return print(JSON.stringify(found));
	if (found.groups.length === 0) return print("There are none.");
	const rows = found.groups.map((it) => [
		`${it.letters}`,
		`${it.redriven}`,
		it.consumer,
		it.fingerprint,
		it.last_parked_at,
		`${it.reason}: ${it.error_type} at ${it.error_place}`,
	]);
	console.log(columns(["LETTERS", "REDRIVEN", "CONSUMER", "FINGERPRINT", "LAST", "FAILURE"], rows));
	return 0;
}

/** Takes dead letters out that nothing should come of. */
export async function discard(values: FlagValues, words: readonly string[]): Promise<number> {
	if (values.why === undefined) throw new UsageError("Say why, with --why TEXT; it is kept.");
	const asked = { ...selectionOf(values, words), why: values.why };
	const ops = await openOps(values);
	const { moved } = await ops.post<{ moved: number }>("dead-letters/discard", asked);
	return print(`${moved} discarded; millrace dlq restore brings them back.`);
}

/** Puts discarded dead letters back. */
export async function restore(values: FlagValues, words: readonly string[]): Promise<number> {
	const ops = await openOps(values);
	const asked = selectionOf(values, words);
	const { moved } = await ops.post<{ moved: number }>("dead-letters/restore", asked);
	return print(`${moved} restored.`);
}

function filterParameters(values: FlagValues): Record<string, string> {
	const named = selectionOf({ ...values, all: true }, []);
	const filter = "filter" in named ? named.filter : {};
	const given = Object.entries(filter).filter(([, value]) => value !== undefined);
	return Object.fromEntries([...given, ...(values.discarded ? [["discarded", "true"]] : [])]);
}

function pretty(payload: string): string {
	try {
		return JSON.stringify(JSON.parse(payload), null, 2);
	} catch {
		return payload;
	}
}

function print(text: string): number {
	console.log(text);
	return 0;
}
