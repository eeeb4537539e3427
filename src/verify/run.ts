import type { Gateway } from "../gateway/gateway.ts";
import { type Limits, lastWritten, type OrderFacts } from "./facts.ts";
import { type Finding, findingKinds } from "./findings.ts";
import type { LogReading } from "./gather.ts";
import type { LogFiles } from "./read-log.ts";
import {
	type Counted,
	createFindings,
	type Findings,
	nothingCounted,
	type Open,
} from "./report.ts";
import type { VerifyStore } from "./store.ts";

export interface VerifyNeeds {
	readonly store: VerifyStore;
	/** undefined: the gateway is not asked, and our own word is taken for what it did. */
	readonly gateway: Gateway | undefined;
	readonly log_files: LogFiles;
}

export interface VerifyOptions {
	/** Only orders that came since, epoch ms; stock cannot be added up then. undefined is all. */
	readonly since_ms?: number | undefined;
	/** What was written to so shortly ago may be a step in progress. 0: everything is at rest. */
	readonly settle_ms: number;
	/** Age beyond which an order is not pending any more. */
	readonly pending_ms_max: number;
	/** Age beyond which it is known whether money moved. */
	readonly unknown_ms_max: number;
	/** Orders that were accepted, by somebody else's word. */
	readonly accepted?: ReadonlySet<string>;
	/** Told now and then how far it is. */
	readonly progress?: (step: Step, done: number, total: number | undefined) => void;
	/** Ends it, with the signal's reason. */
	readonly signal?: AbortSignal;
}

export type Step = "log" | "gateway" | "orders";

/** One verification, as far as it has come. */
export interface Run extends VerifyNeeds {
	readonly options: VerifyOptions;
	readonly findings: Findings;
	readonly counted: Counted;
	readonly open: Open;
	readonly reading: LogReading;
	/** When it began, on the clock of this process. */
	readonly begun_ms: number;
	/** Rows of orders when it began. */
	readonly orders: number;
	/** From when on rows, events and movements are read: earlier than what is judged, as clocks differ. */
	readonly since_ms: number | undefined;
	/** What is too old now, by the clock of the database. */
	limits(): Promise<Limits>;
	/** Accepted orders that were not come across. */
	readonly unseen: Set<string>;
	/**
	 * Tells how far it is.
	 * @throws the reason of the signal that ends it
	 */
	tell(step: Step, done: number, total: number | undefined): void;
	/** What looked wrong and is to be looked at again. */
	readonly suspects: Map<string, OrderFacts>;
}

/** By how much clocks of processes may differ. */
const SKEW_MS = 3_600_000;

export async function beginRun(needs: VerifyNeeds, options: VerifyOptions): Promise<Run> {
	const { now_ms, orders } = await needs.store.begin();
	const clock_ms = now_ms - performance.now();
	return {
		...needs,
		options,
		findings: createFindings(),
		counted: nothingCounted(),
		open: { charges: 0, refunds: 0, findings: 0 },
		reading: { size: 0, foreign: 0, unreadable: new Set() },
		begun_ms: Date.now(),
		orders,
		since_ms: options.since_ms === undefined ? undefined : options.since_ms - SKEW_MS,
		tell(step, done, total) {
			options.signal?.throwIfAborted();
			options.progress?.(step, done, total);
		},
		async limits() {
			const now_ms = clock_ms + performance.now();
			return {
				now_ms,
				settled_ms: await settledMs(needs.store, now_ms, options.settle_ms),
				pending_ms_max: options.pending_ms_max,
				unknown_ms_max: options.unknown_ms_max,
				with_gateway: needs.gateway !== undefined,
			};
		},
		unseen: new Set(options.accepted),
		suspects: new Map(),
	};
}

/** While events wait to be published, nobody can have acted on what happened since the oldest of them. */
async function settledMs(store: VerifyStore, now_ms: number, settle_ms: number): Promise<number> {
	if (settle_ms === 0) return Number.POSITIVE_INFINITY;
	return Math.min(now_ms - settle_ms, ...(await store.unpublishedSince()));
}

/** Adds what is wrong beyond doubt; what a step in progress may explain is counted as open. */
export function addCertain(
	{ findings, open }: Run,
	facts: OrderFacts,
	found: readonly Finding[],
	{ settled_ms }: Limits,
): void {
	const young = (lastWritten(facts) ?? 0) > settled_ms;
	for (const finding of found) {
		if (young && findingKinds[finding.finding].may_pass) open.findings += 1;
		else findings.add(finding);
	}
}
