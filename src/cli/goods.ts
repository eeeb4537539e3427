/** What the embedded shop sells; prices in cents. */
export const goods = [
	{ sku: "TEA", unit_price: 950 },
	{ sku: "MUG", unit_price: 840 },
	{ sku: "COFFEE", unit_price: 1_290 },
	{ sku: "HONEY", unit_price: 620 },
	{ sku: "BISCUITS", unit_price: 380 },
	{ sku: "KETTLE", unit_price: 3_900 },
] as const;

/** Something that people order and that is never there. */
export const soldOut = { sku: "TEAPOT", unit_price: 5_400 } as const;

/** A piece of either. */
export type Article = (typeof goods)[number] | typeof soldOut;

const PIECES = 1_000_000;
const RECEIPT_ID = "first-goods-of-the-embedded-shop";

/** Reports the shop's first goods to the API at `http_url`. They count once, however often it is done. */
export async function receiveGoods(http_url: string): Promise<void> {
	const lines = goods.map(({ sku }) => ({ sku, quantity: PIECES }));
	const answer = await fetch(`${http_url}/v1/stock/receipts`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ receipt_id: RECEIPT_ID, lines }),
	});
	if (!answer.ok) throw new Error(`The first goods were refused: ${await answer.text()}`);
}
