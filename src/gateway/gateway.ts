/** What the gateway is asked to take or give back. */
export interface GatewayRequest {
	/** The gateway's idempotency key, and our reference in its metadata. It never changes for a charge or refund. */
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

/** The money moved, or it surely never will under this key. */
export type Decided =
	| { readonly state: "succeeded"; readonly reference: string }
	| { readonly state: "declined"; readonly code: string };

/**
 * What is known after a call. `unknown` covers everything between "never arrived" and "done, but the
 * answer got lost". `not_sent` says that nothing was carried out: the call never left, or was turned
 * away before anything was done for its key. Both may be sent again with the same key.
 */
export type GatewayResult =
	| Decided
	| { readonly state: "unknown"; readonly error: unknown }
	| { readonly state: "not_sent"; readonly error: unknown; readonly retry_after_ms?: number };

/** What a look-up by our own reference found. `not_found` proves nothing while the key still lives. */
export type LookUpResult =
	| Decided
	| { readonly state: "not_found" }
	| { readonly state: "unknown"; readonly error: unknown };

/** One movement of money in the gateway's own books. */
export interface BookEntry {
	readonly kind: "charge" | "refund";
	/** Our key, as its metadata has it; undefined when somebody else made it. */
	readonly key: string | undefined;
	readonly order_id: string | undefined;
	readonly amount: number;
	/** ISO 4217. */
	readonly currency: string;
	readonly reference: string;
}

/** The seam to whoever moves the money. */
export interface Gateway {
	/**
	 * How many calls at the same time it takes now. 0 while it as a whole is away, or wants no calls; 1
	 * when it is time to see whether it is back.
	 */
	capacity(): number;
	/**
	 * Carries out each request at most once per key. Tells each result with the position of its
	 * request as soon as it is known; resolves when all are told. Never rejects: what goes wrong with a
	 * call is the result of that call.
	 * @param send_before on the clock of `performance.now()`; a call not begun by then is `not_sent`
	 */
	submit(
		requests: readonly GatewayRequest[],
		send_before: number,
		tell: (position: number, result: GatewayResult) => void,
	): Promise<void>;
	/** Asks by our own reference, never by the key, and moves nothing. */
	lookUp(request: GatewayRequest): Promise<LookUpResult>;
	/** All money that moved since `since_ms` (epoch ms), page by page, newest first. */
	books(since_ms: number): AsyncIterable<readonly BookEntry[]>;
}
