/** Postgres gave no answer in time, or cannot be reached. Whether the statement took effect is not known. */
export class DatabaseUnavailableError extends Error {
	override readonly name = "DatabaseUnavailableError";
}

/**
 * A concurrent writer was first, or a constraint stopped the statement. Nothing was written; read
 * again and decide again.
 */
export class WriteConflictError extends Error {
	override readonly name = "WriteConflictError";
}

const UNAVAILABLE = new Set([
	"CONNECTION_CLOSED",
	"CONNECTION_ENDED",
	"CONNECTION_DESTROYED",
	"CONNECT_TIMEOUT",
	"ECONNREFUSED",
	"ECONNRESET",
	"EPIPE",
	"ENOTFOUND",
	"ETIMEDOUT",
	"ERR_SOCKET_CLOSED",
]);

/** SQLSTATE classes and codes: connection, resources, operator intervention, disk full, system error. */
const UNAVAILABLE_STATE = /^(08|53|57|58)/;

/** unique, check, deadlock, serialization. */
const CONFLICTS = new Set(["23505", "23514", "40P01", "40001"]);

/** Turns what the driver throws into the two errors above; everything else passes as it is. */
export function translateError(error: unknown): unknown {
	const code = (error as { code?: unknown } | undefined)?.code;
	if (typeof code !== "string") return error;
	const message = (error as Error).message;
	if (UNAVAILABLE.has(code) || UNAVAILABLE_STATE.test(code)) {
		return new DatabaseUnavailableError(message || code, { cause: error });
	}
	if (CONFLICTS.has(code)) return new WriteConflictError(message, { cause: error });
	return error;
}
