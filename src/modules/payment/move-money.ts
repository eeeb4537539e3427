import { crashPoint } from "../../crash-point.ts";
import type { Decided, Gateway, GatewayRequest, GatewayResult } from "../../gateway/gateway.ts";
import type { Part } from "../../lifecycle.ts";
import { type Batcher, createBatcher } from "../../messaging/batcher.ts";
import type { Relay } from "../../messaging/relay.ts";
import { type RetryDelays, retryDelay } from "../../messaging/retry.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { announce } from "./events.ts";
import { nextStep, sendWithin } from "./payment.ts";
import { createRoom } from "./room.ts";
import type { Claim, Deferral, PaymentStore, Result } from "./store.ts";

export interface MoveOptions extends RetryDelays {
	/** How long a claim holds. */
	readonly lease_ms: number;
	/** The longest call. */
	readonly call_timeout_ms: number;
	/** How long the gateway remembers a key. */
	readonly key_lifetime_ms: number;
}

export interface MoveNeeds {
	readonly store: PaymentStore;
	readonly gateway: Gateway;
	readonly relay: Relay;
	readonly metrics: Metrics;
	readonly log: Log;
}

/** Claims on their way through the gateway. */
export interface Moving {
	/** Resolves when each is written down, ended or given back; rejects when one could not be. */
	readonly finished: Promise<void>;
	/** The orders of those that are not yet. */
	open(): readonly string[];
}

export interface Mover extends Part {
	/**
	 * Waits until the gateway takes more calls than are on their way to it.
	 * @param until on the clock of `performance.now()`
	 * @returns how many of `wanted` may be claimed now; 0 when the time is over or the gateway is away
	 */
	room(wanted: number, until: number): Promise<number>;
	/** @param claimed_ms when the claims were asked for, on the clock of `performance.now()` */
	move(claims: readonly Claim[], claimed_ms: number): Moving;
}

type Answer = GatewayResult | { readonly state: "parked"; readonly error: unknown };

interface Answered {
	readonly claim: Claim;
	readonly answer: Answer;
	written(error?: unknown): void;
}

const RECORD_INTERVAL_MS = 5;
const RECORDS_MAX = 500;
const RECORDS_RUNNING_MAX = 2;
const ERROR_CHARACTERS_MAX = 500;

/**
 * Takes claimed charges and refunds to the gateway, outside any transaction, and writes down what
 * becomes of each, with its event, as answers come in. The key of a call is the charge id, so that a
 * call repeated after a crash moves nothing twice.
 */
export function createMover(options: MoveOptions, needs: MoveNeeds): Mover {
	const { store, gateway, relay, log } = needs;
	const running = new Set<Promise<void>>();
	const room = createRoom(gateway);
	const recorder: Batcher<Answered> = createBatcher({
		batch_max: RECORDS_MAX,
		interval_ms: RECORD_INTERVAL_MS,
		batches_running_max: RECORDS_RUNNING_MAX,
		run: write,
	});

	async function write(batch: Answered[]) {
		for (const kind of new Set(batch.map(({ claim }) => claim.kind)))
			crashPoint("money-moved", kind);
		try {
			await Promise.all([recordEnds(batch), giveBack(batch)]);
			for (const it of batch) it.written();
		} catch (error) {
			for (const it of batch) it.written(error);
		}
	}

	async function recordEnds(batch: readonly Answered[]) {
		const ended = batch.flatMap(({ claim, answer }) => toResult(claim, answer));
		if (ended.length === 0) return;
		const { written } = await store.record(
			ended.map(({ result }) => result),
			ended.map(({ claim, decided }) => (decided ? announce(claim, decided) : [])),
		);
		relay.accept(written);
		for (const { result } of ended.filter(({ result }) => result.state === "manual"))
			log.error({ ...result }, "a person has to look at this charge or refund");
	}

	async function giveBack(batch: readonly Answered[]) {
		const deferrals = batch.flatMap(({ claim, answer }) => toDeferral(claim, answer, options));
		if (deferrals.length > 0) await store.defer(deferrals);
	}

	/** Asks the gateway's books about one claim whose call may have been carried out. */
	async function lookUp(claim: Claim, step: ReturnType<typeof stepOf>): Promise<Answer | "send"> {
		const found = await gateway.lookUp(toRequest(claim));
		if (found.state !== "not_found") return found;
		if (step === "look-up-then-send") return "send";
		const error = new Error("the gateway's books have no trace of it");
		return step === "look-up" ? { state: "unknown", error } : { state: "parked", error };
	}

	function stepOf({ attempts, key_age_ms }: Claim) {
		return nextStep(attempts, key_age_ms ?? undefined, options.key_lifetime_ms);
	}

	async function send(claims: readonly Claim[], claimed_ms: number, tell: Tell) {
		if (claims.length === 0) return;
		const lease_left_ms = options.lease_ms - options.call_timeout_ms;
		const key_left_ms = Math.min(
			...claims.map(({ key_age_ms }) =>
				sendWithin(key_age_ms ?? undefined, options.key_lifetime_ms),
			),
		);
		const send_before = claimed_ms + Math.min(lease_left_ms, key_left_ms);
		await gateway.submit(claims.map(toRequest), send_before, (position, result) =>
			tell(claims[position] as Claim, result),
		);
	}

	async function carryOut(claims: readonly Claim[], claimed_ms: number, tell: Tell) {
		const steps = claims.map((claim) => ({ claim, step: stepOf(claim) }));
		const fresh = steps.filter(({ step }) => step === "send").map(({ claim }) => claim);
		const doubtful = steps.filter(({ step }) => step !== "send");
		await Promise.all([
			send(fresh, claimed_ms, tell),
			...doubtful.map(async ({ claim, step }) => {
				const answer = await lookUp(claim, step);
				if (answer === "send") await send([claim], claimed_ms, tell);
				else tell(claim, answer);
			}),
		]);
	}

	return {
		name: "payments",
		room: room.wait,
		move(claims, claimed_ms) {
			const open = new Map(claims.map((claim) => [claim.charge_id, claim.order_id]));
			const all = Promise.withResolvers<void>();
			// It may fail before anybody waits for it.
			all.promise.catch(() => {});
			if (claims.length === 0) all.resolve();
			room.take(claims.length);
			const tell: Tell = (claim, answer) => {
				room.give();
				recorder.push({
					claim,
					answer,
					written(error) {
						if (error !== undefined) return all.reject(error);
						open.delete(claim.charge_id);
						if (open.size === 0) all.resolve();
					},
				});
			};
			const moving = carryOut(claims, claimed_ms, tell).catch(all.reject);
			running.add(moving);
			void moving.finally(() => running.delete(moving));
			return { finished: all.promise, open: () => [...new Set(open.values())] };
		},
		async start() {},
		async stop() {
			await Promise.all(running);
			await recorder.drain();
		},
	};
}

type Tell = (claim: Claim, answer: Answer) => void;

function toRequest(claim: Claim): GatewayRequest {
	const { charge_id, kind, order_id, amount, currency, payment_token, charge_reference } = claim;
	return {
		key: charge_id,
		kind,
		order_id,
		amount,
		currency,
		payment_token: payment_token ?? undefined,
		charge_reference: charge_reference ?? undefined,
	};
}

interface Ended {
	readonly claim: Claim;
	readonly result: Result;
	readonly decided: Decided | undefined;
}

/** A refund that the gateway declines is not dropped: a person has to find another way. */
function toResult(claim: Claim, answer: Answer): Ended[] {
	const { order_id, kind, request_id, fence } = claim;
	const key = { order_id, kind, request_id, fence };
	const nothing = { gateway_reference: undefined, decline_code: undefined, last_error: undefined };
	switch (answer.state) {
		case "succeeded": {
			const gateway_reference = answer.reference;
			const result = { ...key, ...nothing, state: "succeeded", gateway_reference } as const;
			return [{ claim, result, decided: answer }];
		}
		case "declined": {
			const state = kind === "refund" ? "manual" : "declined";
			const result = { ...key, ...nothing, state, decline_code: answer.code } as const;
			return [{ claim, result, decided: kind === "refund" ? undefined : answer }];
		}
		case "parked": {
			const last_error = describe(answer.error);
			return [
				{ claim, result: { ...key, ...nothing, state: "manual", last_error }, decided: undefined },
			];
		}
		case "unknown":
		case "not_sent":
			return [];
	}
}

function toDeferral(claim: Claim, answer: Answer, delays: RetryDelays): Deferral[] {
	if (answer.state !== "unknown" && answer.state !== "not_sent") return [];
	const { order_id, kind, request_id, fence, attempts, key_age_ms } = claim;
	const attempted = answer.state === "unknown";
	const untried = !attempted && key_age_ms === null;
	const asked_ms = answer.state === "not_sent" ? (answer.retry_after_ms ?? 0) : 0;
	return [
		{
			order_id,
			kind,
			request_id,
			fence,
			state: untried ? "pending" : "unknown",
			after_ms: Math.max(asked_ms, retryDelay(attempted ? attempts : 1, delays, Math.random())),
			last_error: describe(answer.error),
			attempted,
			untried,
		},
	];
}

function describe(error: unknown): string {
	const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
	return text.slice(0, ERROR_CHARACTERS_MAX);
}
