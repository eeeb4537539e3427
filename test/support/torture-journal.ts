import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import type { WorkloadOrder } from "./cluster-workload.ts";

/** The key under which a client asks for its nth order, again and again. */
export const keyOf = (position: number) => `order-${position}`;

/** What clients have asked for and were told, on disk before they act on it. */
export interface FsyncedJournal {
	/** Resolves when it is on disk; only then may it be sent. */
	asked(position: number, body: WorkloadOrder["body"]): Promise<void>;
	/** Resolves when it is on disk; only then does it count. */
	accepted(position: number, order_id: string): Promise<void>;
	close(): Promise<void>;
}

/** A journal as it is read back. */
export interface JournalRecord {
	readonly asked: ReadonlyMap<number, WorkloadOrder["body"]>;
	/** Every id that a position was ever answered with. */
	readonly accepted: ReadonlyMap<number, ReadonlySet<string>>;
}

type Line =
	| { readonly asked: number; readonly body: WorkloadOrder["body"] }
	| { readonly accepted: number; readonly order_id: string };

/** Lines that come in while the disk is at work go together. */
export async function openJournal(file: string): Promise<FsyncedJournal> {
	const handle = await open(file, "a");
	let lines: string[] = [];
	let writing: Promise<void> = Promise.resolve();
	let next: Promise<void> | undefined;

	async function flush() {
		next = undefined;
		const text = lines.join("");
		lines = [];
		await handle.write(text);
		await handle.datasync();
	}

	function add(line: Line): Promise<void> {
		lines.push(`${JSON.stringify(line)}\n`);
		if (next === undefined) {
			next = writing.then(flush);
			writing = next;
		}
		return next;
	}

	return {
		asked: (position, body) => add({ asked: position, body }),
		accepted: (position, order_id) => add({ accepted: position, order_id }),
		async close() {
			await writing;
			await handle.close();
		},
	};
}

export function readJournal(file: string): JournalRecord {
	const asked = new Map<number, WorkloadOrder["body"]>();
	const accepted = new Map<number, Set<string>>();
	for (const text of readFileSync(file, "utf8").split("\n").slice(0, -1)) {
		const line = JSON.parse(text) as Line;
		if ("asked" in line) asked.set(line.asked, line.body);
		else {
			const ids = accepted.get(line.accepted) ?? new Set();
			accepted.set(line.accepted, ids.add(line.order_id));
		}
	}
	return { asked, accepted };
}
