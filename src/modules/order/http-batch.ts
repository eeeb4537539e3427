import type { Context } from "hono";
import { parseJson, readText } from "../../http/body.ts";
import { HttpProblem, invalid } from "../../http/problem.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { batchLineSchema, type OrderLimits } from "./http-schemas.ts";
import { takeOrder } from "./http-take.ts";
import type { Intake } from "./place-order.ts";

/** Takes many orders at once: NDJSON in, one result a line out, in the same order. Each line stands for itself. */
export async function takeBatch(
	c: Context,
	options: OrderLimits & { readonly body_bytes_max: number; readonly batch_body_bytes_max: number },
	{ intake, metrics }: { readonly intake: Intake; readonly metrics: Metrics },
): Promise<Response> {
	if (c.req.header("idempotency-key") !== undefined) {
		throw new HttpProblem(400, "The request is not valid", {
			detail: "In a batch each line has its own idempotency_key field.",
		});
	}
	const text = await readText(c, "application/x-ndjson", options.batch_body_bytes_max);
	const lines = text.split("\n").map((line) => line.trim());
	while (lines.at(-1) === "") lines.pop();
	const schema = batchLineSchema(options);

	async function take(line: string, index: number): Promise<string> {
		const number = { line: index + 1 };
		try {
			if (line.length > options.body_bytes_max) throw new HttpProblem(413, "The line is too large");
			const parsed = schema.safeParse(parseJson(line));
			if (!parsed.success) throw invalid(parsed.error);
			const { idempotency_key, ...body } = parsed.data;
			const { accepted, replayed } = await takeOrder(intake, body, idempotency_key, undefined);
			return JSON.stringify({ ...number, code: 202, ...accepted, replayed });
		} catch (error) {
			const problem =
				error instanceof HttpProblem
					? error
					: new HttpProblem(503, "The order could not be stored", {
							retry_after_s: 1,
							cause: error,
						});
			metrics.orders_rejected.inc({ reason: problem.status });
			return JSON.stringify({ ...number, code: problem.status, problem });
		}
	}

	const results = await Promise.all(lines.map(take));
	return new Response(results.map((result) => `${result}\n`).join(""), {
		headers: { "content-type": "application/x-ndjson" },
	});
}
