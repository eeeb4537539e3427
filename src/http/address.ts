/** Where a server that listens there is reached from its own machine, without a slash at the end. */
export function addressOf({
	host,
	port,
}: {
	readonly host: string;
	readonly port: number;
}): string {
	if (host === "0.0.0.0" || host === "::") return `http://127.0.0.1:${port}`;
	return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
