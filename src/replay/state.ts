import type { RebuiltRow } from "./rebuild-order.ts";

/** Counts what was rebuilt and hashes it, in the order of order ids. */
export function createState() {
	const counts = { orders: 0, reservations: 0, charges: 0, refunds: 0 };
	const hash = new Bun.CryptoHasher("sha256");
	return {
		counts: counts as Readonly<typeof counts>,
		take(order_id: string, { table, refund_id = "", fields }: RebuiltRow) {
			counts[table] += 1;
			const values = fields.map(({ name, value }) => [name, value]);
			hash.update(`${JSON.stringify([order_id, table, refund_id, ...values])}\n`);
		},
		/** @param held pieces by SKU */
		end(held: ReadonlyMap<string, number>) {
			const skus = [...held].sort(([one], [other]) => (one < other ? -1 : 1));
			for (const sku of skus) hash.update(`${JSON.stringify(sku)}\n`);
			return { rebuilt: { ...counts, skus: skus.length }, state_hash: hash.digest("hex") };
		},
	};
}
