import { join } from "node:path";
import type { Gateway } from "./gateway.ts";
import { createInProcessGateway } from "./in-process-gateway.ts";
import { createStripeGateway } from "./stripe-gateway.ts";

export interface BareGatewayOptions {
	/** Holds the ledger of the gateway inside the process. */
	readonly data_folder: string;
	/** Undefined for the gateway inside the process. */
	readonly stripe: { readonly api_key: string; readonly api_url: string } | undefined;
	readonly call_timeout_ms: number;
	/** Left out where no money is moved. */
	readonly default_token?: string;
}

/** Opens a gateway without a guard around it. */
export function openBareGateway(options: BareGatewayOptions): Gateway {
	const { data_folder, stripe, call_timeout_ms, default_token } = options;
	if (stripe === undefined) return createInProcessGateway(join(data_folder, "gateway"));
	return createStripeGateway({ ...stripe, call_timeout_ms, default_token });
}
