import type { StreamMessage } from "../../messaging/reader.ts";
import { findPersonal, type Owner } from "../../transparency/personal-fields.ts";
import type { Seal } from "../../transparency/seal.ts";
import { type Keyring, nameOf } from "./keyring.ts";

/** Seals what events say of persons, each customer's under a key of his own. */
export async function sealEvents(
	keysOf: Keyring,
	seal: Seal,
	messages: readonly StreamMessage[],
): Promise<StreamMessage[]> {
	const found = messages.map((message) => {
		const payload = findPersonal(message.subject, message.data);
		return { message, payload, name: payload ? nameOf(payload.owner) : "" };
	});
	const owners = new Map<string, Owner>();
	for (const { payload, name } of found) if (payload) owners.set(name, payload.owner);
	const keys = await keysOf(owners);
	return found.map(({ message, payload, name }) => {
		const key = keys.get(name);
		return payload && key ? { ...message, data: seal(payload, key) } : message;
	});
}
