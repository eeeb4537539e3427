import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { ScannedEntries } from "../transparency/scan-entries.ts";

/** From here on the threads are worth their start. */
const ENTRIES_MIN = 100_000;
const THREADS_MAX = 4;

/** Threads that share the work of a verification, by turns. */
interface Scanners {
	scan(bundles: Uint8Array[]): Promise<readonly ScannedEntries[]>;
	close(): void;
}

/** @returns undefined when the log is too small, or there is only one processor */
export function openScanners(size: number): Scanners | undefined {
	const count = Math.min(THREADS_MAX, availableParallelism());
	if (size < ENTRIES_MIN || count < 2) return undefined;
	const threads = Array.from({ length: count }, openThread);
	let turn = 0;
	return {
		scan(bundles) {
			turn = (turn + 1) % threads.length;
			return (threads[turn] ?? openThread()).scan(bundles);
		},
		close() {
			for (const thread of threads) thread.close();
		},
	};
}

function openThread(): Scanners {
	// All code of the executable lies in one folder, and what is no part of it keeps its path from src.
	const inside = import.meta.dir.startsWith("/$bunfs");
	const worker = new Worker(
		inside ? "./cli/audit-scanner.ts" : join(import.meta.dir, "audit-scanner.ts"),
	);
	const waiting: PromiseWithResolvers<readonly ScannedEntries[]>[] = [];
	worker.onmessage = ({ data }) => waiting.shift()?.resolve(data);
	worker.onerror = ({ message }) => {
		for (const one of waiting.splice(0)) one.reject(new Error(`a thread failed: ${message}`));
	};
	return {
		scan(bundles) {
			const one = Promise.withResolvers<readonly ScannedEntries[]>();
			waiting.push(one);
			worker.postMessage(
				bundles,
				bundles.map(({ buffer }) => buffer as ArrayBuffer),
			);
			return one.promise;
		},
		close: () => worker.terminate(),
	};
}
