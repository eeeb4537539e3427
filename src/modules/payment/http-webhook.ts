import type { RouteConfig } from "@hono/zod-openapi";
import type { Context } from "hono";
import { z } from "zod";
import type { Webhook } from "../../gateway/webhook.ts";
import { readText } from "../../http/body.ts";
import { HttpProblem } from "../../http/problem.ts";
import type { Route } from "../../http/route.ts";
import { problem } from "./http-schemas.ts";
import type { GatewayNews } from "./settle-charge.ts";

export interface WebhookNeeds {
	/** @throws WebhookError when the signature is wrong or too old */
	readWebhook(body: string, signature: string | undefined): Promise<Webhook>;
	hear(news: GatewayNews): Promise<void>;
}

const BODY_BYTES_MAX = 262_144;

/** Where the gateway tells what became of a charge or refund. */
export function webhookRoute({ readWebhook, hear }: WebhookNeeds): Route {
	async function handle(c: Context) {
		const body = await readText(c, "application/json", BODY_BYTES_MAX);
		const news = await readWebhook(body, c.req.header("stripe-signature")).catch((cause) => {
			throw new HttpProblem(400, "The signature is not valid", { cause });
		});
		if (!("ignored" in news)) await hear(news);
		return c.json({ received: true });
	}
	return { spec, handle };
}

const spec = {
	method: "post",
	path: "/v1/webhooks/stripe",
	summary: "Take a signed event of the gateway",
	request: {
		headers: z.object({ "stripe-signature": z.string() }),
		body: { required: true, content: { "application/json": { schema: z.looseObject({}) } } },
	},
	responses: {
		200: {
			description: "The event is taken, or concerns nothing here.",
			content: { "application/json": { schema: z.object({ received: z.literal(true) }) } },
		},
		400: problem("The signature is not valid."),
	},
} satisfies RouteConfig;
