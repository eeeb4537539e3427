import { type Load, type LoadState, newLoadState, sendLoad } from "./load.ts";
import { buildRequests } from "./workload.ts";

const REPORT_MS = 200;

/** One line that the generator prints. */
export interface GeneratorLine extends LoadState {
	readonly done: boolean;
	/** CPU that sending took, microseconds. */
	readonly cpu_us: number;
}

async function generate(load: Load): Promise<void> {
	const state = newLoadState();
	const print = (done: boolean) => {
		const { user, system } = process.cpuUsage(before);
		console.log(JSON.stringify({ ...state, done, cpu_us: user + system }));
	};
	const requests = buildRequests(new URL(load.url).host, load.orders);
	const before = process.cpuUsage();
	const reports = setInterval(print, REPORT_MS, false);
	await sendLoad(load, requests, state).finally(() => clearInterval(reports));
	print(true);
}

if (import.meta.main) {
	// The benchmark holds the other end: when it is gone, however it went, so are we.
	process.stdin.once("end", () => process.exit(1)).resume();
	await generate(JSON.parse(process.argv[2] ?? "{}"));
	process.exit(0);
}
