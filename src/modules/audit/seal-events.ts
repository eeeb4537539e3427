import type { StreamMessage } from "../../messaging/reader.ts";
import { findPersonal, type Owner } from "../../transparency/personal-fields.ts";
import type { PersonalKey, Seal } from "../../transparency/seal.ts";
import type { AuditStore } from "./store.ts";

const TRIES_MAX = 5;

/**
 * Seals what events say of persons, each customer's under a key of his own. Keys are asked for anew each time,
 * since one may have been deleted meanwhile.
 */
export async function sealEvents(
	store: AuditStore,
	seal: Seal,
	messages: readonly StreamMessage[],
): Promise<StreamMessage[]> {
	const found = messages.map((message) => {
		const payload = findPersonal(message.subject, message.data);
		return { message, payload, name: payload ? nameOf(payload.owner) : "" };
	});
	const owners = new Map<string, Owner>();
	for (const { payload, name } of found) if (payload) owners.set(name, payload.owner);
	const keys = await keysOf(store, owners);
	return found.map(({ message, payload, name }) => {
		const key = keys.get(name);
		return payload && key ? { ...message, data: seal(payload, key) } : message;
	});
}

async function keysOf(
	store: AuditStore,
	owners: ReadonlyMap<string, Owner>,
): Promise<ReadonlyMap<string, PersonalKey>> {
	const keys = new Map<string, PersonalKey>();
	for (let tries = 0; keys.size < owners.size; tries += 1) {
		if (tries === TRIES_MAX) throw new Error("the keys of customers change while they are read");
		const missing = [...owners].flatMap(([name, owner]) => (keys.has(name) ? [] : [owner]));
		for (const key of await store.keysOf(missing)) keys.set(nameOf(key), key);
	}
	return keys;
}

/** Neither of them has a line feed in it. */
function nameOf({ tenant_id, customer_id }: Owner): string {
	return `${tenant_id}\n${customer_id}`;
}
