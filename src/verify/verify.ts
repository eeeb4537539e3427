import { firstLook } from "./first-look.ts";
import { gatherEvents } from "./gather.ts";
import { LOOK_EVERY_MS, nextLooks } from "./next-looks.ts";
import type { Report } from "./report.ts";
import { beginRun, type Run, type VerifyNeeds, type VerifyOptions } from "./run.ts";

const STOCK_EXAMPLES_MAX = 10;

/**
 * Compares what orders, reservations, charges, the audit log and the gateway say, each with all the others.
 * It reads and never writes. At rest it is exact; in a running millrace it looks again at what seems wrong,
 * and what was written to within `settle_ms` is counted as open.
 */
export async function verifyBooks(needs: VerifyNeeds, options: VerifyOptions): Promise<Report> {
	const started_at = new Date();
	const run = await beginRun(needs, options);
	const stock = judgeStock(run);
	// It is awaited later: until then a failure is nobody's.
	stock.catch(() => {});
	await firstLook(run);
	await nextLooks(run);
	await judgeLog(run);
	await stock;
	for (const order_id of run.unseen) {
		run.findings.add({ finding: "order_lost", order_id, detail: "it was accepted" });
	}
	return {
		started_at: started_at.toISOString(),
		took_ms: Date.now() - run.begun_ms,
		since: options.since_ms === undefined ? null : new Date(options.since_ms).toISOString(),
		with_gateway: needs.gateway !== undefined,
		counted: run.counted,
		open: run.open,
		findings: run.findings.byKind,
	};
}

async function judgeStock({ store, options, counted, findings }: Run): Promise<void> {
	if (options.since_ms !== undefined) return;
	const { skus, off, off_count } = await store.stock(STOCK_EXAMPLES_MAX);
	counted.skus = skus;
	for (const { sku, received, held, available } of off) {
		const detail = `received ${received}, held ${held}, available ${available}`;
		findings.add({ finding: "stock_mismatch", sku, detail });
	}
	const [first] = off;
	if (first === undefined || off_count === off.length) return;
	const detail = "and more like these";
	findings.add({ finding: "stock_mismatch", sku: first.sku, detail }, off_count - off.length);
}

/** The log is written before its table, so that it may be ahead for a moment, and never behind. */
async function judgeLog({ store, log_files, reading, options, findings }: Run): Promise<void> {
	for (const detail of reading.unreadable) findings.add({ finding: "log_unreadable", detail });
	for (let before: number | undefined; ; ) {
		const size = await store.logSize();
		await gatherEvents(log_files, reading, undefined, () => {});
		const ahead = reading.size - size;
		if (ahead === 0 || (before !== undefined && reading.size > before)) return;
		if (ahead < 0 || options.settle_ms === 0 || before !== undefined) {
			const detail = `${reading.size} entries, and ${size} by its table`;
			return findings.add({ finding: "log_size_off", detail }, Math.abs(ahead));
		}
		before = reading.size;
		await Bun.sleep(LOOK_EVERY_MS);
	}
}
