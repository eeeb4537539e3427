import { Presets, SingleBar } from "cli-progress";

/** Of the longest name of a step. */
const NAME_WIDTH = 7;

/** A bar that shows one step after the other. */
export function openStepBar() {
	const bar = new SingleBar(
		{ format: "{step} [{bar}] {value}/{total}", hideCursor: true, clearOnComplete: true },
		Presets.rect,
	);
	let current = "";
	const show = (step: string, done: number, total: number | undefined) => {
		if (current === "") bar.start(total ?? done, done, { step });
		current = step;
		bar.setTotal(Math.max(total ?? done, done, 1));
		bar.update(done, { step: step.padEnd(NAME_WIDTH) });
	};
	return { show, close: () => bar.stop() };
}
