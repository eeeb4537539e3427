import { expect, test } from "bun:test";
import { contracts, createEvent } from "../contracts/events.ts";
import { fingerprintOf } from "./fingerprint.ts";

const of = (error: unknown, reason = "attempts exhausted") =>
	fingerprintOf({ subject: "orders.created.v2", consumer: "order-settle", reason, error });

function withStack(stack: string, error = new TypeError("of order 17")): Error {
	error.stack = stack;
	return error;
}

const deep = `TypeError: of order 17
    at parse (/app/node_modules/postgres/src/connection.ts:7:1)
    at run (/app/src/database/connection.ts:80:11)
    at async charge (/app/src/modules/payment/charge-order.ts:41:20)
    at async judge (/app/src/messaging/judge.ts:14:16)`;

test("names the error and our first frame outside the plumbing", () => {
	const found = of(withStack(deep));
	expect(found).toMatchObject({
		type: "TypeError",
		place: "modules/payment/charge-order.ts charge",
	});
	expect(found.fingerprint).toMatch(/^[\da-f]{12}$/);
});

test.each([
	["lines that moved", deep.replaceAll(/:\d+:\d+/g, ":99:9"), true],
	["another folder of installation", deep.replaceAll("/app/", "/srv/millrace/"), true],
	["an executable, with frames of its own", deep.replaceAll("/app/", "/$bunfs/root/"), true],
	["a message about another order", deep.replace("order 17", "order 18"), true],
	["another function", deep.replace("async charge ", "async refund "), false],
	["another file", deep.replace("charge-order", "refund-order"), false],
])("is the same or not with %s", (_, stack, same) => {
	const [one, other] = [deep, stack].map((text) => of(withStack(text)));
	expect(one?.fingerprint === other?.fingerprint).toBe(same);
});

test("tells errors of one place apart by name and code", () => {
	const named = (code: string) => of(Object.assign(withStack(deep), { code })).fingerprint;
	expect(new Set([named("22P02"), named("23502"), named("22P02")]).size).toBe(2);
});

test("reads frames as this runtime writes them", () => {
	const attempt = () => createEvent("orders.created.v2", "17", undefined as never, undefined);
	let thrown: unknown;
	try {
		attempt();
	} catch (error) {
		thrown = error;
	}
	expect(of(thrown).place).toBe("contracts/events.ts createEvent");
});

test("of a broken contract are the fields, whatever their values and places in a list", () => {
	const { schema } = contracts["orders.created.v2"];
	const [one, other] = [
		{ lines: [{}, { sku: "A", quantity: 1, unit_price: 1 }] },
		{ lines: [{ sku: "A", quantity: 1, unit_price: 1 }, {}] },
	].map((data) => of(schema.safeParse(data).error, "schema violation"));
	expect(one?.place).toMatch(/^orders\.created\.v2: .*lines\.\*\.sku/);
	expect(other).toEqual(one as never);
});

test("without a frame or an error is the reason and the durable", () => {
	expect(of(undefined, "crash loop")).toMatchObject({
		type: "crash loop",
		place: "order-settle",
	});
	expect(of(withStack("Error: y")).place).toBe("order-settle");
});
