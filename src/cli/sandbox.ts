import { join, resolve } from "node:path";
import { lockFolder } from "../embedded/lock.ts";
import { listen } from "../http/listen.ts";
import { parseFaults } from "../sandbox/faults.ts";
import { createSandbox, type Sandbox } from "../sandbox/sandbox.ts";
import { parseDuration } from "./duration.ts";
import type { FlagValues } from "./flags.ts";
import { createOutput } from "./output.ts";
import { endOnFaults, stopWithin } from "./shutdown.ts";
import { watchSignals } from "./signals.ts";
import { UsageError } from "./usage-error.ts";
import { wholeNumber } from "./whole-number.ts";

const PORT = "4242";
const PORT_MAX = 65_535;
const SEED_MAX = 2 ** 32 - 1;
const HOST = "127.0.0.1";
const KEY_LIFETIME = "24h";
const WEBHOOK_SECRET = "whsec_sandbox";
const IDLE_TIMEOUT_S = 255;
const STOP_MS_MAX = 10_000;
const WAY_OUT = "Choose another folder with --data-dir, or stop that process.";

/** Runs the sandbox gateway until it is told to stop, and answers the exit code. */
export async function runSandbox(values: FlagValues): Promise<number> {
	const output = createOutput({
		text: process.stdout.isTTY === true,
		level: "info",
		roles: ["sandbox"],
	});
	const { log } = output;
	endOnFaults(log);
	const signals = watchSignals();
	const folder = resolve(values["data-dir"] ?? join(".millrace", "sandbox", "ledger"));
	const sandbox = sandboxOf(values, folder, (line) => log.warn(line));
	const lock = lockFolder(folder, WAY_OUT);
	signals.settle();
	await sandbox.start();
	const { url } = sandbox;
	if (output.screen) output.screen.print(welcome(url, folder));
	else log.info({ url, data_folder: folder }, "started");
	const failure = await Promise.race([
		signals.first.then(() => undefined),
		sandbox.failed.catch(asError),
	]);
	if (failure !== undefined) log.error({ err: failure }, "the ledger cannot be written");
	const code = await stopWithin(sandbox, STOP_MS_MAX, log);
	lock.release();
	return failure === undefined ? code : 1;
}

function asError(error: unknown): unknown {
	return error;
}

function sandboxOf(values: FlagValues, folder: string, report: (line: string) => void): Sandbox {
	const port = wholeNumber("port", values.port ?? PORT, { max: PORT_MAX });
	return createSandbox({
		folder,
		api_key: values.key,
		key_lifetime_ms: duration(values["key-lifetime"] ?? KEY_LIFETIME),
		faults: faultsOf(values.fault ?? ""),
		seed: wholeNumber("seed", values.seed ?? `${Date.now() % 2 ** 32}`, { max: SEED_MAX }),
		webhook: {
			url: values["webhook-url"],
			secret: values["webhook-secret"] ?? WEBHOOK_SECRET,
			duplicate: share(values, "webhook-duplicate"),
			reorder: share(values, "webhook-reorder"),
		},
		listen: (fetch, again) =>
			listen({
				host: values.host ?? HOST,
				port: again ?? port,
				setting: "--port",
				fetch,
				idle_timeout_s: IDLE_TIMEOUT_S,
			}),
		report,
	});
}

function welcome(url: string, folder: string): string {
	return `The sandbox gateway is up.

  Address   ${url}
  API key   sk_test_ and anything
  Switches  ${url}/_sandbox/faults, outage, webhook, stats, ledger
  Data      ${folder}

Ctrl-C stops it.`;
}

function share(values: FlagValues, flag: "webhook-duplicate" | "webhook-reorder"): number {
	const number = Number(values[flag] ?? "0");
	if (number >= 0 && number <= 1) return number;
	throw new UsageError(`--${flag} takes a number from 0 to 1, not "${values[flag]}".`);
}

function duration(text: string): number {
	const ms = parseDuration(text);
	if (ms !== undefined) return ms;
	throw new UsageError(
		`--key-lifetime takes a time such as 24h, 15m, 30s or 500ms, not "${text}".`,
	);
}

function faultsOf(text: string) {
	try {
		return parseFaults(text);
	} catch (cause) {
		throw new UsageError(`--fault: ${(cause as Error).message}`, { cause });
	}
}
