/** An embedded server cannot be had or started. The message says what happened, then the way out. */
export class EmbeddedError extends Error {
	override readonly name = "EmbeddedError";

	constructor(what: string, { way_out, ...options }: ErrorOptions & { way_out?: string } = {}) {
		super(way_out === undefined ? what : `${what}. ${way_out}`, options);
	}
}

/** What stopped `work`, as an EmbeddedError; one that is not yet gets `way_out` added to it. */
export function embeddedError(cause: unknown, work: string, way_out: string): EmbeddedError {
	if (cause instanceof EmbeddedError) return cause;
	return new EmbeddedError(`${work}: ${(cause as Error).message}`, { way_out, cause });
}
