import { within } from "../lifecycle.ts";
import { redactUrls } from "../telemetry/redact.ts";

/** Something the process needs for its work. `check` throws when it is not there. */
export interface Check {
	readonly name: string;
	check(): Promise<void> | void;
}

export interface CheckResult {
	readonly name: string;
	readonly status: "ok" | "failed";
	/** Why it failed. */
	readonly error?: string;
	readonly duration_ms: number;
}

export interface Readiness {
	readonly status: "ready" | "not_ready" | "draining";
	readonly checks: readonly CheckResult[];
}

export interface Health {
	/** Runs all checks at once. Never rejects. */
	readiness(): Promise<Readiness>;
	/** From now on not ready, so that a load balancer looks elsewhere while work is finished. */
	drain(): void;
}

/** A check that takes longer than `check_ms_max` has failed. */
export function createHealth(checks: readonly Check[], check_ms_max: number): Health {
	const probes = checks.map((check) => shared(() => run(check, check_ms_max)));
	let draining = false;
	return {
		async readiness() {
			const results = await Promise.all(probes.map((probe) => probe()));
			const ready = results.every(({ status }) => status === "ok");
			const status = ready ? "ready" : "not_ready";
			return { status: draining ? "draining" : status, checks: results };
		},
		drain() {
			draining = true;
		},
	};
}

/** Probes that come at the same time get one answer, so that they cannot load what they ask. */
function shared<Result>(ask: () => Promise<Result>): () => Promise<Result> {
	let running: Promise<Result> | undefined;
	return () => {
		running ??= ask().finally(() => {
			running = undefined;
		});
		return running;
	};
}

async function run({ name, check }: Check, check_ms_max: number): Promise<CheckResult> {
	const start = performance.now();
	const duration_ms = () => Math.round(performance.now() - start);
	try {
		const answered = Promise.try(check).then(() => true);
		if (!(await within(check_ms_max, answered)))
			throw new Error(`no answer within ${check_ms_max} ms`);
		return { name, status: "ok", duration_ms: duration_ms() };
	} catch (error) {
		const message = redactUrls(error instanceof Error ? error.message : String(error));
		return { name, status: "failed", error: message, duration_ms: duration_ms() };
	}
}
