/** An embedded server cannot be had or started. The message says what happened and the way out. */
export class EmbeddedError extends Error {
	override readonly name = "EmbeddedError";
}
