import type { StoredMsg } from "@nats-io/jetstream";
import { headers } from "nats";
import { type EventStream, eventStreams } from "../../src/contracts/streams.ts";
import type { ClusterBroker } from "./cluster-broker.ts";
import { POISONED } from "./torture-schedule.ts";
import { eventually } from "./wait.ts";

/** What a torture itself publishes. */
export interface TortureMessages {
	/** What must be in the dead-letter stream, as `consumer stream sequence`. */
	readonly poisoned: ReadonlySet<string>;
	/** What may be there or not: the broker alone had it, and has lost its store since. */
	readonly poison_lost: ReadonlySet<string>;
	/** Events published again. */
	readonly copies: number;
	/** A message that its consumers can only park. */
	poison(subject: string): Promise<void>;
	/** The broker loses its store now: neither poison so far nor its letters are anywhere else. */
	excusePoison(): void;
	/** Publishes so many late events again. */
	publishAgain(count: number): Promise<void>;
}

const POISON = "not JSON";
const TAKEN_MS_MAX = 20_000;
/** Of the last events of a stream, copies are made. */
const RECENT = 2_000;
/** By then the broker has forgotten the ids, and events go out again under their own. */
const FORGOTTEN_MS = 40_000;

export function createTortureMessages(
	broker: ClusterBroker,
	random: () => number,
): TortureMessages {
	const poisoned = new Set<string>();
	const poison_lost = new Set<string>();
	let copies = 0;
	let losses = 0;

	async function publishAgain(count: number) {
		const streams = (Object.keys(eventStreams) as EventStream[]).filter(
			(stream) => stream !== "OPERATIONS",
		);
		for (let n = 0; n < count; n += 1) {
			const stream = streams[Math.floor(random() * streams.length)] as EventStream;
			await eventually(() => copyOne(stream), { timeout_ms: TAKEN_MS_MAX });
		}
	}

	async function copyOne(stream: EventStream) {
		const { state } = await broker.jsm.streams.info(stream);
		if (state.messages === 0) return;
		const from = Math.max(state.first_seq, state.last_seq - RECENT);
		const seq = from + Math.floor(random() * (state.last_seq - from + 1));
		const message = await broker.jsm.streams.getMessage(stream, { seq });
		if (message === null || isPoison(message.data)) return;
		await broker.js.publish(message.subject, message.data, { headers: headersOfCopy(message) });
		copies += 1;
	}

	async function poison(subject: string) {
		const id = crypto.randomUUID();
		const publish = () => broker.js.publish(subject, `${POISON} ${id}`, { msgID: id });
		const before = losses;
		const { stream, seq } = await eventually(publish, { timeout_ms: TAKEN_MS_MAX });
		const ids = losses === before ? poisoned : poison_lost;
		for (const consumer of POISONED[subject] ?? []) ids.add(`${consumer} ${stream} ${seq}`);
	}

	return {
		poisoned,
		poison_lost,
		get copies() {
			return copies;
		},
		poison,
		excusePoison() {
			losses += 1;
			for (const id of poisoned) poison_lost.add(id);
			poisoned.clear();
		},
		publishAgain,
	};
}

function headersOfCopy({ time, header }: StoredMsg) {
	const own = headers();
	if (Date.now() - time.getTime() <= FORGOTTEN_MS) {
		own.set("Nats-Msg-Id", crypto.randomUUID());
		return own;
	}
	for (const [name, values] of header) {
		if (!name.startsWith("Nats-Batch-")) own.set(name, values[0] ?? "");
	}
	own.set("Millrace-Republished", "1");
	return own;
}

/** A copy of it would be one more dead letter. */
function isPoison(data: Uint8Array): boolean {
	return new TextDecoder().decode(data).startsWith(POISON);
}
