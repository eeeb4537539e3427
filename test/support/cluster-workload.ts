/** What becomes of an order when nothing disturbs it. */
export type Fate = "confirmed" | "declined" | "out_of_stock" | "scarce";

/** The body of `POST /v1/orders` with what is to become of it. */
export interface WorkloadOrder {
	readonly fate: Fate;
	readonly body: {
		readonly customer_id: string;
		readonly currency: string;
		readonly payment_token: string;
		readonly lines: readonly {
			readonly sku: string;
			readonly quantity: number;
			readonly unit_price: number;
		}[];
	};
}

/** Goods that come in before the first order. */
export interface Goods {
	readonly sku: string;
	readonly quantity: number;
}

export interface Workload {
	readonly goods: readonly Goods[];
	readonly orders: readonly WorkloadOrder[];
}

export interface WorkloadOptions {
	readonly seed: number;
	readonly orders: number;
	/** Also orders for a SKU of which only some can have a piece; which of them is left to chance. */
	readonly scarce?: boolean;
}

const SKUS = Array.from({ length: 8 }, (_, index) => `sku-${index}`);
const CURRENCIES = ["EUR", "USD", "JPY"];
const SCARCE = "sku-scarce";
const PLENTY = 1_000_000;

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
	let state = seed | 0;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Orders of every fate, the same for the same seed. */
export function makeWorkload({ seed, orders, scarce = false }: WorkloadOptions): Workload {
	const random = seededRandom(seed);
	const below = (n: number) => Math.floor(random() * n);
	const pick = <T>(values: readonly T[]) => values[below(values.length)] as T;

	function fate(): Fate {
		const chance = random();
		if (chance < 0.08) return "declined";
		if (chance < 0.16) return "out_of_stock";
		return scarce && chance < 0.26 ? "scarce" : "confirmed";
	}

	function order(): WorkloadOrder {
		const ends = fate();
		const lines = Array.from({ length: 1 + below(3) }, () => ({
			sku: pick(SKUS),
			quantity: 1 + below(3),
			unit_price: 1 + below(10_000),
		}));
		if (ends === "out_of_stock") lines.push({ sku: pick(SKUS), quantity: PLENTY, unit_price: 1 });
		if (ends === "scarce") lines.push({ sku: SCARCE, quantity: 1, unit_price: 500 });
		return {
			fate: ends,
			body: {
				customer_id: `customer-${below(50)}`,
				currency: pick(CURRENCIES),
				payment_token: ends === "declined" ? "decline_insufficient_funds" : "tok_visa",
				lines,
			},
		};
	}

	return {
		goods: [
			...SKUS.map((sku) => ({ sku, quantity: PLENTY - 1 })),
			{ sku: SCARCE, quantity: Math.ceil(orders / 30) },
		],
		orders: Array.from({ length: orders }, order),
	};
}
