import { z } from "zod";

/** Ids chosen by clients and producers: 1 to 64 letters, digits, `_` or `-`. Safe in a subject, a path and a header. */
const IDENTIFIER_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

export const identifier = z.string().regex(IDENTIFIER_PATTERN);

/** The same without a reason, for where there are many of them. */
export function isIdentifier(value: unknown): value is string {
	return typeof value === "string" && IDENTIFIER_PATTERN.test(value);
}

/** Says of a field that it is about a person: the audit log keeps it under a key of that person's own. */
export const PERSONAL_MARK = "x-personal";
export const personalIdentifier = identifier.meta({ [PERSONAL_MARK]: true });

/** The tenant of everything that arrives without an API key of its own. */
export const DEFAULT_TENANT = "default";

const NAMESPACE = "6f0d7a5e-3c1b-5f6e-9a57-1d2b8c4e7f90";

/**
 * The id of the event that `subject` says about `key` (an order id, or a refund id where an order
 * can have several). It is derived, so an event that has to be published again is the same event.
 */
export function messageId(subject: string, key: string): string {
	return Bun.randomUUIDv5(`${subject}/${key}`, NAMESPACE);
}
