import { createConsumer } from "../../src/messaging/consumer.ts";
import { done, type Outcome } from "../../src/messaging/outcome.ts";
import { layFoundation } from "../support/foundation.ts";
import type { PrivateServers } from "../support/servers.ts";

// A process with one consumer that does not survive orders called `poison-…`, and cannot handle those
// called `hopeless-…`. It ends when its standard input does.
const [nats_url = "", database_url = "", durable = ""] = process.argv.slice(2);
const servers = { database_url, nats: { url: nats_url }, atEnd() {} } as unknown as PrivateServers;
const foundation = await layFoundation(servers, "order");
const { sql } = foundation.database;

await createConsumer(
	{
		durable,
		stream: "ORDERS",
		subjects: ["orders.confirmed.v1"],
		batches_running_max: 2,
		async handle(events) {
			const ids = events.map(({ data }) => data.order_id);
			if (ids.some((id) => id.startsWith("poison"))) process.kill(process.pid, "SIGKILL");
			await sql`
				insert into effects (order_id)
				select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb)`;
			return ids.map((id): Outcome => {
				const failed = id.startsWith("hopeless");
				return failed ? { kind: "retry", error: new Error("hopeless") } : done;
			});
		},
	},
	{
		...foundation,
		settings: {
			batch_events_max: 40,
			interval_ms: 4,
			ack_wait_ms: 400,
			in_flight_max: 4_000,
			heartbeat_ms: 500,
			expires_ms: 1_000,
			attempts_max: 5,
			retry_first_ms: 20,
			retry_last_ms: 100,
			pause_ms: 300,
			stall_ms: 2_000,
		},
	},
).start();
for await (const _ of Bun.stdin.stream());
process.exit(0);
