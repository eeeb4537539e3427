/** The SKU that one order in a hundred asks for, and of which there is half of what is asked. */
export const SCARCE = "SCARCE";

const CUSTOMERS = 10_000;
const SKUS = 100;
const SCARCE_EVERY = 100;
const SCARCE_AT = 50;
const QUANTITY_MAX = 3;

/** Bodies repeat after this many orders. */
const VARIETY = CUSTOMERS;

interface Piece {
	readonly sku: string;
	readonly quantity: number;
}

/** What has to be in stock for so many orders: enough of everything but `SCARCE`. */
export function stockFor(orders: number): Piece[] {
	const plenty = Array.from({ length: SKUS }, (_, at) => ({
		sku: skuName(at),
		quantity: orders * QUANTITY_MAX * 2,
	}));
	const asked = Math.floor((orders + SCARCE_EVERY - SCARCE_AT - 1) / SCARCE_EVERY);
	const scarce = Math.floor(asked / 2);
	return scarce > 0 ? [...plenty, { sku: SCARCE, quantity: scarce }] : plenty;
}

/** The bytes of `POST /v1/orders` for each order to come; order `n` sends the one at `n % length`. */
export function buildRequests(host: string, orders: number): readonly Uint8Array[] {
	return Array.from({ length: Math.min(orders, VARIETY) }, (_, at) => {
		const body = JSON.stringify(orderBody(at));
		return Buffer.from(
			`POST /v1/orders HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
				`Content-Length: ${body.length}\r\n\r\n${body}`,
		);
	});
}

function orderBody(at: number) {
	const first = (at * 7) % SKUS;
	const second = (first + 1 + ((at * 13) % (SKUS - 1))) % SKUS;
	const scarce = at % SCARCE_EVERY === SCARCE_AT;
	return {
		customer_id: `customer-${at % CUSTOMERS}`,
		currency: "EUR",
		lines: [
			{
				sku: scarce ? SCARCE : skuName(first),
				quantity: scarce ? 1 : quantity(at),
				unit_price: 1_999,
			},
			{ sku: skuName(second), quantity: quantity(at + 1), unit_price: 450 },
		],
		payment_token: "tok_visa",
	};
}

function quantity(at: number): number {
	return 1 + (at % QUANTITY_MAX);
}

function skuName(at: number): string {
	return `sku-${String(at).padStart(3, "0")}`;
}
