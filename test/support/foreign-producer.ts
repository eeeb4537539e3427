import type { ClusterBroker } from "./cluster-broker.ts";

/** What producers outside millrace publish: five fields, money as a decimal. */
export interface ForeignOrder {
	readonly message_id: string;
	readonly order_id: string;
	readonly customer_id: string;
	readonly total_amount: number;
	/** Epoch ms. */
	readonly created_at: number;
}

const SUBJECT = "orders.created.v1";

export function foreignOrder(order_id: string, total_amount: number): ForeignOrder {
	return {
		message_id: crypto.randomUUID(),
		order_id,
		customer_id: "customer-elsewhere",
		total_amount,
		created_at: Date.now(),
	};
}

/** Publishes straight to the broker, without headers, in both ways there are. */
export function createForeignProducer({ nc, js }: ClusterBroker) {
	return {
		async byCore(order: ForeignOrder): Promise<void> {
			nc.publish(SUBJECT, JSON.stringify(order));
			await nc.flush();
		},
		async byJetStream(order: ForeignOrder): Promise<void> {
			await js.publish(SUBJECT, JSON.stringify(order));
		},
	};
}
