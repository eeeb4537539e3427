import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openDatabase } from "../../src/database/connection.ts";
import { tryLock } from "../../src/database/lock.ts";
import { createOps } from "../../src/http/ops.ts";
import { createServer } from "../../src/http/server.ts";
import type { Part } from "../../src/lifecycle.ts";
import { openBroker } from "../../src/messaging/connection.ts";
import { createConsumer } from "../../src/messaging/consumer.ts";
import { done } from "../../src/messaging/outcome.ts";
import { createRelay } from "../../src/messaging/relay.ts";
import { auditModule } from "../../src/modules/audit/module.ts";
import { orderModule } from "../../src/modules/order/module.ts";
import { buildApp } from "../support/app.ts";
import { layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const servers = await privateServers();
afterAll(servers.close);
const foundation = await layFoundation(servers, "order");
await layFoundation(servers, "audit");
const { config } = await buildApp(servers);
const relayOptions = { module: "order", schema: "millrace_order", ...config.relay } as const;

function background(): readonly Part[] {
	const order = orderModule({
		...foundation,
		relay: createRelay(relayOptions, foundation),
		intake: { ...config.intake, ...config.contracts },
		deadline: config.order,
		http: { ...config.http, heartbeat_ms: 1_000 },
		legacy_currency: "USD",
	});
	const audit = auditModule({
		...foundation,
		address: temporaryFolder("audit"),
		witness_address: undefined,
		bucket_access: undefined,
		key_source: {
			text: undefined,
			file: undefined,
			made_in: join(temporaryFolder("key"), "audit.key"),
		},
		sequencer: config.audit,
		tryLock: () => tryLock(foundation.database_options, "lifecycle"),
	});
	return [...order.background, ...audit.background];
}

const handle = async (events: readonly unknown[]) => events.map(() => done);
const nats = { ...config.nats, url: servers.nats.url, prepare: async () => {} };

/** Makes one of everything that lives as long as the process. */
const makers: Record<string, () => Part | Promise<Part>> = {
	database: () => openDatabase(foundation.database_options),
	broker: () => openBroker(nats, foundation.log),
	"broker without a server": () =>
		openBroker({ ...nats, url: "nats://127.0.0.1:1" }, foundation.log),
	relay: () => createRelay(relayOptions, foundation),
	consumer: () =>
		createConsumer(
			{ durable: "lifecycle", stream: "ORDERS", subjects: ["orders.confirmed.v1"], handle },
			{ ...foundation, settings: config.consumer },
		),
	ops: () =>
		createOps({
			...config.ops,
			metrics: foundation.metrics,
			checks: [],
			routes: [],
			toProblem: () => undefined,
			info: { version: "0.0.0", roles: [] },
		}),
	http: () =>
		createServer(
			{
				...config.http,
				body_bytes_max: 1_024,
				routes: [],
				toProblem: () => undefined,
			},
			foundation,
		),
	tracing: () => foundation.tracing.part,
	app: async () => (await buildApp(servers)).app,
	...Object.fromEntries(
		background().map(({ name }, index) => [name, () => background()[index] as Part]),
	),
};

describe.each(Object.keys(makers))("%s", (name) => {
	const make = async () => (await makers[name]?.()) as Part;

	test("has a name, and may be stopped before it was started", async () => {
		const part = await make();
		expect(part.name).not.toBe("");
		await part.stop();
		await part.stop();
	});

	test("starts, and may be stopped twice, also at the same time", async () => {
		const part = await make();
		await part.start();
		await Promise.all([part.stop(), part.stop()]);
		await part.stop();
	});
});

test("an app that cannot start lets go of what it had", async () => {
	const { app } = await buildApp(servers, { database_url: "postgres://127.0.0.1:1/none" });
	const error = await app.start().catch((error: unknown) => error);
	expect(error).toBeInstanceOf(Error);
	await expect(fetch(`${app.ops_url}/livez`)).rejects.toThrow();
	await app.stop();
});
