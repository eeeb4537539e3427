import { expect } from "bun:test";
import { join, resolve } from "node:path";
import Stripe from "stripe";
import { type Guarded, spawnGuarded, untilReady } from "../../src/embedded/guard.ts";
import { keptPorts } from "../../src/embedded/port.ts";
import type { FaultSettings } from "../../src/sandbox/faults.ts";
import type { OutageKind } from "../../src/sandbox/outage.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { eventually } from "./wait.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");
const READY_MS_MAX = 20_000;

export const SANDBOX_KEY = "sk_test_sandbox";
export const SANDBOX_WEBHOOK_SECRET = "whsec_sandbox";

/** What `/_sandbox/stats` answers. Counts are of the latest start, but for what the ledger holds. */
export interface SandboxStats {
	readonly seed: number;
	/** By status; `none` when there was no whole answer. */
	readonly requests: Readonly<Record<string, number>>;
	readonly faults: Readonly<Record<string, number>>;
	readonly replays: number;
	readonly late_posts: number;
	/** Requests with an idempotency key that are being carried out. */
	readonly keys_at_work: number;
	readonly charges: { readonly count: number; readonly amount: number; readonly declined: number };
	readonly refunds: { readonly count: number; readonly amount: number; readonly failed: number };
	readonly webhooks: {
		readonly sent: number;
		readonly delivered: number;
		readonly given_up: number;
		readonly waiting: number;
	};
	readonly outage: { readonly kind: OutageKind | null; readonly seconds_left: number };
}

/** An intent or a refund of `/_sandbox/ledger`. */
export interface LedgerRecord {
	readonly kind: "payment_intent" | "refund";
	readonly id: string;
	readonly amount: number;
	readonly currency: string;
	readonly status: string;
	readonly metadata: Readonly<Record<string, string>>;
	/** Of a refund: what it gives back of. */
	readonly intent?: string;
}

/** A sandbox gateway as a process of its own. It ends with the test process at the latest. */
export interface SandboxProcess {
	/** The same after every start. */
	readonly url: string;
	readonly data_folder: string;
	readonly pid: number;
	/** The official client, without retries of its own. */
	stripe(settings?: Stripe.StripeConfig): Stripe;
	/** Sets the faults; those left out are off. */
	faults(settings: FaultSettings): Promise<void>;
	/** One that refuses has closed the port when this resolves; the switches are away with it. */
	outage(kind: OutageKind, seconds: number): Promise<void>;
	endOutage(): Promise<void>;
	/** Sets where events go, and how. */
	webhook(settings: { url?: string | null; duplicate?: number; reorder?: number }): Promise<void>;
	stats(): Promise<SandboxStats>;
	ledger(): Promise<LedgerRecord[]>;
	/** Starts it again on its folder, after it has ended. */
	start(): Promise<void>;
	kill9(): Promise<void>;
	/** SIGTERM, and the exit code. */
	stop(): Promise<number>;
}

/** Starts a sandbox. `flags` are those of `millrace sandbox` besides the port and the folder. */
export async function startSandbox(flags: readonly string[] = []): Promise<SandboxProcess> {
	const data_folder = temporaryFolder("sandbox");
	const [port = 0] = keptPorts(join(data_folder, "ports"), 1);
	const url = `http://127.0.0.1:${port}`;
	let child = await launch();

	async function launch(): Promise<Guarded> {
		const place = ["--port", `${port}`, "--data-dir", data_folder];
		const started = await spawnGuarded({
			command: [process.execPath, MAIN, "sandbox", ...place, ...flags],
			log: join(data_folder, "log"),
			stop_signal: "TERM",
			force_signal: "KILL",
			stop_seconds_max: 15,
		});
		const ready = () =>
			fetch(`${url}/_sandbox/stats`).then(
				({ ok }) => ok,
				() => false,
			);
		await untilReady(started, { ready, timeout_ms: READY_MS_MAX });
		return started;
	}

	async function control(method: string, path: string, body?: object): Promise<Response> {
		const answer = await fetch(`${url}/_sandbox/${path}`, {
			method,
			...(body && { body: JSON.stringify(body) }),
		});
		if (answer.ok) return answer;
		const { message } = (await answer.json()) as { message: string };
		throw new Error(`${method} ${path}: ${message}`);
	}

	return {
		url,
		data_folder,
		get pid() {
			return child.pid;
		},
		stripe: (settings) => stripeAt(url, settings),
		faults: async (settings) => void (await control("PUT", "faults", settings)),
		async outage(kind, seconds) {
			await control("POST", "outage", { kind, seconds });
			if (kind !== "refuse") return;
			await eventually(() => expect(fetch(url)).rejects.toThrow(/unable to connect|refused/i));
		},
		endOutage: async () => void (await control("DELETE", "outage")),
		webhook: async (settings) => void (await control("PUT", "webhook", settings)),
		stats: async () => (await control("GET", "stats")).json() as Promise<SandboxStats>,
		async ledger() {
			const text = await (await control("GET", "ledger")).text();
			return text.split("\n").flatMap((line) => (line === "" ? [] : JSON.parse(line)));
		},
		async start() {
			child = await launch();
		},
		async kill9() {
			process.kill(child.pid, "SIGKILL");
			await child.exited;
		},
		async stop() {
			await child.stop();
			return await child.exited;
		},
	};
}

function stripeAt(url: string, settings: Stripe.StripeConfig = {}): Stripe {
	const { hostname, port } = new URL(url);
	return new Stripe(SANDBOX_KEY, {
		protocol: "http",
		host: hostname,
		port,
		maxNetworkRetries: 0,
		telemetry: false,
		...settings,
	});
}
