import { BUNDLE_WIDTH } from "../../contracts/audit-log.ts";

/** One file to be written: a bundle with what it holds. */
export interface Bundle {
	readonly index: number;
	readonly entries: readonly Uint8Array[];
}

/**
 * Cuts entries into bundles.
 * @param tail the entries of the last bundle so far, when it is not full
 */
export function cutBundles(
	size: number,
	tail: readonly Uint8Array[],
	added: readonly Uint8Array[],
): Bundle[] {
	const entries = [...tail, ...added];
	const first = Math.floor(size / BUNDLE_WIDTH);
	const bundles: Bundle[] = [];
	for (let at = 0; at < entries.length; at += BUNDLE_WIDTH) {
		bundles.push({
			index: first + at / BUNDLE_WIDTH,
			entries: entries.slice(at, at + BUNDLE_WIDTH),
		});
	}
	return bundles;
}
