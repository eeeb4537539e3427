import type { GatewayResult } from "./gateway.ts";
import { type Failure, GatewayError, type NotSent, notSent } from "./gateway-error.ts";

/** What the stripe client throws, as far as it is looked at. */
interface Thrown {
	readonly statusCode?: number;
	readonly rawType?: string;
	readonly code?: string;
	readonly decline_code?: string;
	readonly param?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly requestId?: string;
	readonly message?: string;
	/** Of a call without an answer: what the connection said. */
	readonly detail?: unknown;
}

/**
 * Errors of a connection before the first byte of a request. Not among them are `ECONNRESET`, which is
 * also said after it, and `EPROTO`, which Bun says of a handshake and of bytes broken afterwards alike.
 */
const BEFORE_FIRST_BYTE =
	/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|CERT_\w+|ERR_TLS_CERT\w+|UNABLE_TO_\w+|\w+_SIGNED_CERT\w*)$/;

const ABOUT_SET_UP: ReadonlySet<string> = new Set([
	"parameter_unknown",
	"secret_key_required",
	"testmode_charges_only",
	"tls_version_unsupported",
]);

const LOCKED_MS = 500;
/** However long it asks for: a proxy that says a day must not stop a day's sales. */
const RETRY_AFTER_MS_MAX = 60_000;
/** What a decline code of an event may have. */
const CODE_CHARACTERS_MAX = 64;

/** What is known of a call that the stripe client threw for. */
export function classify(error: unknown): GatewayResult {
	const thrown: Thrown = error instanceof Error ? error : {};
	const status = thrown.statusCode;
	if (status === undefined) return classifyConnection(thrown);
	if (status === 402) return declined(thrown);
	if (status === 429 || thrown.code === "rate_limit") return rateLimited(thrown);
	if (status === 401 || status === 403) return turnedAway("refused", thrown);
	if (status === 409) return unknown("key_in_use", thrown);
	if (thrown.rawType === "idempotency_error") return unknown("key_reused", thrown);
	if (status >= 400 && status < 500) return classifyValidation(thrown);
	return unknown(isReplayed(thrown) ? "unexpected" : "server_error", thrown);
}

function classifyConnection(thrown: Thrown): GatewayResult {
	const { detail } = thrown;
	const code = detail instanceof Error && "code" in detail ? String(detail.code) : undefined;
	if (code === undefined) {
		const message = `The gateway's answer cannot be read: ${thrown.message}`;
		return { state: "unknown", error: new GatewayError("server_error", message) };
	}
	if (BEFORE_FIRST_BYTE.test(code)) {
		return notSent(new GatewayError("unreachable", `The gateway cannot be reached (${code})`));
	}
	const error = new GatewayError("no_answer", `No whole answer came from the gateway (${code})`);
	return { state: "unknown", error };
}

/** What is wrong with the key, the address or the version would decline every order: nobody is declined for it. */
function classifyValidation(thrown: Thrown): GatewayResult {
	const { code, param } = thrown;
	const about_order = code === undefined ? param !== undefined : !ABOUT_SET_UP.has(code);
	return about_order ? declined(thrown) : turnedAway("refused", thrown);
}

function rateLimited(thrown: Thrown): GatewayResult {
	if (thrown.code === "lock_timeout") return turnedAway("locked", thrown, LOCKED_MS);
	return turnedAway("rate_limited", thrown, retryAfterMs(thrown.headers?.["retry-after"]));
}

function declined({ decline_code, code, rawType }: Thrown): GatewayResult {
	return { state: "declined", code: toCode(decline_code || code || rawType) };
}

/** A code that fits an event. */
export function toCode(text: string | null | undefined): string {
	return (text || "declined").slice(0, CODE_CHARACTERS_MAX);
}

function turnedAway(failure: Failure, thrown: Thrown, retry_after_ms?: number): NotSent {
	return notSent(new GatewayError(failure, describe(thrown), retry_after_ms));
}

function unknown(failure: Failure, thrown: Thrown): GatewayResult {
	return { state: "unknown", error: new GatewayError(failure, describe(thrown)) };
}

/** Only words: the client's own error carries the whole object, with what should not be in a log. */
function describe({ statusCode, code, rawType, requestId, message }: Thrown): string {
	const about = [code ?? rawType, requestId].filter((part) => part !== undefined).join(", ");
	return `The gateway answered ${statusCode}${about && ` (${about})`}: ${message}`;
}

/** An answer stored for its key says how the gateway was then, not how it is now. */
function isReplayed({ headers }: Thrown): boolean {
	return headers?.["idempotent-replayed"] === "true";
}

/** @param text seconds, or a date, as RFC 9110 has it */
function retryAfterMs(text: string | undefined): number | undefined {
	if (text === undefined || text === "") return undefined;
	const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
	return Number.isNaN(ms) ? undefined : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, Math.ceil(ms)));
}
