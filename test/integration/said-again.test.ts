import { afterAll, beforeEach, expect, test } from "bun:test";
import { createEvent, type OutgoingEvent } from "../../src/contracts/events.ts";
import type { IncomingEvent } from "../../src/messaging/outcome.ts";
import { inventoryModule } from "../../src/modules/inventory/module.ts";
import { paymentModule } from "../../src/modules/payment/module.ts";
import { orderCreated, orderFacts } from "../support/events.ts";
import { layFoundation, paymentSettings } from "../support/foundation.ts";
import { createTestGateway } from "../support/gateway.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const streams = await openStreams(servers);
const stock = await layFoundation(servers, "inventory");
const money = await layFoundation(servers, "payment");
const gateway = createTestGateway();
const http = { body_bytes_max: 65_536, page_size_max: 10 };

const [reserve] = inventoryModule({ ...stock, relay: await stock.relay(), http }).consumers;
const [charge] = paymentModule({
	...money,
	relay: await money.relay(),
	gateway,
	readWebhook: undefined,
	settings: paymentSettings,
	http,
}).consumers;

/** Nothing else happens in the tests at either of them. */
const ON_RECORD = "2026-01-02T03:04:05.678Z";
const MOVED_SINCE = "2026-01-02T05:00:00.000Z";

const lines = [{ sku: "SKU-1", quantity: 1, unit_price: 1_250 }];
const created = (order_id: string) => orderCreated(order_id, lines);
const reserved = (order_id: string) =>
	createEvent(
		"inventory.reserved.v1",
		order_id,
		{ ...orderFacts(order_id), lines: [], payment_token: "tok_visa" },
		undefined,
	);

function incoming<S extends "orders.created.v2" | "inventory.reserved.v1">(
	event: OutgoingEvent,
	stuck: boolean,
) {
	return { ...event, data: JSON.parse(event.data), stuck } as unknown as IncomingEvent<S>;
}

/** The one event that is on a stream. */
const only = (stream: string) =>
	eventually(async () => {
		const found = await streams.messages(stream);
		expect(found).toHaveLength(1);
		return new TextDecoder().decode(found[0]?.data);
	});

const at = (data: string, time: string) =>
	data.replace(/"occurred_at":"[^"]+"/, `"occurred_at":"${time}"`);

/** Streams that are empty and know no id: what is said again gets through. */
async function emptyStreams() {
	for (const stream of ["INVENTORY", "PAYMENTS"]) await streams.jsm.streams.delete(stream);
	await money.prepare(await money.broker.ready);
}
beforeEach(emptyStreams);

test.each([
	["a reservation", "held", 1],
	["that nothing can be held", "rejected", 0],
])("%s is said again as of when it was made", async (_what, status, available) => {
	await sql`
		insert into millrace_inventory.stock (sku, received, available) values ('SKU-1', 1, ${available})
		on conflict (sku) do update set available = ${available}`;
	await reserve.handle([incoming(created(status), false)]);
	const said = await only("INVENTORY");
	await emptyStreams();
	await sql`
		update millrace_inventory.reservations set updated_at = ${ON_RECORD} where order_id = ${status}`;
	await reserve.handle([incoming(created(status), true)]);
	expect(await only("INVENTORY")).toBe(at(said, ON_RECORD));
});

test.each(["succeeded", "declined"] as const)(
	"a charge that %s is said again as of when it ended",
	async (state) => {
		gateway.answer(({ key }) =>
			state === "succeeded" ? { state, reference: `ref_${key}` } : { state, code: "no_money" },
		);
		await charge.handle([incoming(reserved(state), false)]);
		const said = await only("PAYMENTS");
		await emptyStreams();
		await sql`
			update millrace_payment.charges set updated_at = ${ON_RECORD} where order_id = ${state}`;
		await charge.handle([incoming(reserved(state), true)]);
		expect(await only("PAYMENTS")).toBe(at(said, ON_RECORD));
	},
);

test.each([
	["was cancelled", sql`cancelled = true`],
	["is being refunded", sql`refunded = 1`],
])("a charge that %s since is not said again as if it had ended then", async (what, changed) => {
	gateway.answer(({ key }) => ({ state: "succeeded", reference: `ref_${key}` }));
	await charge.handle([incoming(reserved(what), false)]);
	const said = await only("PAYMENTS");
	await emptyStreams();
	await sql`
		update millrace_payment.charges
		set ${changed}, created_at = ${ON_RECORD}, updated_at = ${MOVED_SINCE} where order_id = ${what}`;
	await charge.handle([incoming(reserved(what), true)]);
	expect(await only("PAYMENTS")).toBe(at(said, ON_RECORD));
});
