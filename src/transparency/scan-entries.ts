import { checkEvent } from "./check-event.ts";
import { layOut, type ScannedBundle, scanBundle, textsOf } from "./scan-bundle.ts";

/** What a verification has to know of the entries of a bundle. */
export interface ScannedEntries extends ScannedBundle {
	/** Positions of events of ours that do not keep their contract. */
	readonly broken: readonly number[];
	/** How many entries of other producers do not keep theirs. */
	readonly foreign: number;
}

/** Hashes and reads all entries of well-formed bundles: nearly all the work of a verification. */
export function scanEntries(bundles: readonly Uint8Array[]): ScannedEntries[] {
	return bundles.map((bundle) => {
		const laid = layOut(bundle);
		const states = textsOf(laid).map(checkEvent);
		const broken = states.flatMap((state, n) => (state === "broken" ? [n] : []));
		const foreign = states.filter((state) => state === "foreign").length;
		return { ...scanBundle(laid), broken, foreign };
	});
}
