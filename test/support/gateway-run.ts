import type { Cluster } from "./cluster.ts";
import type { SandboxProcess, SandboxStats } from "./sandbox.ts";
import { eventually } from "./wait.ts";

/** Waits until no order is pending, however slowly the gateway lets them end. */
export async function allEnded({ sql }: Cluster, timeout_ms: number): Promise<void> {
	await eventually(
		async () => {
			const [open] = await sql.order<[{ count: number }]>`
				select count(*)::int as count from millrace_order.orders where status = 'pending'`;
			if (open.count > 0) throw new Error(`${open.count} orders are pending`);
		},
		{ timeout_ms },
	);
}

/** What the gateway did to the calls it was sent, for the line about a run. */
export async function gatewayCounts(
	sandbox: SandboxProcess,
): Promise<Pick<SandboxStats, "faults" | "replays" | "late_posts" | "requests">> {
	const { faults, replays, late_posts, requests } = await sandbox.stats();
	return { faults, replays, late_posts, requests };
}

/** Resolves when the gateway has moved money so many times. */
export async function charged(sandbox: SandboxProcess, times: number): Promise<void> {
	await eventually(
		async () => {
			const { charges } = await sandbox.stats();
			if (charges.count < times) throw new Error(`${charges.count} charges`);
		},
		{ timeout_ms: 30_000 },
	);
}
