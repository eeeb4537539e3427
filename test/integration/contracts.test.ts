import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { contracts, createEvent, type Payload, type Subject } from "../../src/contracts/events.ts";
import { messageId } from "../../src/contracts/identity.ts";
import { eventStreams } from "../../src/contracts/streams.ts";
import { eventHeaders } from "../../src/messaging/headers.ts";

const FOLDER = join(import.meta.dir, "fixtures/events");
const ORDER_ID = "01890a5d-ac96-774b-bcce-b302099a8057";
const CHARGE_ID = "4ad5bd4c-7bd0-5f4b-9d6a-0b9a0f1f4a10";
const REFUND_ID = "6f1f8a44-8f43-5d0e-b1d5-6a1a5b0b7a11";
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const facts = {
	order_id: ORDER_ID,
	tenant_id: "default",
	customer_id: "customer-1",
	currency: "EUR",
	total_amount: 9_007_199_254_740_991,
	occurred_at: "2026-01-02T03:04:05.678Z",
};
const stock = [{ sku: "SKU-1", quantity: 2 }];
const orderLines = [{ sku: "SKU-1", quantity: 2, unit_price: 1_250 }];
const money = { charge_id: CHARGE_ID, gateway_reference: "ch_1" };

/** One event of each kind. What comes of it is in the fixtures, byte for byte. */
const samples: { [S in Subject]: Omit<Payload<S>, "message_id"> } = {
	"orders.created.v1": {
		order_id: ORDER_ID,
		customer_id: "customer-1",
		total_amount: 12.34,
		created_at: 1_767_323_045_678,
	},
	"orders.created.v2": { ...facts, lines: orderLines, payment_token: "tok_visa" },
	"orders.confirmed.v1": facts,
	"orders.cancelled.v1": { ...facts, reason: "payment_failed" },
	"inventory.reserved.v1": { ...facts, lines: stock, payment_token: "tok_visa" },
	"inventory.rejected.v1": { ...facts, sku: "SKU-1" },
	"inventory.released.v1": { ...facts, lines: stock },
	"payments.completed.v1": { ...facts, ...money },
	"payments.failed.v1": { ...facts, charge_id: CHARGE_ID, decline_code: "expired_card" },
	"operations.acted.v1": {
		action_id: CHARGE_ID,
		operator: "ada",
		action: "dead_letters.redrive",
		phase: "begun",
		details: '{"sequences":[42]}',
		occurred_at: facts.occurred_at,
	},
	"payments.refunded.v1": { ...facts, ...money, refund_id: REFUND_ID, amount: 2_500 },
};

const subjects = Object.keys(contracts) as Subject[];
const golden = (name: string) => readFileSync(join(FOLDER, name), "utf8");
const sampleOf = (subject: Subject) =>
	createEvent(subject, ORDER_ID, samples[subject] as never, TRACEPARENT);

test("every subject has a golden file, and no file is without a subject", () => {
	const files = readdirSync(FOLDER).filter((name) => name.endsWith(".event"));
	expect(files.sort()).toEqual(subjects.map((subject) => `${subject}.event`).sort());
});

describe.each(subjects)("%s", (subject) => {
	const { schema, publisher, stream } = contracts[subject];

	test("is written as its golden file has it", () => {
		expect(`${sampleOf(subject).data}\n`).toBe(golden(`${subject}.event`));
	});

	test("is read back whole", () => {
		const data = JSON.parse(golden(`${subject}.event`));
		expect(schema.parse(data)).toEqual(data);
	});

	test("is read with a field of a later minor version, and without none of its own", () => {
		const data = JSON.parse(golden(`${subject}.event`));
		expect(schema.safeParse({ ...data, added_later: { any: "thing" } }).success).toBe(true);
		const optional = new Set(["tenant_id", "payment_token"]);
		for (const field of Object.keys(data).filter((name) => !optional.has(name))) {
			const { [field]: _, ...rest } = data;
			expect({ field, read: schema.safeParse(rest).success }).toEqual({ field, read: false });
		}
	});

	test("carries the id that follows from the order and the subject", () => {
		const { message_id } = sampleOf(subject);
		expect(message_id).toBe(messageId(subject, ORDER_ID));
		expect(JSON.parse(golden(`${subject}.event`)).message_id).toBe(message_id);
		expect(message_id).toMatch(/^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
	});

	test("lies on the stream that its subject belongs to, and ends in its version", () => {
		const [first, ...rest] = subject.split(".");
		expect(eventStreams[stream]).toEqual([`${first}.*.*`] as never);
		expect(rest).toHaveLength(2);
		expect(subject).toMatch(/\.v\d+$/);
		expect(["order", "inventory", "payment", "operations"]).toContain(publisher);
	});
});

test("no two subjects give one order the same id", () => {
	const ids = subjects.map((subject) => messageId(subject, ORDER_ID));
	expect(new Set(ids).size).toBe(subjects.length);
});

test.each([
	["plain", undefined, false],
	["traced-and-republished", TRACEPARENT, true],
] as const)("headers are as their golden file has them: %s", (name, traceparent, republished) => {
	const block = eventHeaders(sampleOf("orders.created.v2"), traceparent, republished).encode();
	expect(new TextDecoder().decode(block)).toBe(
		golden(`headers-${name}.txt`).replaceAll("\n", "\r\n"),
	);
});

describe("orders.created.v1 as other teams send it", () => {
	const { schema } = contracts["orders.created.v1"];
	const foreign = JSON.parse(golden("orders.created.v1.foreign"));

	test("is read", () => {
		expect(schema.parse(foreign)).toEqual({
			message_id: "f1d2d2f9",
			order_id: "A-4711",
			customer_id: "customer_9",
			total_amount: 99.9,
			created_at: 1_767_323_045_678,
		});
	});

	test.each([
		["a total that is text", { total_amount: "99.9" }],
		["a total below nothing", { total_amount: -0.01 }],
		["a time that is text", { created_at: "2026-01-02" }],
		["an order id that is no subject token", { order_id: "A.4711" }],
		["no id of its own", { message_id: "" }],
	])("is refused with %s", (_, change) => {
		expect(schema.safeParse({ ...foreign, ...change }).success).toBe(false);
	});
});

test("there is one copy of the NATS client, which its types and errors depend on", () => {
	const lock = readFileSync(join(import.meta.dir, "../../bun.lock"), "utf8");
	const versions = [...lock.matchAll(/"@nats-io\/nats-core@([^"]+)"/g)].map(
		([, version]) => version,
	);
	expect(versions).toHaveLength(1);
	expect(Bun.resolveSync("@nats-io/nats-core", Bun.resolveSync("nats", import.meta.dir))).toBe(
		Bun.resolveSync("@nats-io/nats-core", Bun.resolveSync("@nats-io/jetstream", import.meta.dir)),
	);
});
