import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { OutgoingEvent } from "../../src/contracts/events.ts";
import { type Lock, tryLock } from "../../src/database/lock.ts";
import { eventHeaders } from "../../src/messaging/headers.ts";
import type { StreamMessage } from "../../src/messaging/reader.ts";
import { NotSequencerError, openRecorder } from "../../src/modules/audit/record-event.ts";
import { createAuditStore } from "../../src/modules/audit/store.ts";
import { permitOf } from "../../src/modules/audit/writing-permit.ts";
import { openDirectory } from "../../src/object-store/directory-store.ts";
import type { ObjectStore, Permit } from "../../src/object-store/object-store.ts";
import { generateKey } from "../../src/transparency/keys.ts";
import { verifyLog } from "../../src/transparency/verify-log.ts";
import { contentsOf } from "../support/audit-log.ts";
import { layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { eventsOf } from "../support/signed-log.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const servers = await privateServers();
afterAll(servers.close);
const { database } = await layFoundation(servers, "audit");
const signer = generateKey("example.com/turns");
const keys = { signer, former: [] };
const created = new Map([["ORDERS", "then"] as const]);
const LOCK = "who writes the log of this test";

function messages(orders: number, name: string): StreamMessage[] {
	const events = Array.from({ length: orders }, (_, n) => eventsOf(`${name}-${n}`)).flat();
	return events.map(toMessage);
}

function toMessage(event: OutgoingEvent, index: number): StreamMessage {
	return {
		stream: "ORDERS",
		sequence: index + 1,
		subject: event.subject,
		headers: eventHeaders(event, undefined, false).encode(),
		data: Buffer.from(event.data),
		message_id: event.message_id,
		traceparent: undefined,
		republished: false,
		pending: 0,
	};
}

const takeLock = async () =>
	(await tryLock({ url: servers.database_url, ...LIMITS }, LOCK)) as Lock;
const LIMITS = { connections_max: 1, connect_timeout_s: 5, statement_timeout_ms: 5_000 };

/** Opens the log as whoever has the lock does. */
async function openTurn(objects: ObjectStore, permit: Permit) {
	const store = createAuditStore(database);
	const taken_over = await store.take();
	const place = { objects: objects.under(permit), keys, witness: undefined };
	const recorder = await openRecorder(store, place, created);
	return { store, taken_over, recorder };
}

/** Ends the session that holds the lock, as a restart of Postgres does. */
async function breakLock(lock: Lock) {
	await servers.sql`
		select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`;
	await lock.lost;
}

test("who lost the lock while objects were on their way writes none of them behind the next one's back", async () => {
	const folder = join(temporaryFolder("turns"), "log");
	const objects = openDirectory(folder);
	const lock = await takeLock();
	const pause = Promise.withResolvers<void>();
	const reached = Promise.withResolvers<void>();
	let paused = false;
	const permit = permitOf(lock);
	const stale = await openTurn(objects, async () => {
		if (paused) {
			reached.resolve();
			await pause.promise;
			// As long as the process stood still, the clock went on.
			await permitOf(lock)();
		}
		await permit();
	});
	expect(stale.taken_over).toBe(false);
	await stale.recorder.record(messages(20, "before"));
	await stale.recorder.sign();
	paused = true;
	const recording = stale.recorder.record(messages(200, "stale"));
	await reached.promise;

	await breakLock(lock);
	const next = await takeLock();
	const { taken_over, recorder, store } = await openTurn(objects, permitOf(next));
	expect(taken_over).toBe(true);
	await recorder.record(messages(100, "next"));
	await recorder.sign();
	const written = contentsOf(folder);
	pause.resolve();
	await expect(recording).rejects.toThrow(NotSequencerError);

	expect(contentsOf(folder)).toEqual(written);
	const verdict = await verifyLog({
		reader: objects,
		keys: [signer.verifier],
		remembered: undefined,
		onProgress() {},
	});
	expect(verdict).toMatchObject({ faults: [], entries_checked: recorder.size });
	await store.leave();
	await next.release();
	await lock.release();
	expect(await createAuditStore(database).take()).toBe(false);
});

test("who is not the writer any more records nothing, though the log is as long as he left it", async () => {
	const [former, next] = [createAuditStore(database), createAuditStore(database)];
	await former.take();
	const { size } = await former.load();
	await next.take();
	const entry = new Uint8Array(8);
	expect(await former.advance(size, entry, [], new Uint8Array(32))).toBe(false);
	expect(await next.advance(size, entry, [], new Uint8Array(32))).toBe(true);
});
