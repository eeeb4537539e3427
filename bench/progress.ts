import { MultiBar, Presets, type SingleBar } from "cli-progress";

/** How far a load is, in orders. */
export interface Step {
	readonly accepted: number;
	readonly ended: number;
	/** Due and not sent yet, in an open loop. */
	readonly backlog: number;
}

/** Shows how far a run is, on standard error. */
export interface Progress {
	/** A load of so many orders begins. */
	begin(name: string, orders: number): void;
	show(step: Step): void;
	/** May be called twice. */
	close(): void;
}

const LINE_EVERY_MS = 1_000;

/** @param counts_ends false when nothing ends orders in this run */
export function openProgress(counts_ends: boolean): Progress {
	return process.stderr.isTTY ? openBars(counts_ends) : openLines(counts_ends);
}

function openBars(counts_ends: boolean): Progress {
	const format = "{name} [{bar}] {value}/{total} {note}";
	const bars = new MultiBar({ format, hideCursor: true }, Presets.rect);
	let accepted: SingleBar | undefined;
	let ended: SingleBar | undefined;
	return {
		begin(name, orders) {
			const bar = (what: string) =>
				bars.create(orders, 0, { name: `${name}, ${what}`.padEnd(18), note: "" });
			accepted = bar("accepted");
			ended = counts_ends ? bar("ended") : undefined;
		},
		show(step) {
			accepted?.update(step.accepted, { note: step.backlog > 0 ? `backlog ${step.backlog}` : "" });
			ended?.update(step.ended);
		},
		close() {
			if (bars.isActive) bars.stop();
		},
	};
}

function openLines(counts_ends: boolean): Progress {
	let title = "";
	let next_ms = 0;
	return {
		begin(name, orders) {
			title = `${name}, ${orders} orders`;
			next_ms = 0;
		},
		show({ accepted, ended, backlog }) {
			const now_ms = performance.now();
			if (now_ms < next_ms) return;
			next_ms = now_ms + LINE_EVERY_MS;
			const parts = [
				`accepted ${accepted}`,
				...(counts_ends ? [`ended ${ended}`] : []),
				...(backlog > 0 ? [`backlog ${backlog}`] : []),
			];
			console.error(`${title}: ${parts.join(", ")}`);
		},
		close() {},
	};
}
