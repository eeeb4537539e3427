import { type Article, goods, soldOut } from "./goods.ts";

const DECLINED_EVERY = 8;
const SOLD_OUT_EVERY = 12;
const LINES_MAX = 3;
const QUANTITY_MAX = 3;

/**
 * The body of the demo's order `number`, counted from 0. Now and then one whose card is declined, or
 * one for something that is sold out; never the first ones.
 * @param chance 0 to 1, without 1
 */
export function demoOrder(number: number, chance: () => number) {
	const declined = number % DECLINED_EVERY === 5;
	const out = number % SOLD_OUT_EVERY === 10;
	return {
		customer_id: "demo",
		currency: "EUR",
		lines: (out ? [...basket(chance).slice(1), soldOut] : basket(chance)).map(
			({ sku, unit_price }) => ({
				sku,
				unit_price,
				quantity: 1 + Math.floor(chance() * QUANTITY_MAX),
			}),
		),
		payment_token: declined ? "decline_insufficient_funds" : "card_of_the_demo",
	};
}

function basket(chance: () => number): readonly Article[] {
	const from = Math.floor(chance() * goods.length);
	const lines = 1 + Math.floor(chance() * LINES_MAX);
	return [...goods, ...goods].slice(from, from + lines);
}
