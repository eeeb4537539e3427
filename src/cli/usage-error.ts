/** The command was called in a way it does not understand. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}

/** Of what Node's `parseArgs` throws, without its advice about arguments that begin with a dash. */
export function usageErrorOf(cause: unknown): UsageError {
	const { message } = cause as Error;
	const first = message.split(/\. |\n/)[0] ?? message;
	return new UsageError(first.endsWith(".") ? first : `${first}.`, { cause });
}
