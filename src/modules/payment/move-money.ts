import type { OutgoingEvent } from "../../contracts/events.ts";
import { crashPoint } from "../../crash-point.ts";
import { done, type Outcome } from "../../messaging/outcome.ts";
import type { Relay } from "../../messaging/relay.ts";
import type { Gateway, GatewayResult } from "./gateway.ts";
import type { Charge, PaymentStore } from "./store.ts";

export interface MoneyNeeds {
	readonly store: PaymentStore;
	readonly gateway: Gateway;
	readonly relay: Relay;
	/** How long a claim holds. Longer than the gateway's longest call, or two replicas call at once. */
	readonly claim_ms: number;
}

/** A charge or refund with what a call for it needs and what is said when it is over. */
export interface Move {
	readonly charge: Charge;
	readonly charge_reference: string | undefined;
	/** What is said when it is over; nothing where only an operator should hear of it. */
	announce(result: Finished): readonly OutgoingEvent[];
	/** What becomes of the message when the gateway declines for good. */
	readonly declined: Outcome;
}

export type Finished = Exclude<GatewayResult, { state: "unknown" }>;

/** Somebody else has the claim: he finishes, or his claim runs out. */
const later: Outcome = { kind: "later", after_ms: 1_000 };

/**
 * Claims, calls the gateway outside any transaction, and records each outcome with its event. The
 * key of a call is the charge id, so that a call repeated after a crash moves nothing twice.
 * @param moves of one kind, one an order
 * @returns the outcome of each order, by its id
 */
export async function moveMoney(
	needs: MoneyNeeds,
	moves: readonly Move[],
): Promise<ReadonlyMap<string, Outcome>> {
	const { store, gateway, claim_ms } = needs;
	const fences = await store.claim(
		moves.map(({ charge }) => charge),
		claim_ms,
	);
	crashPoint("charge-claimed");
	const ours = moves.filter(({ charge }) => fences.has(charge.order_id));
	const results = await gateway.submit(ours.map(requestOf));
	crashPoint("money-moved");
	const claimed = ours.map((move, index) => ({
		move,
		fence: fences.get(move.charge.order_id) as number,
		result: results[index] ?? { state: "unknown" as const, error: new Error("no answer") },
	}));
	const outcomes = new Map<string, Outcome>();
	await recordFinished(needs, claimed, outcomes);
	await recordUnknown(needs, claimed, outcomes);
	await lookAtOthers(
		needs,
		moves.filter(({ charge }) => !fences.has(charge.order_id)),
		outcomes,
	);
	return outcomes;
}

interface Claimed {
	readonly move: Move;
	readonly fence: number;
	readonly result: GatewayResult;
}

type Outcomes = Map<string, Outcome>;

async function recordFinished(needs: MoneyNeeds, claimed: readonly Claimed[], outcomes: Outcomes) {
	const finished = claimed.flatMap(({ move, fence, result }) =>
		result.state === "unknown" ? [] : [{ move, fence, result }],
	);
	if (finished.length === 0) return;
	const { written, isRecorded } = await needs.store.record(
		finished.map(({ move, fence, result }) => ({
			order_id: move.charge.order_id,
			kind: move.charge.kind,
			fence,
			state: result.state,
			gateway_reference: result.state === "succeeded" ? result.reference : undefined,
			decline_code: result.state === "declined" ? result.code : undefined,
		})),
		finished.map(({ move, result }) => move.announce(result)),
	);
	needs.relay.accept(written);
	for (const [position, { move, result }] of finished.entries()) {
		const outcome = result.state === "declined" ? move.declined : done;
		outcomes.set(move.charge.order_id, isRecorded(position) ? outcome : later);
	}
}

async function recordUnknown(needs: MoneyNeeds, claimed: readonly Claimed[], outcomes: Outcomes) {
	const unknown = claimed.filter(({ result }) => result.state === "unknown");
	if (unknown.length === 0) return;
	await needs.store.recordUnknown(unknown.map(({ move, fence }) => ({ ...move.charge, fence })));
	for (const { move, result } of unknown) {
		const error = "error" in result ? result.error : undefined;
		outcomes.set(move.charge.order_id, { kind: "retry", error });
	}
}

/** What could not be claimed is finished already, or in the hands of a worker that may have died. */
async function lookAtOthers(needs: MoneyNeeds, moves: readonly Move[], outcomes: Outcomes) {
	const [first] = moves;
	if (first === undefined) return;
	const order_ids = moves.map(({ charge }) => charge.order_id);
	const found = await needs.store.find(first.charge.kind, order_ids);
	const states = new Map(found.map(({ order_id, state }) => [order_id, state]));
	for (const { charge, declined } of moves) {
		const state = states.get(charge.order_id);
		if (state === "declined") outcomes.set(charge.order_id, declined);
		else outcomes.set(charge.order_id, state === "succeeded" || state === "void" ? done : later);
	}
}

function requestOf({ charge, charge_reference }: Move) {
	const { charge_id, kind, order_id, amount, currency, payment_token } = charge;
	return { key: charge_id, kind, order_id, amount, currency, payment_token, charge_reference };
}
