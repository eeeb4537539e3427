import type { Database } from "../../database/connection.ts";
import type { Broker } from "../../messaging/connection.ts";
import type { Relay } from "../../messaging/relay.ts";
import { foreseeRelease, foreseeReservation } from "./foresee-stock.ts";
import { type InventoryRoutesOptions, inventoryRoutes } from "./http.ts";
import { releaseStock } from "./release-stock.ts";
import { reserveStock } from "./reserve-stock.ts";
import { createInventoryStore } from "./store.ts";

/** Holds stock for orders, every line or none, and gives it back when they are cancelled. */
export function inventoryModule(needs: {
	readonly database: Database;
	readonly broker: Broker;
	readonly relay: Relay;
	readonly http: InventoryRoutesOptions;
}) {
	const { database, broker, relay, http } = needs;
	const store = createInventoryStore(database, relay.lease_ms);
	return {
		name: "inventory",
		consumers: [
			{
				durable: "inventory-reserve",
				stream: "ORDERS",
				subjects: ["orders.created.v2"],
				handle: reserveStock({ store, relay, broker }),
				foresee: foreseeReservation(store),
			},
			{
				durable: "inventory-release",
				stream: "ORDERS",
				subjects: ["orders.cancelled.v1"],
				handle: releaseStock({ store, relay }),
				foresee: foreseeRelease(store),
			},
		],
		routes: inventoryRoutes(http, store),
		background: [],
	} as const;
}
