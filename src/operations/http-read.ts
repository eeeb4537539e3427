import type { Context } from "hono";
import type { z } from "zod";
import { parseJson, readText } from "../http/body.ts";
import { invalid } from "../http/problem.ts";

const BODY_BYTES_MAX = 262_144;

/** @throws HttpProblem when the body is not what the schema says */
export async function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
	const text = await readText(c, "application/json", BODY_BYTES_MAX);
	const body = schema.safeParse(parseJson(text));
	if (!body.success) throw invalid(body.error);
	return body.data;
}
