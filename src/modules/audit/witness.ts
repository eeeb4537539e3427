import { groupedNumber } from "../../contracts/audit-log.ts";
import type { ObjectStore } from "../../object-store/object-store.ts";
import { CHECKPOINT_PATH } from "../../transparency/checkpoint.ts";

/**
 * Keeps copies of checkpoints in a second place, so that whoever has the key cannot write the log anew
 * without being found out.
 */
export interface Witness {
	/** Copies a checkpoint. While a copy is being made only the newest of those that come waits. */
	offer(checkpoint: Uint8Array, size: number, key_hash: string): void;
	newest(): Promise<Uint8Array | undefined>;
	/** Waits for the copy that is being made. */
	stop(): Promise<void>;
}

interface Offered {
	readonly bytes: Uint8Array;
	readonly path: string;
}

const RETRY_MS = 1_000;

/** @param failed is told why a copy could not be made; it is tried again */
export function createWitness(store: ObjectStore, failed: (error: unknown) => void): Witness {
	let waiting: Offered | undefined;
	let running: Promise<void> | undefined;
	let stopped = false;

	async function run() {
		for (let next = waiting; next !== undefined; next = waiting) {
			waiting = undefined;
			try {
				const { bytes, path } = next;
				await store.create([{ path, bytes }]);
				await store.replace({ path: CHECKPOINT_PATH, bytes });
			} catch (error) {
				failed(error);
				if (stopped) return;
				waiting ??= next;
				await Bun.sleep(RETRY_MS);
			}
		}
	}

	return {
		offer(bytes, size, key_hash) {
			waiting = { bytes, path: `checkpoints/${groupedNumber(size)}-${key_hash}` };
			running ??= run().finally(() => {
				running = undefined;
			});
		},
		newest: () => store.read(CHECKPOINT_PATH),
		async stop() {
			stopped = true;
			await running;
		},
	};
}
