import type { Owner } from "../../transparency/personal-fields.ts";
import type { PersonalKey } from "../../transparency/seal.ts";
import type { AuditStore } from "./store.ts";

/** Looks up the keys of customers, and makes those that are missing. By names, as `nameOf` has them. */
export type Keyring = (
	owners: ReadonlyMap<string, Owner>,
) => Promise<ReadonlyMap<string, PersonalKey>>;

const TRIES_MAX = 5;
const KEYS_MAX = 50_000;

/**
 * Keeps keys at hand until one is deleted. That is asked each time and before keys are read, so that no key is
 * used, or in memory, once a batch begins after its deletion.
 */
export function createKeyring(store: Pick<AuditStore, "keyDeletions" | "keysOf">): Keyring {
	const keys = new Map<string, PersonalKey>();
	let deletions: number | undefined;
	return async (owners) => {
		const now = await store.keyDeletions();
		if (now !== deletions || keys.size + owners.size > KEYS_MAX) keys.clear();
		deletions = now;
		for (let tries = 0; tries < TRIES_MAX; tries += 1) {
			const missing = [...owners].flatMap(([name, owner]) => (keys.has(name) ? [] : [owner]));
			if (missing.length === 0) return keys;
			for (const key of await store.keysOf(missing)) keys.set(nameOf(key), key);
		}
		throw new Error("the keys of customers change while they are read");
	};
}

/** Neither of them has a line feed in it. */
export function nameOf({ tenant_id, customer_id }: Owner): string {
	return `${tenant_id}\n${customer_id}`;
}
