import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { StockLine } from "../../contracts/inventory-events.ts";
import { addUp, type Demand, reserve } from "./inventory.ts";

const sku = fc.constantFrom("A", "B", "C", "D");
const line = fc.record({ sku, quantity: fc.integer({ min: 1, max: 10 }) });
const lines = fc.array(line, { minLength: 1, maxLength: 6 });
const stock = fc.dictionary(sku, fc.integer({ min: 0, max: 25 }));
const demands = fc
	.array(lines, { maxLength: 20 })
	.map((all) => all.map((it, n): Demand => ({ order_id: `order-${n}`, lines: addUp(it) })));

function sumOf(lines: readonly { sku: string; quantity: number }[]): Map<string, number> {
	return new Map(addUp(lines).map(({ sku, quantity }) => [sku, quantity]));
}

describe("adding up", () => {
	test("names each SKU once and keeps every piece", () => {
		fc.assert(
			fc.property(lines, (list) => {
				const added = addUp(list);
				expect(new Set(added.map(({ sku }) => sku)).size).toBe(added.length);
				const total = (all: readonly StockLine[]) =>
					all.reduce((sum, { quantity }) => sum + quantity, 0);
				expect(total(added)).toBe(total(list));
			}),
		);
	});
});

describe("who gets stock", () => {
	test("what is held never exceeds what there is, and every demand is answered in order", () => {
		fc.assert(
			fc.property(stock, demands, (there, asked) => {
				const available = new Map(Object.entries(there));
				const decisions = reserve(available, asked);
				expect(decisions.map(({ demand }) => demand)).toEqual(asked);
				const held = decisions.flatMap((it) => (it.status === "held" ? it.demand.lines : []));
				for (const [sku, quantity] of sumOf(held))
					expect(quantity).toBeLessThanOrEqual(available.get(sku) ?? 0);
				expect(available).toEqual(new Map(Object.entries(there)));
			}),
		);
	});

	test("nobody is turned away while his turn finds enough, nor served when it does not", () => {
		fc.assert(
			fc.property(stock, demands, (there, asked) => {
				const left = new Map(Object.entries(there));
				const rest = (sku: string) => left.get(sku) ?? 0;
				for (const { status, demand } of reserve(left, asked)) {
					const fits = demand.lines.every((it) => rest(it.sku) >= it.quantity);
					expect(status).toBe(fits ? "held" : "rejected");
					const taken = fits ? demand.lines : [];
					for (const { sku, quantity } of taken) left.set(sku, rest(sku) - quantity);
				}
			}),
		);
	});

	test("a demand that does not fit takes nothing from the next, and says what it lacked", () => {
		const [first, second] = reserve(new Map([["A", 5]]), [
			{ order_id: "1", lines: addUp([...lines_of("A", 5), ...lines_of("B", 1)]) },
			{ order_id: "2", lines: lines_of("A", 5) },
		]);
		expect(first).toMatchObject({ status: "rejected", sku: "B" });
		expect(second).toMatchObject({ status: "held" });
	});
});

function lines_of(sku: string, quantity: number) {
	return [{ sku, quantity }];
}
