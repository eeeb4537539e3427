import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { headers, nanos } from "nats";
import { bundlePath, decodeBundle, decodeEntry } from "../../src/contracts/audit-log.ts";
import { REPUBLISHED } from "../../src/messaging/headers.ts";
import { startApp, type TestApp } from "./app.ts";
import { orderConfirmed } from "./events.ts";
import { type PrivateServers, privateServers } from "./servers.ts";
import type { Settings } from "./settings.ts";
import { openStreams, type Streams } from "./streams.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { eventually } from "./wait.ts";

const opened: PrivateServers[] = [];

/** Ends the servers of every scene. */
export async function closeScenes(): Promise<void> {
	for (const servers of opened.splice(0)) await servers.close();
}

/** A log of its own with what feeds it. */
export interface Scene {
	readonly servers: PrivateServers;
	readonly streams: Streams;
	readonly store: string;
	/** Where the key is. */
	readonly data_folder: string;
	/** Starts a process that records into the store. */
	record(settings?: Settings): Promise<TestApp>;
}

export async function setScene(): Promise<Scene> {
	const servers = await privateServers();
	opened.push(servers);
	const store = join(temporaryFolder("audit"), "log");
	const data_folder = temporaryFolder("data");
	const record = (settings: Settings = {}) =>
		startApp(servers, {
			roles: ["audit"],
			data_folder,
			settings: { ...settings, audit: { store, ...settings.audit } },
		});
	const recorder = await record();
	const streams = await openStreams(servers);
	await recorder.stop();
	return { servers, streams, store, data_folder, record };
}

/** All entries, read as anybody would who has only the files. */
export function readLog(
	store: string,
): { subject: string; order_id: string; republished: boolean }[] {
	const entries: Uint8Array[] = [];
	for (let index = 0; ; index += 1) {
		const bundle = readBundle(store, index);
		entries.push(...bundle);
		if (bundle.length < 256) break;
	}
	return entries.map((bytes) => {
		const { subject, headers, data } = decodeEntry(bytes);
		const { order_id } = JSON.parse(new TextDecoder().decode(data)) as { order_id: string };
		const republished = new TextDecoder().decode(headers).includes(REPUBLISHED);
		return { subject, order_id, republished };
	});
}

function readBundle(store: string, index: number): Uint8Array[] {
	const read = (path: string) => decodeBundle(readFileSync(join(store, path)));
	const files = filesOf(store);
	if (files.includes(bundlePath(index))) return read(bundlePath(index));
	const partial = `${bundlePath(index)}.p/`;
	const widths = files
		.filter((path) => path.startsWith(partial))
		.map((path) => path.split("/").at(-1));
	const widest = Math.max(0, ...widths.map(Number));
	return widest === 0 ? [] : read(bundlePath(index, widest));
}

export function filesOf(store: string): string[] {
	const names = readdirSync(store, { recursive: true, withFileTypes: true });
	return names
		.filter((it) => it.isFile())
		.map((it) => join(it.parentPath, it.name).slice(store.length + 1));
}

export const names = (count: number, prefix = "audited") =>
	Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

export async function publish({ streams }: Scene, order_ids: readonly string[], marked = false) {
	await Promise.all(
		order_ids.map((order_id) => {
			const event = orderConfirmed(order_id);
			// Another broker id, since a second publication within its window would not be stored.
			const id = marked ? `${event.message_id}-again` : event.message_id;
			const named = { "Nats-Msg-Id": id, ...(marked ? { [REPUBLISHED]: "1" } : {}) };
			return streams.publish(event.subject, event.data, named);
		}),
	);
}

export const recorded = ({ store }: Scene) => readLog(store).map(({ order_id }) => order_id);
export const hasRecorded = (scene: Scene, order_ids: readonly string[], timeout_ms = 20_000) =>
	eventually(() => expect(recorded(scene).sort()).toEqual([...order_ids].sort()), { timeout_ms });

export async function sizes({ servers }: Scene) {
	const [row] = await servers.sql<[{ size: number; ids: number }]>`
		select size::int as size,
			(select coalesce(sum(octet_length(id_prefixes)), 0)::int / 8 from millrace_audit.batches) as ids
		from millrace_audit.log`;
	return row;
}

/** The same event twice on the stream under the same id, as after the broker's window. */
export async function publishTwins({ streams }: Scene, order_ids: readonly string[]) {
	await streams.jsm.streams.update("ORDERS", { duplicate_window: nanos(100) });
	for (const order_id of order_ids) {
		const { subject, data, message_id } = orderConfirmed(order_id);
		const block = headers();
		block.set("Nats-Msg-Id", message_id);
		await streams.js.publish(subject, data, { headers: block });
		block.set(REPUBLISHED, "1");
		await eventually(async () => {
			const ack = await streams.js.publish(subject, data, { headers: block });
			expect(ack.duplicate).toBe(false);
		});
	}
	const found = await streams.messages("ORDERS", "orders.confirmed.v1");
	expect(found).toHaveLength(order_ids.length * 2);
}

export function contentsOf(store: string): Map<string, Uint8Array> {
	return new Map(filesOf(store).map((path) => [path, readFileSync(join(store, path))]));
}
