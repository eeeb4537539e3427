import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../src/object-store/open-store.ts";
import { readVerifierKey } from "../../src/transparency/keys.ts";
import { verifyLog } from "../../src/transparency/verify-log.ts";
import { contentsOf } from "../support/audit-log.ts";
import { type Cluster, withCluster } from "../support/cluster.ts";
import { startDying } from "../support/dying.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";
import { eventually } from "../support/wait.ts";

const TEST_MS_MAX = 120_000;
const ORDERS_A_SECOND_MAX = 40;
const points = ["bundle-written", "tiles-written", "checkpoint-written"];

for (const point of points) {
	test.concurrent(
		`a log whose writer dies behind ${point} four times goes on with the same bytes, and is sound`,
		() => killAt([`${point}:2`, point, `${point}:3`, `${point}:2`]),
		TEST_MS_MAX,
	);
}

test.concurrent(
	"a log whose writer dies at each step in turn goes on with the same bytes, and is sound",
	() => killAt(points),
	TEST_MS_MAX,
);

/** @param deaths the crash point of each start that dies */
async function killAt(deaths: readonly string[]) {
	await withCluster({}, async (cluster) => {
		const { load, die, faults } = await startDying(cluster, deaths, ORDERS_A_SECOND_MAX);
		const written: Map<string, Uint8Array>[] = [];
		await die(() => void written.push(objectsOf(cluster)));
		await load.stop();
		const { verdict } = await conclude(cluster, "audit writer", load.journal, { faults });
		expect(verdict).toEqual(CLEAN);
		const end = objectsOf(cluster);
		for (const before of written) expect(changed(before, end)).toEqual([]);
		await eventually(() => expectSound(cluster));
	});
}

/** All that may never change, by path. */
function objectsOf({ audit_folder }: Cluster): Map<string, Uint8Array> {
	const all = [...contentsOf(audit_folder)];
	return new Map(all.filter(([path]) => path !== "checkpoint" && !path.includes(".writing-")));
}

/** What has other bytes than before; partial objects may go when the full ones are there. */
function changed(before: Map<string, Uint8Array>, now: Map<string, Uint8Array>): string[] {
	return [...before].flatMap(([path, bytes]) => {
		const found = now.get(path);
		const replaced = found === undefined && now.has(path.replace(/\.p\/\d+$/, ""));
		return replaced || (found && Buffer.compare(found, bytes) === 0) ? [] : [path];
	});
}

async function expectSound({ audit_folder, data_folder, sql }: Cluster) {
	const key = readVerifierKey(readFileSync(join(data_folder, "audit.key.pub"), "utf8").trim());
	const verdict = await verifyLog({
		reader: openStore(audit_folder, undefined),
		keys: [key],
		remembered: undefined,
		onProgress() {},
	});
	const [log] = await sql.audit<{ size: number }[]>`
		select size::float8 from millrace_audit.log`;
	expect(verdict.faults).toEqual([]);
	expect(verdict.entries_checked).toBe(log?.size ?? -1);
}
