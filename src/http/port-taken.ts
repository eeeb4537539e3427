/** The port is held by another program. The message says which setting moves us to another one. */
export class PortTakenError extends Error {
	override readonly name = "PortTakenError";
	readonly port: number;

	constructor(port: number, setting: string, options?: ErrorOptions) {
		super(
			`Port ${port} is taken. Set ${setting} to another port, or stop the program that holds it.`,
			options,
		);
		this.port = port;
	}
}

/**
 * Calls `serve`, which opens `port`. `setting` is the variable or flag that changes the port.
 * @throws PortTakenError when the port is in use; any other error of `serve` as it is.
 */
export function claimPort<Server>(port: number, setting: string, serve: () => Server): Server {
	try {
		return serve();
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
			throw new PortTakenError(port, setting, { cause: error });
		}
		throw error;
	}
}
