import type { ModuleName } from "../../src/contracts/streams.ts";
import { faultNames } from "../../src/sandbox/faults.ts";
import { outageKinds } from "../../src/sandbox/outage.ts";
import { seededRandom } from "./cluster-workload.ts";
import type { BrokerCount } from "./torture-brokers.ts";

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
	/** The server that leads the stream ORDERS, or those in these positions. */
	| { readonly kind: "nats-kill"; readonly victims: "leader" | readonly number[] }
	/** What it comes back with: nothing, or a copy of its store so much older, taken at `at_ms`. */
	| { readonly kind: "nats-amnesia"; readonly store: "empty" | { readonly older_ms: number } }
	| { readonly kind: "postgres-restart" | "postgres-kill" }
	| { readonly kind: "postgres-terminate"; readonly backends: number }
	| { readonly kind: "duplicates"; readonly copies: number }
	| { readonly kind: "poison"; readonly subject: string }
);
export type FaultKind = Fault["kind"];

/** Losses of the broker's store are not in the deck: they take long to heal, and come at times of their own. */
type DealtKind = Exclude<FaultKind, "nats-amnesia">;

/** How often each kind is in a deck; a deck is dealt to its end before the next one is shuffled. */
const DECK: Readonly<Record<DealtKind, number>> = {
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

/**
 * Not the one that the gateway answers with an error and keeps under the key: nothing moves such a charge until the key
 * is forgotten, and then a person has to.
 */
const HEALING_FAULTS = faultNames.filter((name) => name !== "error_before");

const FIRST_MS = 1_000;
const BACKENDS_MAX = 5;
const COPIES_MAX = 200;
/** A shorter run loses no store, so that there is time to heal while it lasts. */
const AMNESIA_RUN_MS_MIN = 60_000;
const AMNESIA_EVERY_MS = 300_000;
const COPY_OLDER_MS_MIN = 5_000;
const COPY_OLDER_MS_MAX = 30_000;
/** Positions of three brokers; each is first in one of them. */
const BROKER_TURNS = [
	[0, 1, 2],
	[1, 2, 0],
	[2, 0, 1],
] as const;

export interface ScheduleOptions {
	readonly seed: number;
	readonly lasts_ms: number;
	readonly faults_a_minute: number;
	readonly brokers: BrokerCount;
}

/** Faults of every kind at random times, the same for the same seed. */
export function makeSchedule(options: ScheduleOptions): Fault[] {
	const random = seededRandom(options.seed);
	const { between, pick } = drawFrom(random);
	const deal = dealer(random, Object.keys(DECK) as DealtKind[], (kind) => DECK[kind]);
	const dealVictims = dealer(random, ["leader", "one", "two"] as const, () => 1);
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
				return { at_ms, kind, fault: pick(HEALING_FAULTS), lasts_ms: between(3_000, 10_000) };
			case "gateway-outage":
				return { at_ms, kind, outage: pick(outageKinds), lasts_ms: between(1_000, 6_000) };
			case "nats-kill": {
				const lasts_ms = between(0, 3_000);
				if (options.brokers === 1) return { at_ms, kind, victims: [0], lasts_ms };
				const [one, ...others] = pick(BROKER_TURNS);
				const who = dealVictims();
				if (who === "two")
					return { at_ms, kind, victims: others, lasts_ms: between(1_000, 10_000) };
				return { at_ms, kind, victims: who === "leader" ? who : [one], lasts_ms };
			}
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
	const dealt = Array.from({ length: count }, (_, n) =>
		draw(Math.round(FIRST_MS + (n + 0.8 * random()) * gap_ms)),
	);
	const losses = options.brokers === 1 ? drawLosses(random, options.lasts_ms) : [];
	return [...dealt, ...losses].sort((one, other) => one.at_ms - other.at_ms);
}

/** In the middle of equal parts of the run, with an empty store and an older one in turn. */
function drawLosses(random: () => number, lasts_ms: number): Fault[] {
	if (lasts_ms < AMNESIA_RUN_MS_MIN) return [];
	const { between } = drawFrom(random);
	const count = Math.max(1, Math.floor(lasts_ms / AMNESIA_EVERY_MS));
	const part_ms = lasts_ms / count;
	const turn = between(0, 1);
	return Array.from({ length: count }, (_, n): Fault => {
		const older_ms = between(COPY_OLDER_MS_MIN, Math.min(COPY_OLDER_MS_MAX, part_ms / 4));
		return {
			at_ms: Math.round((n + 0.2 + 0.3 * random()) * part_ms),
			kind: "nats-amnesia",
			store: (n + turn) % 2 === 0 ? "empty" : { older_ms },
			lasts_ms: between(0, 3_000),
		};
	});
}

function drawFrom(random: () => number) {
	return {
		between: (from: number, to: number) => Math.round(from + random() * (to - from)),
		pick: <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T,
	};
}

/** Deals cards from a shuffled deck, and shuffles them again when all are dealt. */
function dealer<Card>(
	random: () => number,
	kinds: readonly Card[],
	countOf: (kind: Card) => number,
): () => Card {
	const cards = kinds.flatMap((kind) => Array.from({ length: countOf(kind) }, () => kind));
	let deck: Card[] = [];
	return () => {
		if (deck.length === 0) deck = [...cards];
		return deck.splice(Math.floor(random() * deck.length), 1)[0] as Card;
	};
}
