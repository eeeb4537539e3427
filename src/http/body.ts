import type { Context } from "hono";
import { HttpProblem } from "./problem.ts";

/**
 * Reads a request's body as text.
 * @param type the only media type that is taken
 * @throws HttpProblem 413 when it is larger than `bytes_max`, 415 when it is of another type.
 */
export async function readText(c: Context, type: string, bytes_max: number): Promise<string> {
	const sent = c.req.header("content-type");
	if (sent !== type && sent?.split(";")[0]?.trim().toLowerCase() !== type) {
		throw new HttpProblem(415, "The body is of another type", { detail: `Send it as ${type}.` });
	}
	if (Number(c.req.header("content-length") ?? 0) > bytes_max) throw tooLarge(bytes_max);
	const text = await c.req.text();
	if (text.length > bytes_max || Buffer.byteLength(text) > bytes_max) throw tooLarge(bytes_max);
	return text;
}

/** @throws HttpProblem 400 when the text is not JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (cause) {
		return notJson(cause);
	}
}

function notJson(cause: unknown): never {
	throw new HttpProblem(400, "The body is not JSON", { cause });
}

function tooLarge(bytes_max: number): HttpProblem {
	return new HttpProblem(413, "The body is too large", { detail: `At most ${bytes_max} bytes.` });
}
