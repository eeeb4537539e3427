import type Stripe from "stripe";

type Answer = Awaited<ReturnType<Stripe.HttpClient["makeRequest"]>>;

/** A call without a whole answer. `code` is the runtime's, or `ETIMEDOUT`. */
class CallError extends Error {
	override readonly name = "CallError";
	readonly code: string;

	constructor(cause: Error & { readonly code?: unknown }, options: ErrorOptions) {
		super(cause.message, options);
		const code = String(cause.code);
		this.code = cause.name === "TimeoutError" ? "ETIMEDOUT" : (LOST.get(code) ?? code);
	}
}

/** The stripe client repeats a call once on these codes, even with no retries: it must not see them. */
const LOST: ReadonlyMap<string, string> = new Map([
	["ECONNRESET", "CONNECTION_LOST"],
	["EPIPE", "CONNECTION_LOST"],
]);

/**
 * How the stripe client reaches the gateway: by `fetch`, with one time-out over the whole call. It
 * sends each call once and follows no redirect. Bun keeps at most 64 idle sockets open.
 */
export function createStripeHttp(): Stripe.HttpClient {
	return {
		getClientName: () => "fetch",
		async makeRequest(host, port, path, method, headers, data, protocol, timeout_ms) {
			try {
				const response = await fetch(`${protocol}://${host}:${port}${path}`, {
					method,
					headers: headers as Record<string, string>,
					...(method === "POST" && { body: data }),
					redirect: "manual",
					signal: AbortSignal.timeout(timeout_ms),
				});
				const { status } = response;
				return toAnswer(status, response.headers.toJSON(), await response.text());
			} catch (cause) {
				throw new CallError(cause as Error, { cause });
			}
		},
	};
}

function toAnswer(status: number, headers: Record<string, string>, text: string): Answer {
	return {
		getStatusCode: () => status,
		getHeaders: () => headers,
		getRawResponse: () => ({}),
		toStream: () => text,
		toJSON: async () => JSON.parse(text),
	};
}
