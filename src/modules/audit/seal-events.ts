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
	const found = messages.map(({ subject, data }) => findPersonal(subject, data));
	const owners = new Map(found.flatMap((it) => (it ? [[nameOf(it.owner), it.owner]] : [])));
	const keys = await keysOf(store, owners);
	return messages.map((message, at) => {
		const payload = found[at];
		const key = payload && keys.get(nameOf(payload.owner));
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
