/** The port is held by another program. The message says which setting moves us to another one. */
export class PortTakenError extends Error {
	override readonly name = "PortTakenError";
	readonly port: number;

	/** `setting` is the variable or flag that changes the port. */
	constructor({ port, setting }: { port: number; setting: string }, options?: ErrorOptions) {
		super(
			`Port ${port} is taken. Set ${setting} to another port, or stop the program that holds it.`,
			options,
		);
		this.port = port;
	}
}
