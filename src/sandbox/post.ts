import { ApiError, internalError } from "./api-error.ts";
import { type Counts, countUp } from "./counts.ts";
import { type Fate, type FaultName, type Faults, noFate } from "./faults.ts";
import { type Form, fingerprint } from "./form.ts";
import type { Place } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import { type Operation, type Outcome, operationOf } from "./operations.ts";
import type { Entry, KeptAnswer } from "./records.ts";
import { renderAnswer } from "./render.ts";
import { lostReplies, type Reply, rateLimitReply } from "./reply.ts";

export interface PostNeeds {
	readonly ledger: Ledger;
	readonly faults: Faults;
	readonly counts: Counts;
	/** Told of every entry that is on the disk, before its answer is given. */
	onCommit(entry: Entry): void;
}

export interface PostRequest {
	readonly path: string;
	readonly form: Form;
	/** The idempotency key. */
	readonly key: string | undefined;
}

/** A request that has to be carried out, and what its key said. */
interface Work extends PostRequest, Fate {
	readonly operation: Operation;
	readonly params: number;
	readonly late: boolean;
}

/** Carries a POST out once per key, and lets befall it what the faults draw. */
export function createPost({ ledger, faults, counts, onCommit }: PostNeeds) {
	function hit(fault: FaultName) {
		countUp(counts.faults, fault);
	}

	/** @throws ApiError for what is answered without anything being kept */
	return async function post(request: PostRequest): Promise<Reply> {
		const { path, form, key } = request;
		const operation = operationOf(path);
		const fate = operation.money === undefined ? noFate : faults.draw(operation.money);
		const turned_away = replyBefore(fate);
		if (turned_away !== undefined) {
			if (fate.fault) hit(fate.fault);
			return turned_away;
		}
		const work = { ...request, ...fate, operation, params: fingerprint(path, form), late: false };
		if (key === undefined) return await carryOut(work);
		const state = ledger.keys.look(key, work.params, ledger.now());
		if (typeof state !== "string") return await replay(state);
		ledger.keys.begin(key, work.params);
		try {
			return await carryOut({ ...work, late: state === "forgotten" });
		} finally {
			ledger.keys.end(key);
		}
	};

	async function replay(place: Place): Promise<Reply> {
		await ledger.settled();
		const entry = await ledger.read(place);
		counts.replays++;
		return { status: entry.answer?.status ?? 500, body: renderAnswer(entry), replayed: true };
	}

	async function carryOut(work: Work): Promise<Reply> {
		if (work.latency_ms > 0) await Bun.sleep(work.latency_ms);
		const entry = decide(work);
		await ledger.commit(entry);
		onCommit(entry);
		const reply = { status: entry.answer?.status ?? 500, body: renderAnswer(entry) };
		const moved = entry.intent ?? entry.refund;
		const { fault } = work;
		if (fault === undefined || (moved === undefined && fault !== "error_before")) return reply;
		hit(fault);
		return { ...reply, ...cuts[fault] };
	}

	function decide({ operation, form, key, params, late, fault }: Work): Entry {
		const at_ms = ledger.now();
		const outcome = fault === "error_before" ? brokenDown : run(operation, form, at_ms);
		const { intent, refund } = outcome;
		const hidden = fault === "error_after" && (intent ?? refund) !== undefined;
		const { status, error } = hidden ? brokenDown : outcome;
		const answer: KeptAnswer = {
			...(key !== undefined && { key }),
			params,
			status,
			...(error && { error }),
			...(late && { late }),
		};
		return { at_ms, ...(intent && { intent }), ...(refund && { refund }), answer };
	}

	function run(operation: Operation, form: Form, at_ms: number): Outcome {
		try {
			return operation.run(ledger.books, form, at_ms);
		} catch (error) {
			if (error instanceof ApiError && error.kept) {
				return { status: error.status, error: error.fields };
			}
			throw error;
		}
	}
}

/** What a request is answered with before anybody looks at it. */
function replyBefore({ fault, retry_after_s }: Fate): Reply | undefined {
	if (fault === "refuse") return lostReplies.reset;
	return fault === "rate_limit" ? rateLimitReply(retry_after_s) : undefined;
}

const brokenDown: Outcome = { status: 500, error: internalError };

/** How an answer that was carried out gets lost. */
const cuts: Partial<Record<FaultName, Pick<Reply, "cut">>> = {
	reset_after: { cut: "reset" },
	timeout_after: { cut: "hang" },
	truncate: { cut: "truncate" },
};
