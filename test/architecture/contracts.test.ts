import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { contracts, personalFields, type Subject } from "../../src/contracts/events.ts";
import { PERSONAL_MARK } from "../../src/contracts/identity.ts";
import { orderCancelledV1, orderCreatedV2, orderLine } from "../../src/contracts/order-events.ts";
import { breachesOf, type JsonSchema } from "./contract-breaches.ts";

const FOLDER = join(import.meta.dir, "released-contracts");
const WAY_OUT =
	"A released contract only gets optional fields. Make another version of it (orders.created.v3).";

const schemaOf = (schema: z.ZodType): JsonSchema =>
	JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: "input" })));
const fileOf = (subject: string) => join(FOLDER, `${subject}.json`);
const released = (subject: string): JsonSchema => JSON.parse(readFileSync(fileOf(subject), "utf8"));
const subjects = Object.keys(contracts) as Subject[];

if (process.env.UPDATE) {
	for (const subject of subjects) {
		const current = schemaOf(contracts[subject].schema);
		const before = existsSync(fileOf(subject)) ? released(subject) : undefined;
		if (before && Bun.deepEquals(before, current)) continue;
		if (before && breachesOf(before, current).length > 0) continue;
		writeFileSync(fileOf(subject), `${JSON.stringify(current, null, "\t")}\n`);
	}
}

describe("released contracts", () => {
	test("are all still there, and what is there is released", () => {
		const files = readdirSync(FOLDER).map((name) => name.replace(/\.json$/, ""));
		expect(files.sort()).toEqual([...subjects].sort());
	});

	test.each(subjects)("%s is as it was released, but for optional fields", (subject) => {
		const breaches = breachesOf(released(subject), schemaOf(contracts[subject].schema));
		expect({ breaches, way_out: WAY_OUT }).toEqual({ breaches: [], way_out: WAY_OUT });
	});

	test.each(subjects)("%s is on file as it is (UPDATE=1 writes what was added)", (subject) => {
		expect(released(subject)).toEqual(schemaOf(contracts[subject].schema));
	});
});

/** Fields that are about a person by their names, at any depth, with whether they are marked. */
function namedPersonal(schema: JsonSchema): [name: string, isMarked: boolean][] {
	const fields = Object.entries(schema.properties ?? {});
	const here = fields.filter(([name]) => /^customer_|^payment_token$/.test(name));
	const below = [schema.items, ...Object.values(schema.properties ?? {})];
	return [
		...here.map(([name, field]): [string, boolean] => [name, field[PERSONAL_MARK] === true]),
		...below.flatMap((it) => (it ? namedPersonal(it) : [])),
	];
}

const unmarked = (schema: z.ZodType) =>
	namedPersonal(schemaOf(schema)).flatMap(([name, isMarked]) => (isMarked ? [] : [name]));

describe("what is about a person", () => {
	test.each(subjects)("is marked in %s, so that the audit log seals it", (subject) => {
		expect(unmarked(contracts[subject].schema)).toEqual([]);
	});

	test("is found where it is not marked", () => {
		const edited = orderCreatedV2.extend({
			customer_email: z.string().optional(),
			lines: z.array(orderLine.extend({ payment_token: z.string() })),
		});
		expect(unmarked(edited).sort()).toEqual(["customer_email", "payment_token"]);
	});

	test("is known by name to whoever seals it", () => {
		const named = subjects.flatMap((it) => namedPersonal(schemaOf(contracts[it].schema)));
		expect([...personalFields].sort()).toEqual([...new Set(named.map(([name]) => name))].sort());
	});
});

describe("an edit of a released contract", () => {
	const created = schemaOf(orderCreatedV2);
	const cancelled = schemaOf(orderCancelledV1);

	test.each<[string, JsonSchema, z.ZodType, string]>([
		["loses a field", created, orderCreatedV2.omit({ lines: true }), "lines: is gone"],
		[
			"loses an optional field",
			created,
			orderCreatedV2.omit({ payment_token: true }),
			"payment_token: is gone",
		],
		[
			"adds a field that has to be there",
			created,
			orderCreatedV2.extend({ channel: z.string() }),
			"channel: is added and required",
		],
		[
			"makes a field optional that readers rely on",
			created,
			orderCreatedV2.partial({ currency: true }),
			"currency: was required, is optional",
		],
		[
			"makes a field required that writers leave out",
			created,
			orderCreatedV2.required({ payment_token: true }),
			"payment_token: was optional, is required",
		],
		[
			"changes a type",
			created,
			orderCreatedV2.extend({ total_amount: z.string() }),
			"total_amount: type was",
		],
		[
			"narrows a range",
			created,
			orderCreatedV2.extend({ total_amount: z.int().min(1) }),
			"total_amount: minimum was 0, is 1",
		],
		[
			"widens what a text may be",
			created,
			orderCreatedV2.extend({ customer_id: z.string() }),
			"customer_id: pattern was",
		],
		[
			"changes a default",
			created,
			orderCreatedV2.extend({ tenant_id: z.string().default("other") }),
			'tenant_id: default was "default", is "other"',
		],
		[
			"changes what is in a list",
			created,
			orderCreatedV2.extend({ lines: z.array(orderLine.omit({ sku: true })) }),
			"lines[].sku: is gone",
		],
		[
			"adds a reason that old readers refuse",
			cancelled,
			orderCancelledV1.extend({ reason: z.enum(["customer_request", "fraud"]) }),
			"reason: enum was",
		],
		[
			"refuses fields that it does not know",
			created,
			z.strictObject(orderCreatedV2.shape),
			"additionalProperties was not set, is false",
		],
	])("is refused when it %s", (_, before, after, breach) => {
		expect(breachesOf(before, schemaOf(after)).join("\n")).toContain(breach);
	});

	test.each<[string, z.ZodType]>([
		["adds an optional field", orderCreatedV2.extend({ gift_note: z.string().optional() })],
		[
			"adds an optional field to what is in a list",
			orderCreatedV2.extend({ lines: z.array(orderLine.extend({ note: z.string().optional() })) }),
		],
		["says more to people", orderCreatedV2.meta({ description: "An order that was taken." })],
	])("is let through when it %s", (_, after) => {
		expect(breachesOf(created, schemaOf(after))).toEqual([]);
	});
});
