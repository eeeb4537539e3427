import { expect, test } from "bun:test";
import type { Story } from "../../src/explain/story.ts";
import { runMillrace } from "../support/cli.ts";
import { type Cluster, withCluster } from "../support/cluster.ts";
import { createForeignProducer, foreignOrder } from "../support/foreign-producer.ts";
import { bringToEveryEnd } from "../support/replayed.ts";
import { eventually } from "../support/wait.ts";

const TEST_MS_MAX = 90_000;
const ORDERS = 24;
const NOBODY = "postgres://nobody@127.0.0.1:1/nothing";

test(
	"an order's story is told by all who can be asked, by the log alone when the database is down",
	() =>
		withCluster({}, async (cluster) => {
			const { refunded, late, early } = await bringToEveryEnd(cluster, ORDERS);
			const sold = await storyOf(cluster, refunded);
			expect(sold.without).toEqual([]);
			const told = sold.scenes.filter(({ source }) => source === "log").map(({ what }) => what);
			expect(told.filter((what) => what !== "operations.acted.v1")).toEqual([
				"orders.created.v2",
				"inventory.reserved.v1",
				"payments.completed.v1",
				"orders.confirmed.v1",
				"payments.refunded.v1",
				"payments.refunded.v1",
			]);
			expect(told.filter((what) => what === "operations.acted.v1")).toHaveLength(4);
			const rows = sold.scenes.filter(({ source }) => source === "table");
			expect(rows.map(({ what }) => what).sort()).toEqual([
				"charge is succeeded",
				"order is confirmed",
				"refund is succeeded",
				"refund is succeeded",
				"reservation is held",
			]);
			const charge = rows.find(({ what }) => what === "charge is succeeded");
			expect(charge?.details).toMatchObject({ attempts: 1, refunded: 3 });
			expect(charge?.details.gateway_reference).toBeString();
			expect(JSON.stringify(sold)).not.toContain("tok_visa");
			const times = sold.scenes.map(({ at }) => Date.parse(at));
			expect(times).toEqual(times.toSorted((a, b) => a - b));
			await tellsOfDeadLetters(cluster, late);
			await isTold(cluster, early, ["orders.cancelled.v1", "charge is void"], 0);
			const alone = await run(cluster, [refunded], { DATABASE_URL: NOBODY });
			expect(alone.code).toBe(0);
			expect(alone.stdout).toContain("Without the tables: ");
			expect(alone.stdout).toContain("payments.refunded.v1  entry ");
			expect(alone.stdout).not.toContain("order is confirmed");
			await isTold(cluster, "unheard-of", ["Nothing is known of an order unheard-of."], 1);
			expect((await run(cluster, [])).code).toBe(2);
		}),
	TEST_MS_MAX,
);

/** A producer of others uses the id of an order that exists. */
async function tellsOfDeadLetters(cluster: Cluster, order_id: string) {
	const theirs = foreignOrder(order_id, 1);
	const { message_id } = theirs;
	await createForeignProducer(cluster.broker).byJetStream(theirs);
	await eventually(async () => {
		const { scenes } = await storyOf(cluster, order_id);
		const letter = scenes.find(({ source }) => source === "dead letters");
		expect(letter).toMatchObject({ what: "dead letter is parked" });
		expect(letter?.details).toMatchObject({ reason: "order id taken", message_id, redrives: 0 });
	});
	await isTold(cluster, order_id, ["dead letter is parked", "reason: order id taken"], 0);
}

async function isTold(cluster: Cluster, order_id: string, texts: string[], wanted: number) {
	const { code, stdout } = await run(cluster, [order_id]);
	expect(code).toBe(wanted);
	for (const text of texts) expect(stdout).toContain(text);
}

async function storyOf(cluster: Cluster, order_id: string): Promise<Story> {
	return JSON.parse((await run(cluster, [order_id, "--json"])).stdout);
}

function run(
	{ audit_folder, data_folder, database_urls, processes }: Cluster,
	words: readonly string[],
	environment: Record<string, string> = {},
) {
	const where = ["--store", audit_folder, "--ops-url", processes[0]?.ops_url ?? ""];
	return runMillrace(["explain", ...words, ...where], {
		cwd: data_folder,
		environment: { DATABASE_URL: database_urls.order, ...environment },
	});
}
