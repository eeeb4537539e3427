import { expect, test } from "bun:test";
import { withoutPersonal } from "./without-personal.ts";

test.each([
	[
		{ field: "customer_id", before: "ada", after: "bob" },
		{ field: "customer_id", before: "(personal)", after: "(personal)" },
	],
	[
		{ field: "payment_token", after: "tok_visa" },
		{ field: "payment_token", after: "(personal)" },
	],
	[
		{ field: "total_amount", before: "12.50", after: 12.5 },
		{ field: "total_amount", before: "12.50", after: 12.5 },
	],
	[
		{
			field: "(all)",
			before: '{"customer_id":"ada"',
			after: { order_id: "o", customer_id: "ada" },
		},
		{ field: "(all)", before: "(personal)", after: { order_id: "o", customer_id: "(personal)" } },
	],
])("of %j the log keeps %j", (change, kept) => {
	expect(withoutPersonal(change)).toEqual(kept);
});
