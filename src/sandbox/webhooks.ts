import type { Counts } from "./counts.ts";
import { type Entry, newId } from "./records.ts";
import { renderIntent, renderRefund, seconds } from "./render.ts";

/** The API version whose form our objects have. */
export const API_VERSION = "2026-10-28.endive";

const ATTEMPTS_MAX = 12;
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 30_000;
const ANSWER_MS_MAX = 5_000;
const RUNNING_MAX = 16;
const WAITING_MAX = 100_000;
/** How long an event that is to come late is held back at most. */
const REORDER_MS_MAX = 200;

export interface WebhookSettings {
	/** Undefined sends nothing. */
	readonly url?: string | undefined;
	readonly secret: string;
	/** How many of the events come twice, from 0 to 1. */
	readonly duplicate: number;
	/** How many of the events are held back, so that later ones overtake them, from 0 to 1. */
	readonly reorder: number;
}

interface Delivery {
	readonly body: string;
	attempts: number;
}

export interface WebhookNeeds {
	readonly settings: WebhookSettings;
	readonly counts: Counts;
	/** From 0 up to 1. */
	random(): number;
}

/** Tells another program what changed, as Stripe's signed events. What waits is lost with the process. */
export function createWebhooks({ settings: first, counts, random }: WebhookNeeds) {
	const stopping = new AbortController();
	const queue: Delivery[] = [];
	let settings = first;
	let running = 0;
	let held = 0;

	function later(delivery: Delivery, delay_ms: number) {
		if (stopping.signal.aborted) return;
		held++;
		setTimeout(() => {
			held--;
			queue.push(delivery);
			pump();
		}, delay_ms);
	}

	function pump() {
		while (running < RUNNING_MAX && !stopping.signal.aborted) {
			const delivery = queue.shift();
			if (delivery === undefined) return;
			running++;
			void deliver(delivery).finally(() => {
				running--;
				pump();
			});
		}
	}

	function enqueue(body: string) {
		const delivery = { body, attempts: 0 };
		if (queue.length >= WAITING_MAX) counts.webhooks.given_up++;
		else if (random() < settings.reorder) later(delivery, random() * REORDER_MS_MAX);
		else queue.push(delivery);
	}

	async function deliver(delivery: Delivery) {
		const { url, secret } = settings;
		if (url === undefined) return;
		delivery.attempts++;
		counts.webhooks.sent++;
		if (await send(url, secret, delivery.body, stopping.signal)) {
			counts.webhooks.delivered++;
		} else if (delivery.attempts < ATTEMPTS_MAX) {
			later(delivery, Math.min(RETRY_FIRST_MS * 2 ** (delivery.attempts - 1), RETRY_LAST_MS));
		} else {
			counts.webhooks.given_up++;
		}
	}

	return {
		get settings() {
			return settings;
		},
		/** Puts the fields given over the ones that are set. @throws Error for what cannot be */
		set(change: unknown) {
			settings = checkSettings({ ...settings, ...Object(change) });
		},
		get waiting() {
			return queue.length + held + running;
		},
		/** Sends the events of what changed. */
		emit(entry: Entry) {
			if (settings.url === undefined) return;
			for (const [type, object] of eventsOf(entry)) {
				const body = renderEvent(type, object, entry);
				enqueue(body);
				if (random() < settings.duplicate) enqueue(body);
			}
			pump();
		},
		stop: () => stopping.abort(),
	};
}
export type Webhooks = ReturnType<typeof createWebhooks>;

function checkSettings(value: Record<keyof WebhookSettings, unknown>): WebhookSettings {
	const { url, secret, duplicate, reorder } = value;
	const share = (number: unknown): number => {
		if (typeof number === "number" && number >= 0 && number <= 1) return number;
		throw new Error("duplicate and reorder go from 0 to 1.");
	};
	if (typeof secret !== "string") throw new Error("secret is a text.");
	if (url !== undefined && url !== null && !URL.canParse(String(url))) {
		throw new Error("url is an address, or null for none.");
	}
	return {
		url: typeof url === "string" ? url : undefined,
		secret,
		duplicate: share(duplicate),
		reorder: share(reorder),
	};
}

/** The types and objects of the events that an entry makes. */
function eventsOf({ intent, refund, answer }: Entry): [type: string, object: string][] {
	if (refund !== undefined) {
		const object = renderRefund(refund);
		if (answer !== undefined) return [["refund.created", object]];
		const changed: [string, string] = ["refund.updated", object];
		return refund.status === "failed" ? [["refund.failed", object], changed] : [changed];
	}
	if (intent === undefined) return [];
	const object = renderIntent(intent);
	if (intent.status === "succeeded") return [["payment_intent.succeeded", object]];
	if (intent.status === "canceled") return [["payment_intent.canceled", object]];
	if (intent.decline !== null) return [["payment_intent.payment_failed", object]];
	return [];
}

function renderEvent(type: string, object: string, { at_ms, answer }: Entry): string {
	const head = JSON.stringify({
		id: newId("evt"),
		object: "event",
		api_version: API_VERSION,
		created: seconds(at_ms),
		livemode: false,
		pending_webhooks: 1,
		request: { id: null, idempotency_key: answer?.key ?? null },
		type,
	});
	return `${head.slice(0, -1)},"data":{"object":${object}}}`;
}

/** Answers whether the other program took it. */
async function send(
	url: string,
	secret: string,
	body: string,
	stopping: AbortSignal,
): Promise<boolean> {
	try {
		const answer = await fetch(url, {
			method: "POST",
			headers: {
				"content-type": "application/json; charset=utf-8",
				"stripe-signature": signature(secret, body, seconds(Date.now())),
			},
			body,
			signal: AbortSignal.any([stopping, AbortSignal.timeout(ANSWER_MS_MAX)]),
		});
		await answer.arrayBuffer();
		return answer.ok;
	} catch {
		return false;
	}
}

function signature(secret: string, body: string, time_s: number): string {
	const v1 = new Bun.CryptoHasher("sha256", secret).update(`${time_s}.${body}`).digest("hex");
	return `t=${time_s},v1=${v1}`;
}
