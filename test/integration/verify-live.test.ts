import { expect, test } from "bun:test";
import { openDirectory } from "../../src/object-store/directory-store.ts";
import { openVerifier } from "../../src/verify/open-verifier.ts";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { CLEAN } from "../support/verdict.ts";
import { AT_REST } from "../support/verdict-books.ts";
import { conclude } from "../support/verdict-run.ts";

const TEST_MS_MAX = 90_000;
const ORDERS = 2_000;
const LOOKS_MIN = 3;

test(
	"verifying while orders come in finds nothing wrong where nothing is",
	async () => {
		await withCluster({}, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: 31, orders: ORDERS, scarce: true });
			await Promise.all(cluster.processes.map((millrace) => millrace.start()));
			await bringGoods(cluster, goods);
			const verifier = openVerifier({
				database_urls: cluster.database_urls,
				connect_timeout_s: 5,
				gateway: cluster.gateway,
				log_files: openDirectory(cluster.audit_folder),
			});
			const load = startLoad(cluster, { orders });
			await load.reached(ORDERS / 10);
			const looks: { readonly orders: number; readonly unsettled: number }[] = [];
			while (load.journal.accepted.size < ORDERS || looks.length < LOOKS_MIN) {
				const report = await verifier.verify({ ...AT_REST, settle_ms: 10_000 });
				expect(report.findings).toEqual({});
				looks.push({ orders: report.counted.orders, unsettled: report.open.findings });
			}
			await verifier.close();
			await load.done;
			const { verdict } = await conclude(cluster, "verified under load", load.journal, { looks });
			expect(verdict).toEqual(CLEAN);
			expect(looks[0]?.orders).toBeGreaterThan(0);
		});
	},
	TEST_MS_MAX,
);
