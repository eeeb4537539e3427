import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Gateway } from "./gateway.ts";
import { createGuardedGateway, type GuardSettings } from "./guarded-gateway.ts";
import { openBareGateway } from "./open-bare-gateway.ts";
import { readWebhook, type Webhook } from "./webhook.ts";

export interface OpenGatewayOptions extends GuardSettings {
	readonly gateway: "stripe" | "in-process";
	readonly default_token: string;
	readonly call_timeout_ms: number;
	/** Undefined where no gateway is reached over the network. */
	readonly stripe:
		| {
				readonly api_key: string;
				readonly api_url: string;
				readonly webhook_secret: string | undefined;
		  }
		| undefined;
	/** Holds the ledger of the gateway inside the process. */
	readonly data_folder: string;
}

/** A gateway, and how what it tells by itself is read. */
export interface OpenGateway {
	readonly gateway: Gateway;
	/** Undefined when it tells nothing by itself. */
	readonly readWebhook:
		| ((body: string, signature: string | undefined) => Promise<Webhook>)
		| undefined;
}

/** Opens the gateway that the configuration names; undefined when it does not say how to reach it. */
export function openGateway(
	options: OpenGatewayOptions,
	needs: { readonly metrics: Metrics; readonly log: Log },
): OpenGateway | undefined {
	const { stripe } = options;
	if (options.gateway === "in-process") {
		return { gateway: openBareGateway({ ...options, stripe: undefined }), readWebhook: undefined };
	}
	if (stripe === undefined) return undefined;
	const { webhook_secret } = stripe;
	return {
		gateway: createGuardedGateway(openBareGateway(options), options, needs),
		readWebhook:
			webhook_secret === undefined
				? undefined
				: (body, signature) => readWebhook(body, signature, webhook_secret),
	};
}
