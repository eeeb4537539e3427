import { describe, expect, test } from "bun:test";
import Stripe from "stripe";
import { classify, toCode } from "./classify.ts";
import { type Failure, GatewayError, isSystemic } from "./gateway-error.ts";

interface Raw {
	readonly code?: string;
	readonly decline_code?: string;
	readonly param?: string;
	readonly headers?: Record<string, string>;
}

/** What the stripe client throws for an answer with this status. */
function answered(statusCode: number, type: string, raw: Raw = {}): Error {
	const told = { message: "as the gateway says it", type, statusCode, requestId: "req_1", ...raw };
	return Stripe.errors.StripeError.generate(told as never);
}

/** What the stripe client throws for a call without an answer. */
function broken(code: string): Error {
	const detail = Object.assign(new Error(`${code}: no connection`), { code });
	return new Stripe.errors.StripeConnectionError({ message: "no connection", detail } as never);
}

const invalid = "invalid_request_error";

describe("decided against", () => {
	test.each([
		[402, "card_error", { code: "card_declined", decline_code: "lost_card" }, "lost_card"],
		[402, "card_error", { code: "expired_card" }, "expired_card"],
		[402, "card_error", { code: "authentication_required" }, "authentication_required"],
		[402, "card_error", {}, "card_error"],
		[400, invalid, { code: "amount_too_small", param: "amount" }, "amount_too_small"],
		[400, invalid, { param: "amount" }, invalid],
		[404, invalid, { code: "resource_missing", param: "payment_intent" }, "resource_missing"],
		[422, invalid, { code: "parameter_invalid_integer" }, "parameter_invalid_integer"],
	] as const)("%p %s %j is declined as %s", (status, type, raw, code) => {
		expect(classify(answered(status, type, raw))).toEqual({ state: "declined", code });
	});

	test("a code is never longer than an event may have it, nor empty", () => {
		expect(toCode("x".repeat(300))).toHaveLength(64);
		expect([toCode(undefined), toCode("")]).toEqual(["declined", "declined"]);
	});
});

describe("nothing carried out", () => {
	test.each([
		[401, invalid, {}, "refused", true],
		[403, invalid, { code: "account_invalid" }, "refused", true],
		[404, invalid, {}, "refused", true],
		[400, invalid, {}, "refused", true],
		[400, invalid, { code: "parameter_unknown", param: "x" }, "refused", true],
		[429, invalid, {}, "rate_limited", false],
		[400, invalid, { code: "rate_limit" }, "rate_limited", false],
		[429, invalid, { code: "lock_timeout" }, "locked", false],
	] as const)("%p %s %j is not sent: %s", (status, type, raw, failure, systemic) => {
		const result = classify(answered(status, type, raw));
		expect(result).toMatchObject({ state: "not_sent", error: { failure } });
		expect(isSystemic(errorOf(result))).toBe(systemic);
	});

	test.each([
		"ECONNREFUSED",
		"ENOTFOUND",
		"EAI_AGAIN",
		"DEPTH_ZERO_SELF_SIGNED_CERT",
		"SELF_SIGNED_CERT_IN_CHAIN",
		"UNABLE_TO_VERIFY_LEAF_SIGNATURE",
		"CERT_HAS_EXPIRED",
		"ERR_TLS_CERT_ALTNAME_INVALID",
	])("%s is said before the first byte", (code) => {
		const result = classify(broken(code));
		expect(result).toMatchObject({ state: "not_sent", error: { failure: "unreachable" } });
		expect(isSystemic(errorOf(result))).toBe(true);
	});
});

describe("what may have been carried out", () => {
	const cases: [number, string, Raw, Failure, boolean][] = [
		[500, "api_error", {}, "server_error", true],
		[502, "api_error", {}, "server_error", true],
		[503, "api_error", {}, "server_error", true],
		[500, "api_error", { headers: { "idempotent-replayed": "true" } }, "unexpected", false],
		[400, "idempotency_error", {}, "key_reused", false],
		[307, "api_error", {}, "server_error", true],
	];
	test.each(cases)("%p %s %j is unknown: %s", (status, type, raw, failure, systemic) => {
		const result = classify(answered(status, type, raw));
		expect(result).toMatchObject({ state: "unknown", error: { failure } });
		expect(isSystemic(errorOf(result))).toBe(systemic);
	});

	test.each([
		"ECONNRESET",
		"CONNECTION_LOST",
		"EPIPE",
		"EPROTO",
		"ETIMEDOUT",
		"ENETUNREACH",
		"ERR_TLS_HANDSHAKE",
		"",
		"undefined",
	])("%p may be said after the first byte", (code) => {
		const result = classify(broken(code));
		expect(result).toMatchObject({ state: "unknown", error: { failure: "no_answer" } });
		expect(isSystemic(errorOf(result))).toBe(true);
	});

	test("a twin that is under way", () => {
		const result = classify(answered(409, "idempotency_error", { code: "idempotency_key_in_use" }));
		expect(result).toMatchObject({ state: "unknown", error: { failure: "key_in_use" } });
		expect(isSystemic(errorOf(result))).toBe(false);
	});

	test.each([
		["an answer that is no JSON", new Stripe.errors.StripeAPIError({ message: "x" } as never)],
		["an error of our own", new TypeError("x is not a function")],
		["what is no error", "x"],
	])("%s", (_, thrown) => {
		expect(classify(thrown)).toMatchObject({ state: "unknown" });
	});
});

describe("when to come again", () => {
	const after = (text: string) =>
		classify(answered(429, invalid, { headers: { "retry-after": text } }));

	test.each([
		["2", 2_000],
		["0.25", 250],
		["0", 0],
		["86400", 60_000],
		["Thu, 01 Jan 1970 00:00:00 GMT", 0],
	])("Retry-After %p is %p ms", (text, retry_after_ms) => {
		expect(after(text)).toMatchObject({ state: "not_sent", retry_after_ms });
	});

	test("is told of a date, too", () => {
		const result = after(new Date(Date.now() + 60_000).toUTCString());
		expect("retry_after_ms" in result && result.retry_after_ms).toBeWithin(50_000, 61_000);
	});

	test.each(["", "soon"])("is not told by %p", (text) => {
		expect(after(text)).not.toHaveProperty("retry_after_ms");
	});

	test("is soon for what somebody else has locked", () => {
		expect(classify(answered(429, invalid, { code: "lock_timeout" }))).toHaveProperty(
			"retry_after_ms",
			500,
		);
	});
});

test("the error tells the status, the code and the request, and carries nothing else", () => {
	const error = errorOf(classify(answered(500, "api_error", { code: "x" })));
	expect(error).toBeInstanceOf(GatewayError);
	expect((error as Error).message).toBe(
		"The gateway answered 500 (x, req_1): as the gateway says it",
	);
	expect((error as Error).cause).toBeUndefined();
});

function errorOf(result: object): unknown {
	return "error" in result ? result.error : undefined;
}
