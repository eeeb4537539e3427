export const outageKinds = ["refuse", "reset", "error", "hang"] as const;
export type OutageKind = (typeof outageKinds)[number];

/** The whole gateway is away for a while. */
export interface Outage {
	/** Undefined while there is none. */
	readonly kind: OutageKind | undefined;
	readonly seconds_left: number;
	begin(kind: OutageKind, seconds: number): void;
	end(): void;
}

/**
 * @param onRefuse closes the port, so that connections are refused
 * @param onEnd opens it again
 */
export function createOutage({ onRefuse, onEnd }: { onRefuse(): void; onEnd(): void }): Outage {
	let kind: OutageKind | undefined;
	let ends_ms = 0;
	let timer: Timer | undefined;

	function end() {
		clearTimeout(timer);
		const refused = kind === "refuse";
		kind = undefined;
		if (refused) onEnd();
	}

	return {
		get kind() {
			return kind;
		},
		get seconds_left() {
			return kind === undefined ? 0 : Math.max(0, ends_ms - performance.now()) / 1_000;
		},
		begin(next, seconds) {
			end();
			kind = next;
			ends_ms = performance.now() + seconds * 1_000;
			timer = setTimeout(end, seconds * 1_000);
			if (next === "refuse") onRefuse();
		},
		end,
	};
}
