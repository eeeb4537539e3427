import { expect, test } from "bun:test";
import type { Owner } from "../../transparency/personal-fields.ts";
import { createKeyring, nameOf } from "./keyring.ts";

const ada: Owner = { tenant_id: "t", customer_id: "ada" };
const bob: Owner = { tenant_id: "t", customer_id: "bob" };
const named = (...owners: readonly Owner[]) => new Map(owners.map((it) => [nameOf(it), it]));

/** A table of keys. @param afterRead is told who was asked for, before the answer arrives */
function createTable(afterRead: (asked: readonly string[]) => void = () => {}) {
	const kept = new Map<string, string>();
	let made = 0;
	let deletions = 0;
	return {
		asked: [] as string[][],
		keyDeletions: async () => deletions,
		async keysOf(owners: readonly Owner[]) {
			const found = owners.map((owner) => {
				const name = nameOf(owner);
				if (!kept.has(name)) kept.set(name, `key-${++made}`);
				return { ...owner, key_id: kept.get(name) as string, key: new Uint8Array(32) };
			});
			const ids = owners.map(({ customer_id }) => customer_id);
			this.asked.push(ids);
			afterRead(ids);
			return found;
		},
		forget(owner: Owner) {
			kept.delete(nameOf(owner));
			deletions += 1;
		},
	};
}

test("a key is read once, for all batches", async () => {
	const table = createTable();
	const keysOf = createKeyring(table);
	const first = (await keysOf(named(ada))).get(nameOf(ada))?.key_id;
	const then = await keysOf(named(ada, bob));
	expect(then.get(nameOf(ada))?.key_id).toBe(first as string);
	expect(then.get(nameOf(bob))).toBeDefined();
	expect(table.asked).toEqual([["ada"], ["bob"]]);
});

test("a key that was deleted is not used again", async () => {
	const table = createTable();
	const keysOf = createKeyring(table);
	const first = (await keysOf(named(ada, bob))).get(nameOf(ada))?.key_id;
	table.forget(ada);
	const nobody = await keysOf(named());
	expect(nobody.size).toBe(0);
	expect((await keysOf(named(ada))).get(nameOf(ada))?.key_id).not.toBe(first as string);
});

test("nor one that was deleted while it was read", async () => {
	let forgotten = false;
	const table = createTable(() => {
		if (!forgotten) table.forget(ada);
		forgotten = true;
	});
	const keysOf = createKeyring(table);
	const first = (await keysOf(named(ada))).get(nameOf(ada))?.key_id;
	expect((await keysOf(named(ada))).get(nameOf(ada))?.key_id).not.toBe(first as string);
});

test("keys that are never there are not asked for without end", async () => {
	const keysOf = createKeyring({ keyDeletions: async () => 0, keysOf: async () => [] });
	await expect(keysOf(named(ada))).rejects.toThrow("change while they are read");
});
