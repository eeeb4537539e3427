import { encodeEntry } from "../../src/contracts/audit-log.ts";
import { createEvent, type OutgoingEvent } from "../../src/contracts/events.ts";
import { eventHeaders } from "../../src/messaging/headers.ts";
import { openLog } from "../../src/modules/audit/open-log.ts";
import { openSigner } from "../../src/modules/audit/signer.ts";
import type { ObjectStore } from "../../src/object-store/object-store.ts";
import type { SignerKey } from "../../src/transparency/keys.ts";

/** The four events of an order that is sold. */
export function eventsOf(order_id: string): OutgoingEvent[] {
	const facts = {
		order_id,
		tenant_id: "default",
		customer_id: "customer-1",
		currency: "EUR",
		total_amount: 2_400,
		occurred_at: "2026-11-21T12:00:00.000Z",
	};
	const lines = [{ sku: "SKU-1", quantity: 2, unit_price: 1_200 }];
	const charge_id = "0bd1e0b0-9f0a-4c6e-8d52-6a0d3a0f1a11";
	return [
		createEvent("orders.created.v2", order_id, { ...facts, lines }, undefined),
		createEvent("inventory.reserved.v1", order_id, { ...facts, lines }, undefined),
		createEvent(
			"payments.completed.v1",
			order_id,
			{ ...facts, charge_id, gateway_reference: "ch_1" },
			undefined,
		),
		createEvent("orders.confirmed.v1", order_id, facts, undefined),
	];
}

export function entryOf(event: OutgoingEvent): Uint8Array {
	const headers = eventHeaders(event, event.traceparent, false).encode();
	return encodeEntry({ subject: event.subject, headers, data: Buffer.from(event.data) });
}

/** Appends to a log as the audit role does, and signs it after each step. */
export async function writeLog(
	store: ObjectStore,
	signer: SignerKey,
	steps: readonly (readonly Uint8Array[])[],
): Promise<void> {
	const signing = await openSigner(store, { signer, former: [] }, undefined);
	const size = signing.signed?.size ?? 0;
	const { writer } = await openLog(store, signing.signed, { size, root: undefined });
	for (const entries of steps) {
		await writer.append(entries);
		await signing.sign(writer.tree);
	}
}
