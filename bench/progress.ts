import { MultiBar, Presets } from "cli-progress";

/** How far a run is, in orders. */
export interface Step {
	readonly accepted: number;
	readonly ended: number;
	/** Due and not sent yet, in an open loop. */
	readonly backlog: number;
}

/** Shows how far a run is, on standard error. */
export interface Progress {
	say(line: string): void;
	show(step: Step): void;
	close(): void;
}

const LINE_EVERY_MS = 1_000;

/** @param counts_ends false when nothing ends orders in this run */
export function openProgress(orders: number, counts_ends: boolean): Progress {
	return process.stderr.isTTY ? openBars(orders, counts_ends) : openLines(orders, counts_ends);
}

function openBars(orders: number, counts_ends: boolean): Progress {
	const bars = new MultiBar(
		{ format: "{name} {bar} {value}/{total}  {note}", clearOnComplete: false, hideCursor: true },
		Presets.shades_classic,
	);
	const accepted = bars.create(orders, 0, { name: "accepted", note: "" });
	const ended = counts_ends ? bars.create(orders, 0, { name: "ended   ", note: "" }) : undefined;
	return {
		say: (line) => bars.log(`${line}\n`),
		show(step) {
			accepted.update(step.accepted, { note: step.backlog > 0 ? `backlog ${step.backlog}` : "" });
			ended?.update(step.ended);
		},
		close: () => bars.stop(),
	};
}

function openLines(orders: number, counts_ends: boolean): Progress {
	let next_ms = 0;
	return {
		say: (line) => console.error(line),
		show({ accepted, ended, backlog }) {
			const now_ms = performance.now();
			if (now_ms < next_ms) return;
			next_ms = now_ms + LINE_EVERY_MS;
			const parts = [
				`accepted ${accepted}/${orders}`,
				...(counts_ends ? [`ended ${ended}`] : []),
				...(backlog > 0 ? [`backlog ${backlog}`] : []),
			];
			console.error(parts.join(", "));
		},
		close() {},
	};
}
