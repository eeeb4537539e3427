import { PortTakenError } from "./port-taken.ts";

export interface ListenOptions {
	readonly host: string;
	/** 0 takes any free port. */
	readonly port: number;
	/** The variable or flag that changes the port, for the error. */
	readonly setting: string;
	readonly fetch: (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;
	/** After so many seconds without a byte a connection is closed; 10 when left out, 255 at most. */
	readonly idle_timeout_s?: number;
	/** A larger body is refused before it is read; 128 MiB when left out. */
	readonly body_bytes_max?: number;
}

/**
 * Opens a server whose port is its own.
 * @throws PortTakenError when the port is in use; any other error of the address as it comes.
 */
export function listen(o: ListenOptions): Bun.Server<undefined> {
	try {
		return Bun.serve({
			hostname: o.host,
			port: o.port,
			fetch: o.fetch,
			development: false,
			// Without development, Bun shares a port unless it is told not to: a second program would
			// start without a word and take away every other connection.
			reusePort: false,
			...(o.idle_timeout_s !== undefined && { idleTimeout: o.idle_timeout_s }),
			...(o.body_bytes_max !== undefined && { maxRequestBodySize: o.body_bytes_max }),
		});
	} catch (error) {
		if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
		throw new PortTakenError(o, { cause: error });
	}
}
