import type { ModuleName } from "../../src/contracts/streams.ts";
import { faultNames } from "../../src/sandbox/faults.ts";
import { outageKinds } from "../../src/sandbox/outage.ts";
import { seededRandom } from "./cluster-workload.ts";

/** The processes of a torture: every role at least twice, most of them alone. */
export const TORTURED: readonly (readonly ModuleName[])[] = [
	["order"],
	["order"],
	["inventory"],
	["payment"],
	["payment"],
	["audit"],
	["inventory", "audit"],
];

const servers = ["nats", "postgres", "gateway"] as const;
export type ServerName = (typeof servers)[number];

const troubles = ["cut", "reset", "half-open", "delay", "throttle"] as const;

/** What is done, to whom, and for how long. `process` is a position in {@link TORTURED}. */
export type Fault = { readonly at_ms: number; readonly lasts_ms: number } & (
	| { readonly kind: "kill" | "freeze"; readonly process: number }
	| { readonly kind: "crash-point"; readonly process: number; readonly point: string }
	| {
			readonly kind: "link";
			readonly process: number;
			readonly server: ServerName;
			readonly trouble: (typeof troubles)[number];
	  }
	| { readonly kind: "gateway-faults"; readonly fault: (typeof faultNames)[number] }
	| { readonly kind: "gateway-outage"; readonly outage: (typeof outageKinds)[number] }
	| { readonly kind: "nats-kill" | "postgres-restart" | "postgres-kill" }
	| { readonly kind: "postgres-terminate"; readonly backends: number }
	| { readonly kind: "duplicates"; readonly copies: number }
	| { readonly kind: "poison"; readonly subject: string }
);
export type FaultKind = Fault["kind"];

/** How often each kind is in a deck; a deck is dealt to its end before the next one is shuffled. */
const DECK: Readonly<Record<FaultKind, number>> = {
	kill: 5,
	freeze: 3,
	"crash-point": 4,
	link: 7,
	"gateway-faults": 2,
	"gateway-outage": 2,
	"nats-kill": 2,
	"postgres-restart": 1,
	"postgres-kill": 1,
	"postgres-terminate": 3,
	duplicates: 2,
	poison: 1,
};

const POINTS: Readonly<Record<ModuleName, readonly string[]>> = {
	order: ["committed@order", "published@order", "handled@order-settle"],
	inventory: ["committed@inventory", "published@inventory", "handled@inventory-reserve"],
	payment: ["charge-claimed", "money-moved", "committed@payment", "handled@payment-charge"],
	audit: ["bundle-written", "tiles-written", "checkpoint-written"],
};

/** Subjects that are read, and by which consumers; what is sent there can be decoded by none of them. */
export const POISONED: Readonly<Record<string, readonly string[]>> = {
	"orders.created.v2": ["inventory-reserve"],
	"inventory.reserved.v1": ["payment-charge"],
};

const FIRST_MS = 1_000;
const BACKENDS_MAX = 5;
const COPIES_MAX = 200;

/** Faults of every kind at random times, the same for the same seed. */
export function makeSchedule(options: {
	readonly seed: number;
	readonly lasts_ms: number;
	readonly faults_a_minute: number;
}): Fault[] {
	const random = seededRandom(options.seed);
	const between = (from: number, to: number) => Math.round(from + random() * (to - from));
	const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
	const deal = dealer(random);
	const gap_ms = 60_000 / options.faults_a_minute;
	const hosting = (role: ModuleName) =>
		[...TORTURED.keys()].filter((position) => TORTURED[position]?.includes(role));

	function draw(at_ms: number): Fault {
		const kind = deal();
		const process = between(0, TORTURED.length - 1);
		switch (kind) {
			case "kill":
				return { at_ms, kind, process, lasts_ms: between(0, 2_000) };
			case "freeze":
				return { at_ms, kind, process, lasts_ms: between(2_000, 8_000) };
			case "crash-point": {
				const point = `${pick(POINTS[pick(TORTURED[process] ?? [])])}:${between(1, 20)}`;
				return { at_ms, kind, process, point, lasts_ms: 0 };
			}
			case "link": {
				const server = pick(servers);
				const reaches = server === "gateway" ? pick(hosting("payment")) : process;
				const trouble = pick(troubles);
				return { at_ms, kind, process: reaches, server, trouble, lasts_ms: between(1_000, 8_000) };
			}
			case "gateway-faults":
				return { at_ms, kind, fault: pick(faultNames), lasts_ms: between(3_000, 10_000) };
			case "gateway-outage":
				return { at_ms, kind, outage: pick(outageKinds), lasts_ms: between(1_000, 6_000) };
			case "nats-kill":
				return { at_ms, kind, lasts_ms: between(0, 3_000) };
			case "postgres-restart":
			case "postgres-kill":
				return { at_ms, kind, lasts_ms: between(0, 1_500) };
			case "postgres-terminate":
				return { at_ms, kind, backends: between(1, BACKENDS_MAX), lasts_ms: 0 };
			case "duplicates":
				return { at_ms, kind, copies: between(20, COPIES_MAX), lasts_ms: 0 };
			case "poison":
				return { at_ms, kind, subject: pick(Object.keys(POISONED)), lasts_ms: 0 };
		}
	}

	const count = Math.max(1, Math.floor((options.lasts_ms - FIRST_MS) / gap_ms));
	return Array.from({ length: count }, (_, n) =>
		draw(Math.round(FIRST_MS + (n + 0.8 * random()) * gap_ms)),
	);
}

function dealer(random: () => number): () => FaultKind {
	const cards = Object.entries(DECK).flatMap(([kind, count]) =>
		Array.from({ length: count }, () => kind as FaultKind),
	);
	let deck: FaultKind[] = [];
	return () => {
		if (deck.length === 0) deck = [...cards];
		return deck.splice(Math.floor(random() * deck.length), 1)[0] as FaultKind;
	};
}
