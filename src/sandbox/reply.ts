import { ApiError, type ErrorFields, internalError } from "./api-error.ts";
import { renderError } from "./render.ts";

/** What becomes of a request on the wire. */
export interface Reply {
	readonly status: number;
	readonly body: string;
	/** The answer of an earlier request with the same key. */
	readonly replayed?: boolean;
	readonly retry_after_s?: number;
	/** What the client gets instead: a closed connection, nothing, or half of the body. */
	readonly cut?: "reset" | "hang" | "truncate";
}

export function reply(status: number, body: string): Reply {
	return { status, body };
}

export function errorReply(status: number, fields: ErrorFields): Reply {
	return { status, body: renderError(fields) };
}

/** Stripe's answer to an error; one that is none of its errors is a fault of ours. */
export function replyTo(error: unknown): Reply {
	return error instanceof ApiError
		? errorReply(error.status, error.fields)
		: errorReply(500, internalError);
}

const RESET_REPLY: Reply = { status: 0, body: "", cut: "reset" };
const HANG_REPLY: Reply = { status: 0, body: "", cut: "hang" };
export const lostReplies = { reset: RESET_REPLY, hang: HANG_REPLY } as const;

export function rateLimitReply(retry_after_s: number): Reply {
	const message = "Request rate limit exceeded.";
	const fields = { type: "invalid_request_error", code: "rate_limit", message } as const;
	return { ...errorReply(429, fields), retry_after_s };
}
