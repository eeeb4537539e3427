import { appendFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Decided, Gateway, GatewayRequest } from "./gateway.ts";

/** One effect in the ledger: money that moved. */
export interface LedgerEntry {
	readonly key: string;
	readonly kind: "charge" | "refund";
	readonly order_id: string;
	readonly amount: number;
	readonly currency: string;
}

/** Tokens that start with this are declined with the rest as the code: `decline_insufficient_funds`. */
const DECLINE = "decline_";

/**
 * A gateway inside the process, for development and benchmarks: it answers at once and keeps a ledger
 * of all money it moved in `folder`, one file a process, so that every key moves money once even after
 * a kill.
 */
export function createInProcessGateway(folder: string): Gateway {
	mkdirSync(folder, { recursive: true });
	const ledger = join(folder, `ledger-${process.pid}-${Date.now()}.ndjson`);
	const moved = new Set(readLedger(folder).map(({ key }) => key));

	return {
		capacity: () => Number.POSITIVE_INFINITY,
		async submit(requests, _, tell) {
			const results = requests.map(answer);
			const entries = new Map<string, GatewayRequest>();
			for (const [position, request] of requests.entries()) {
				if (results[position]?.state !== "succeeded" || moved.has(request.key)) continue;
				entries.set(request.key, request);
			}
			if (entries.size > 0) appendFileSync(ledger, [...entries.values()].map(toLine).join(""));
			for (const key of entries.keys()) moved.add(key);
			for (const [position, result] of results.entries()) tell(position, result);
		},
		async lookUp({ key }) {
			const found = readLedger(folder).some((entry) => entry.key === key);
			return found ? { state: "succeeded", reference: referenceOf(key) } : { state: "not_found" };
		},
		async *books() {
			for (const file of ledgerFiles(folder)) {
				for await (const entries of pagesOf(file)) {
					yield entries.map((entry) => ({ ...entry, reference: referenceOf(entry.key) }));
				}
			}
		},
	};
}

function answer({ key, kind, payment_token }: GatewayRequest): Decided {
	if (kind === "charge" && payment_token?.startsWith(DECLINE)) {
		return { state: "declined", code: payment_token.slice(DECLINE.length) };
	}
	return { state: "succeeded", reference: referenceOf(key) };
}

function referenceOf(key: string): string {
	return `local_${key}`;
}

function toLine({ key, kind, order_id, amount, currency }: GatewayRequest): string {
	return `${JSON.stringify({ key, kind, order_id, amount, currency } satisfies LedgerEntry)}\n`;
}

/** All money the processes that share `folder` ever moved. A last line that a kill cut short moved none. */
export function readLedger(folder: string): LedgerEntry[] {
	return ledgerFiles(folder).flatMap((file) =>
		readFileSync(file, "utf8").split("\n").slice(0, -1).map(toEntry),
	);
}

function ledgerFiles(folder: string): string[] {
	const names = readdirSync(folder).filter((name) => name.endsWith(".ndjson"));
	return names.map((name) => join(folder, name));
}

function toEntry(line: string): LedgerEntry {
	return JSON.parse(line);
}

/** A file of the ledger, a chunk at a time. */
async function* pagesOf(file: string): AsyncIterable<LedgerEntry[]> {
	const decoder = new TextDecoder();
	let begun = "";
	for await (const chunk of Bun.file(file).stream()) {
		const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n");
		begun = lines.pop() ?? "";
		yield lines.map(toEntry);
	}
}
