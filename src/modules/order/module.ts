import type { Database } from "../../database/connection.ts";
import type { Broker } from "../../messaging/connection.ts";
import type { Relay } from "../../messaging/relay.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracing } from "../../telemetry/trace.ts";
import { adoptOrders } from "./adopt-order.ts";
import { createDeadline, type DeadlineOptions } from "./expire-orders.ts";
import { foreseeAdoption, foreseeEnding } from "./foresee-order.ts";
import { type OrderRoutesOptions, orderRoutes } from "./http.ts";
import { createNudge, type NudgeOptions } from "./nudge-orders.ts";
import { createIntake, type IntakeOptions } from "./place-order.ts";
import { settleOrders } from "./settle-order.ts";
import { createOrderStore } from "./store.ts";
import { createWatch } from "./watch-orders.ts";

/** Takes orders in, and ends them by what inventory and payment report or when their time is up. */
export function orderModule(needs: {
	readonly database: Database;
	readonly relay: Relay;
	readonly metrics: Metrics;
	readonly tracing: Tracing;
	readonly log: Log;
	readonly intake: IntakeOptions;
	readonly broker: Broker;
	readonly deadline: DeadlineOptions & NudgeOptions;
	readonly http: OrderRoutesOptions & { readonly status_poll_ms: number };
	readonly legacy_currency: string;
}) {
	const { database, relay, http, legacy_currency } = needs;
	const store = createOrderStore(database, relay.lease_ms);
	const ending = { ...needs, store };
	const intake = createIntake(needs.intake, ending);
	const watch = createWatch(http.status_poll_ms, ending);
	const settle = settleOrders(ending);
	return {
		name: "order",
		consumers: [
			{
				durable: "order-adopt",
				stream: "ORDERS",
				subjects: ["orders.created.v1"],
				handle: adoptOrders({ store, relay, legacy_currency }),
				foresee: foreseeAdoption(store, legacy_currency),
			},
			{
				durable: "order-settle",
				stream: "PAYMENTS",
				subjects: ["payments.completed.v1", "payments.failed.v1"],
				handle: settle,
				foresee: foreseeEnding(store),
			},
			{
				durable: "order-reject",
				stream: "INVENTORY",
				subjects: ["inventory.rejected.v1"],
				handle: settle,
				foresee: foreseeEnding(store),
			},
		],
		routes: orderRoutes(http, { ...ending, intake, watch }),
		background: [
			intake,
			watch,
			createDeadline(needs.deadline, ending),
			createNudge(needs.deadline, ending),
		],
	} as const;
}
