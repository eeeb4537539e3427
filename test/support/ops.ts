/** What a test asks of the port for operators, below `/v1/`. */
export function createOps(ops_url: string) {
	return async (
		method: "GET" | "POST",
		path: string,
		body?: unknown,
		headers: Record<string, string> = {},
	) => {
		const response = await fetch(`${ops_url}/v1/${path}`, {
			method,
			...(body !== undefined && {
				body: JSON.stringify(body),
				headers: { "content-type": "application/json", ...headers },
			}),
		});
		const text = await response.text();
		return { status: response.status, text, json: <T>() => JSON.parse(text) as T };
	};
}
