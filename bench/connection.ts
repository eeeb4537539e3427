import { type Answer, parseAnswer } from "./answer.ts";

/** An HTTP/1.1 connection with one request outstanding at most; it opens when it has something to send. */
export interface Connection {
	send(request: Uint8Array): void;
}

export interface ConnectionEvents {
	answered(answer: Answer): void;
	/** The request may have been taken or not. The connection can be used again. */
	broken(reason: string): void;
}

/** @param target where the server listens */
export function createConnection(
	target: { readonly hostname: string; readonly port: number },
	events: ConnectionEvents,
): Connection {
	let socket: Bun.Socket | undefined;
	let outstanding: Uint8Array | undefined;
	let received = "";

	function breakOff(reason: string) {
		socket = undefined;
		received = "";
		if (outstanding === undefined) return;
		outstanding = undefined;
		events.broken(reason);
	}

	function write(request: Uint8Array) {
		if (socket?.write(request) === request.length) return;
		socket?.terminate();
		breakOff("a request did not fit the socket");
	}

	const handler = {
		open(opened: Bun.Socket) {
			socket = opened;
			opened.setNoDelay(true);
			if (outstanding) write(outstanding);
		},
		data(_: Bun.Socket, bytes: Buffer) {
			received += bytes.toString("latin1");
			const answer = parseAnswer(received);
			if (answer === undefined) return;
			received = "";
			outstanding = undefined;
			events.answered(answer);
		},
		close: () => breakOff("the server closed the connection"),
		error: (_: Bun.Socket, error: Error) => breakOff(error.message),
		connectError: (_: Bun.Socket, error: Error) => breakOff(error.message),
	};

	return {
		send(request) {
			outstanding = request;
			if (socket) write(request);
			else Bun.connect({ ...target, socket: handler }).catch(() => {});
		},
	};
}
