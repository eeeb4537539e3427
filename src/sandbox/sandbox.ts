import type { Part } from "../lifecycle.ts";
import type { Books } from "./books.ts";
import { createControl } from "./control.ts";
import { createCounts } from "./counts.ts";
import { createFaults, type FaultSettings, seededRandom } from "./faults.ts";
import { createGet } from "./get.ts";
import { openLedger } from "./ledger.ts";
import { createOutage } from "./outage.ts";
import { createPost } from "./post.ts";
import type { Entry, Refund } from "./records.ts";
import { settleRefund } from "./refunds.ts";
import { createAnswer } from "./server.ts";
import { createWebhooks, type WebhookSettings } from "./webhooks.ts";

export interface SandboxOptions {
	/** Holds the ledger. Made if absent; the caller sees to it that nobody else uses it. */
	readonly folder: string;
	readonly api_key: string | undefined;
	readonly key_lifetime_ms: number;
	readonly faults: FaultSettings;
	readonly seed: number;
	readonly webhook: WebhookSettings;
	/** Opens the port; called again with the same port after an outage that closed it. */
	listen(fetch: (request: Request) => Promise<Response>, port?: number): Bun.Server<undefined>;
	/** Something went wrong that a person should know. */
	report(line: string): void;
}

export interface Sandbox extends Part {
	/** Where it listens, once started. */
	readonly url: string;
	/** Rejects when the ledger cannot be written any more. */
	readonly failed: Promise<never>;
}

const REFUND_PENDING_MS = 200;
const REOPEN_PAUSE_MS = 50;

/** A gateway that speaks the part of Stripe's API that we use, and fails when it is told to. */
export function createSandbox(options: SandboxOptions): Sandbox {
	const stopping = new AbortController();
	const failure = Promise.withResolvers<never>();
	failure.promise.catch(() => {});
	let server: Bun.Server<undefined> | undefined;
	let stop = async () => {};

	async function start() {
		const { seed } = options;
		const ledger = await openLedger(options.folder, options.key_lifetime_ms);
		ledger.failed.catch(failure.reject);
		const counts = createCounts();
		const faults = createFaults(options.faults, seed);
		const webhooks = createWebhooks({
			settings: options.webhook,
			counts,
			random: seededRandom(seed + 1),
		});
		const settling = new Set<Timer>();

		function onCommit(entry: Entry) {
			webhooks.emit(entry);
			if (entry.refund?.status === "pending") settleLater(entry.refund);
		}

		function settleLater(refund: Refund) {
			const timer = setTimeout(() => {
				settling.delete(timer);
				const intent = ledger.books.intent(refund.intent);
				const entry = { at_ms: ledger.now(), refund: settleRefund(refund, intent) };
				void ledger.commit(entry).then(() => onCommit(entry));
			}, REFUND_PENDING_MS);
			settling.add(timer);
		}

		const outage = createOutage({
			onRefuse: () => void server?.stop(true),
			onEnd: () => void reopen(),
		});
		const get = createGet(ledger);
		const post = createPost({ ledger, faults, counts, onCommit });
		const control = createControl({ ledger, faults, outage, webhooks, counts, seed });
		const { api_key, report } = options;
		const signal = stopping.signal;
		const answer = createAnswer({
			get,
			post,
			control,
			outage,
			counts,
			api_key,
			stopping: signal,
			report,
		});

		async function reopen() {
			const port = server?.port;
			while (!signal.aborted) {
				try {
					server = options.listen(answer, port);
					return;
				} catch (error) {
					report(`the port is not free after the outage: ${(error as Error).message}`);
					await Bun.sleep(REOPEN_PAUSE_MS);
				}
			}
		}

		for (const refund of pendingRefunds(ledger.books)) settleLater(refund);
		server = options.listen(answer);
		stop = async () => {
			stopping.abort();
			outage.end();
			for (const timer of settling) clearTimeout(timer);
			webhooks.stop();
			await server?.stop();
			await ledger.close();
		};
	}

	return {
		name: "sandbox",
		start,
		async stop() {
			const stopping = stop;
			stop = async () => {};
			await stopping();
		},
		get url() {
			return server?.url.origin ?? "";
		},
		failed: failure.promise,
	};
}

function* pendingRefunds({ refunds }: Books) {
	for (let at = 0; at < refunds.length; at++) {
		const refund = refunds.at(at);
		if (refund?.status === "pending") yield refund;
	}
}
