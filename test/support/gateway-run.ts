import type { Cluster } from "./cluster.ts";
import type { Load } from "./cluster-load.ts";
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

const CANCELLED_ONE_IN = 5;
const LOOK_MS = 10;

/** Asks for every fifth order to be cancelled as soon as it is accepted; answers how many could be. */
export async function cancelSome(cluster: Cluster, load: Load): Promise<number> {
	const seen = new Set<number>();
	let over = false;
	let cancelled = 0;
	void load.done.then(() => {
		over = true;
	});
	for (let last = false; !last; ) {
		last = over;
		for (const [position, order_id] of load.journal.accepted) {
			if (position % CANCELLED_ONE_IN !== 0 || seen.has(position)) continue;
			const url = `${cluster.url("order")}/v1/orders/${order_id}/cancel`;
			const response = await fetch(url, { method: "POST" }).catch(() => undefined);
			if (response === undefined || response.status === 503) continue;
			seen.add(position);
			if (response.ok) cancelled += 1;
		}
		await Bun.sleep(LOOK_MS);
	}
	return cancelled;
}

/** How many charges and refunds were claimed more than once; waits until there are so many. */
export function claimsTakenAgain(
	{ sql }: Cluster,
	at_least = 0,
	timeout_ms = 60_000,
): Promise<number> {
	return eventually(
		async () => {
			const [again] = await sql.payment<[{ count: number }]>`
				select count(*)::int as count from millrace_payment.charges where fence > 1`;
			if (again.count < at_least) throw new Error(`${again.count} claims were taken again`);
			return again.count;
		},
		{ timeout_ms },
	);
}

/** Waits until so many charges with an unknown outcome are older than their keys. */
export async function keysGone({ sql }: Cluster, lifetime_s: number, at_least: number) {
	await eventually(
		async () => {
			const [gone] = await sql.payment<[{ count: number }]>`
				select count(*)::int as count from millrace_payment.charges
				where state = 'unknown' and first_attempt_at < now() - ${lifetime_s} * interval '1 second'`;
			if (gone.count < at_least) throw new Error(`the keys of ${gone.count} charges are gone`);
		},
		{ timeout_ms: 60_000 },
	);
}

interface Parked {
	readonly charges: readonly { readonly order_id: string; readonly charge_id: string }[];
}

/** Decides as an operator that what waits for a person was not carried out, until no order is pending. */
export async function declineParked(cluster: Cluster, timeout_ms: number): Promise<number> {
	const [worker] = cluster.hosting("payment");
	const ops_url = worker?.ops_url ?? "";
	let decided = 0;
	await eventually(
		async () => {
			const answer = await fetch(`${ops_url}/v1/charges/parked?limit=200`);
			for (const { order_id, charge_id } of ((await answer.json()) as Parked).charges) {
				const path = `/v1/orders/${order_id}/charges/${charge_id}/decision`;
				const response = await fetch(`${ops_url}${path}`, {
					method: "POST",
					headers: { "content-type": "application/json" },
					body: JSON.stringify({ outcome: "declined" }),
				});
				if (response.ok) decided += 1;
			}
			await allEnded(cluster, 0);
		},
		{ timeout_ms },
	);
	return decided;
}

export async function chargesInState({ sql }: Cluster, state: string): Promise<number> {
	const [found] = await sql.payment<[{ count: number }]>`
		select count(*)::int as count from millrace_payment.charges where state = ${state}`;
	return found.count;
}

/** A series of the process that charges, as `/metrics` has it. */
export async function gauge(cluster: Cluster, series: string): Promise<number | undefined> {
	const [worker] = cluster.hosting("payment");
	const text = await (await fetch(`${worker?.ops_url}/metrics`)).text();
	const line = text.split("\n").find((it) => it.startsWith(`${series} `));
	return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
