import { afterAll, expect, test } from "bun:test";
import { tryLock } from "../../src/database/lock.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { openVerifier, type Verifier } from "../../src/verify/open-verifier.ts";
import { createScheduledVerify } from "../../src/verify/scheduled-verify.ts";
import { AT_REST, openBookRoom } from "../support/verdict-books.ts";
import { goodBooks, lies } from "../support/verdict-lies.ts";
import { eventually } from "../support/wait.ts";

const room = await openBookRoom();
afterAll(() => room.close());

const LIMITS = { connections_max: 1, connect_timeout_s: 5, statement_timeout_ms: 5_000 };
const INTERVAL_S = 0.05;

/** One replica that verifies on a schedule. */
function replica(change: Partial<Verifier> = {}) {
	const metrics = createMetrics();
	const lines: Record<string, unknown>[] = [];
	const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
	const { database_url: url, gateway, log_files } = room;
	const verifier = openVerifier({
		database_urls: { order: url, inventory: url, payment: url, audit: url },
		connect_timeout_s: LIMITS.connect_timeout_s,
		gateway,
		log_files,
	});
	const part = createScheduledVerify(
		{ ...AT_REST, interval_s: INTERVAL_S },
		{
			verifier: { ...verifier, ...change },
			metrics,
			log: createLog({ level: "info", pretty: false, destination }),
			tryLock: () => tryLock({ url, ...LIMITS }, "millrace verify"),
		},
	);
	const series = async (name: string): Promise<number | undefined> => {
		const line = (await metrics.render()).split("\n").find((it) => it.startsWith(`${name} `));
		return line === undefined ? undefined : Number(line.slice(name.length));
	};
	return { part, lines, series, runs: () => lines.filter(isRun).length };
}

function isRun({ msg }: Record<string, unknown>): boolean {
	return msg === "the books were verified";
}

test("one of all replicas verifies, says what it finds, and another takes over", async () => {
	const books = goodBooks();
	await room.plant(books);
	const [one, other] = [replica(), replica()];
	await one.part.start();
	await eventually(() => expect(one.runs()).toBeGreaterThan(0));
	await other.part.start();
	const twice = 'millrace_verify_findings{finding="charged_twice"}';
	expect(await one.series(twice)).toBe(0);
	expect(await one.series("millrace_verify_orders")).toBe(books.orders.length);

	lies.charged_twice["under another key"]?.plant(books);
	await room.plant(books);
	await eventually(async () => expect(await one.series(twice)).toBe(1));
	expect(one.lines).toContainEqual(
		expect.objectContaining({ level: "error", finding: "charged_twice", count: 1 }),
	);
	const last_run_s = (await one.series("millrace_verify_last_run_timestamp_seconds")) ?? 0;
	expect(Math.abs(Date.now() / 1_000 - last_run_s)).toBeLessThan(60);
	expect(other.lines).toEqual([]);
	expect(await other.series("millrace_verify_orders")).toBeUndefined();

	await one.part.stop();
	await eventually(async () => expect(await other.series(twice)).toBe(1));
	await other.part.stop();
});

test("a verification under way does not hold up a stop", async () => {
	const begun = Promise.withResolvers<void>();
	const slow = replica({
		verify: ({ signal }) => {
			begun.resolve();
			return new Promise((_, reject) =>
				signal?.addEventListener("abort", () => reject(signal.reason)),
			);
		},
	});
	await slow.part.start();
	await begun.promise;
	await slow.part.stop();
	expect(slow.lines).toEqual([]);
});

test("what cannot be verified is said, and tried again", async () => {
	let rounds = 0;
	const failing = replica({
		verify: async () => {
			rounds += 1;
			throw new Error("no books");
		},
	});
	await failing.part.start();
	await eventually(() => expect(rounds).toBeGreaterThan(1));
	await failing.part.stop();
	expect(failing.lines[0]).toMatchObject({ level: "warn", msg: "the books could not be verified" });
});
