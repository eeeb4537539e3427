import { type Config, ConfigError } from "../config.ts";
import { type Endpoints, readEndpoints } from "../embedded/endpoints.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { openBareGateway } from "../gateway/open-bare-gateway.ts";
import { openStore } from "../object-store/open-store.ts";
import { verifyLimits } from "../verify/limits.ts";
import { openVerifier } from "../verify/open-verifier.ts";
import { countFindings } from "../verify/report.ts";
import type { VerifyOptions } from "../verify/run.ts";
import { databaseUrls } from "./database-urls.ts";
import { parseDuration } from "./duration.ts";
import type { FlagValues } from "./flags.ts";
import { readSettings } from "./settings.ts";
import { openStepBar } from "./step-bar.ts";
import { UsageError } from "./usage-error.ts";
import { reportText } from "./verify-text.ts";
import { wholeNumber } from "./whole-number.ts";

/** Verifies the books of a millrace, prints what it found, and answers 0 when nothing is wrong. */
export async function verify(values: FlagValues): Promise<number> {
	const config = await readSettings(values);
	const options = optionsOf(values, config);
	const endpoints = readEndpoints(config.data_folder);
	const verifier = openVerifier({
		database_urls: databaseUrls(config, endpoints),
		connect_timeout_s: config.database.connect_timeout_s,
		gateway: values["no-gateway"] ? undefined : gatewayOf(config, endpoints),
		log_files: openStore(config.audit.store, config.bucket_access),
	});
	const bar = values.json || !process.stderr.isTTY ? undefined : openStepBar();
	try {
		const report = await verifier.verify({ ...options, ...(bar && { progress: bar.show }) });
		bar?.close();
		console.log(values.json ? JSON.stringify(report) : reportText(report));
		return countFindings(report) === 0 ? 0 : 1;
	} finally {
		bar?.close();
		await verifier.close();
	}
}

function optionsOf(values: FlagValues, config: Config): VerifyOptions {
	const number = (flag: "settle-s" | "unknown-minutes") => {
		const text = values[flag];
		return text === undefined ? undefined : wholeNumber(flag, text);
	};
	return {
		since_ms: values.since === undefined ? undefined : sinceOf(values.since),
		...verifyLimits(config, {
			settle_s: number("settle-s"),
			unknown_minutes: number("unknown-minutes"),
		}),
	};
}

function sinceOf(text: string): number {
	const ago_ms = parseDuration(text);
	const since_ms = ago_ms === undefined ? Date.parse(text) : Date.now() - ago_ms;
	if (!Number.isNaN(since_ms)) return since_ms;
	throw new UsageError(`--since takes a time such as 24h or 2026-01-31T12:00:00Z, not "${text}".`);
}

function gatewayOf({ payment, stripe, data_folder }: Config, endpoints?: Endpoints): Gateway {
	const { call_timeout_ms } = payment;
	const sandbox = endpoints?.gateway_url;
	// The sandbox takes any test key.
	const found = stripe ?? (sandbox && { api_key: "sk_test_verify", api_url: sandbox });
	if (payment.gateway === "in-process")
		return openBareGateway({ data_folder, stripe: undefined, call_timeout_ms });
	if (found) return openBareGateway({ data_folder, stripe: found, call_timeout_ms });
	throw new ConfigError(
		"Set STRIPE_API_KEY to read the gateway's books, or call with --no-gateway.",
	);
}
