import type { StreamMessage } from "../messaging/reader.ts";
import { addEvent, readEvent, type Sight, sightLine, stageOf } from "./demo-sight.ts";
import type { Screen } from "./screen.ts";

/** Orders followed at once; a benchmark makes more than anybody can read. */
const FOLLOWED_MAX = 20;
/** An order this old without an end is shown as it stands. */
const SLOW_MS = 5_000;

/** Shows orders on their way. */
export interface DemoBoard {
	/** Takes one message from a stream. */
	take(message: Pick<StreamMessage, "subject" | "data">): void;
	/** Looks at what has waited too long; to be called now and then. */
	sweep(): void;
	/** Takes back what could still change. */
	clear(): void;
}

/** On a terminal each order grows step by step; elsewhere it is printed when it has ended. */
export function createDemoBoard(screen: Screen): DemoBoard {
	const sights = new Map<string, Sight>();
	const told = new Set<string>();
	let passed = 0;

	function take({ subject, data }: Pick<StreamMessage, "subject" | "data">) {
		const event = readEvent(subject, data);
		if (event === undefined) return;
		const { order_id } = event.payload;
		const before = sights.get(order_id);
		if (before === undefined && sights.size >= FOLLOWED_MAX) {
			passed += 1;
			return;
		}
		const sight = addEvent(before, event, Date.now());
		sights.set(order_id, sight);
		if (stageOf(sight) === "ended") end(sight);
		else redraw();
	}

	function end(sight: Sight) {
		sights.delete(sight.order_id);
		told.delete(sight.order_id);
		redraw();
		screen.print(sightLine(sight));
	}

	function redraw() {
		const placed = [...sights.values()].filter(({ created }) => created !== undefined);
		screen.show(placed.map((sight) => `${sightLine(sight)} → …`));
	}

	function giveUp(sight: Sight) {
		const { order_id } = sight;
		const stage = stageOf(sight);
		if (stage === "decided") return end(sight);
		if (stage === "unknown") return void sights.delete(order_id);
		if (!screen.live && !told.has(order_id)) screen.print(`${sightLine(sight)} → …`);
		told.add(order_id);
	}

	return {
		take,
		sweep() {
			const slow = [...sights.values()].filter(({ seen_ms }) => Date.now() - seen_ms > SLOW_MS);
			for (const sight of slow) giveUp(sight);
			if (passed > 0) screen.print(`          ${passed} events of other orders went by`);
			passed = 0;
		},
		clear: () => screen.show([]),
	};
}
