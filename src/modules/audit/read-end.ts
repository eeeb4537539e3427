import { BUNDLE_WIDTH, bundlePath, decodeBundle } from "../../contracts/audit-log.ts";
import type { ObjectStore } from "../../object-store/object-store.ts";

/** The entries of a bundle as the store has them; none when it is not there. */
export type ReadBundle = (index: number) => Promise<readonly Uint8Array[]>;

/**
 * Reads bundles of a log that may have been left in the middle of a write. Of partial ones the widest
 * counts that begins like the recorded one: another process may have written one and lost its turn.
 * @param recorded entries that the database knows of
 */
export function createBundleReader(store: ObjectStore, recorded: number): ReadBundle {
	return async (index) => {
		const path = bundlePath(index);
		const full = await store.read(path);
		if (full) return decodeBundle(full);
		const width = Math.max(0, Math.min(BUNDLE_WIDTH, recorded - index * BUNDLE_WIDTH));
		const known = width > 0 ? await store.read(bundlePath(index, width)) : undefined;
		const folder = `${path}.p`;
		const widths = (await store.list(folder))
			.map((partial) => Number(partial.slice(folder.length + 1)))
			.filter((it) => it > width)
			.sort((a, b) => b - a);
		for (const wider of widths) {
			const bytes = await store.read(bundlePath(index, wider));
			if (bytes && begins(bytes, known)) return decodeBundle(bytes);
		}
		return known ? decodeBundle(known) : [];
	};
}

function begins(bytes: Uint8Array, known: Uint8Array | undefined): boolean {
	return known === undefined || Buffer.compare(bytes.subarray(0, known.length), known) === 0;
}
