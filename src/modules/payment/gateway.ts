/** What the gateway is asked to take or give back. */
export interface GatewayRequest {
	/** The gateway's idempotency key. It never changes for a charge or refund. */
	readonly key: string;
	readonly kind: "charge" | "refund";
	readonly order_id: string;
	/** Integer minor units. */
	readonly amount: number;
	/** ISO 4217. */
	readonly currency: string;
	readonly payment_token: string | undefined;
	/** The gateway's reference of the charge that a refund gives back. */
	readonly charge_reference: string | undefined;
}

/**
 * What is known after a call. `unknown` covers everything between "never arrived" and "done, but the
 * answer got lost"; the same key may be sent again.
 */
export type GatewayResult =
	| { readonly state: "succeeded"; readonly reference: string }
	| { readonly state: "declined"; readonly code: string }
	| { readonly state: "unknown"; readonly error: unknown };

/** The seam to whoever moves the money. */
export interface Gateway {
	/**
	 * Carries out each request at most once per key and answers in the order of the requests. Never
	 * rejects: what goes wrong with a call is the result of that call.
	 */
	submit(requests: readonly GatewayRequest[]): Promise<readonly GatewayResult[]>;
}
