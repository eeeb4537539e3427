import Stripe from "stripe";
import { createStripeHttp } from "./stripe-http.ts";

/** Answers have the form of this version, whatever the account is set to. Moves with the package. */
const API_VERSION = "2026-10-28.endive";

const STRIPE = "https://api.stripe.com";

export interface StripeAccess {
	readonly api_key: string;
	/** Where the API is, without a path; undefined is Stripe's own address. */
	readonly api_url: string | undefined;
	/** How long a call may take, from its first byte to the last of its answer. */
	readonly call_timeout_ms: number;
}

/** The official client, which sends each call once and tells nobody how it went. */
export function createStripeClient({ api_key, api_url, call_timeout_ms }: StripeAccess): Stripe {
	const { protocol, hostname, port } = new URL(api_url ?? STRIPE);
	const secure = protocol === "https:";
	return new Stripe(api_key, {
		apiVersion: API_VERSION,
		protocol: secure ? "https" : "http",
		host: hostname,
		port: port || (secure ? 443 : 80),
		timeout: call_timeout_ms,
		maxNetworkRetries: 0,
		telemetry: false,
		httpClient: createStripeHttp(),
	});
}
