/** The JetStream streams that carry events, with the subjects each one stores. */
export const eventStreams = {
	ORDERS: ["orders.*.*"],
	INVENTORY: ["inventory.*.*"],
	PAYMENTS: ["payments.*.*"],
	OPERATIONS: ["operations.*.*"],
} as const;
export type EventStream = keyof typeof eventStreams;

/** Names of the modules, which are also the names of the roles. */
export const moduleNames = ["order", "inventory", "payment", "audit"] as const;
export type ModuleName = (typeof moduleNames)[number];

/** Where each module publishes. */
export const publishedTo = {
	order: "ORDERS",
	inventory: "INVENTORY",
	payment: "PAYMENTS",
	audit: undefined,
} as const satisfies Record<ModuleName, EventStream | undefined>;

/** All durables of each stream: what one of them has not settled, though it was never started, is still needed. */
export const streamDurables = {
	ORDERS: ["order-adopt", "inventory-reserve", "inventory-release", "payment-refund"],
	INVENTORY: ["order-reject", "payment-charge"],
	PAYMENTS: ["order-settle"],
	OPERATIONS: [],
} as const satisfies Record<EventStream, readonly string[]>;

/** Where each module parks what it cannot handle. Two tokens, so that no subject is in two streams. */
export const deadLetterSubjects = {
	order: "orders.dlq",
	inventory: "inventory.dlq",
	payment: "payments.dlq",
	audit: "audit.dlq",
} as const satisfies Record<ModuleName, string>;
export const DEAD_LETTER_STREAM = "DLQ";

/** Where dead letters lie that an operator took out, until the stream is full of later ones. */
export const discardedSubjects = {
	order: "orders.discarded",
	inventory: "inventory.discarded",
	payment: "payments.discarded",
	audit: "audit.discarded",
} as const satisfies Record<ModuleName, string>;
export const DISCARDED_STREAM = "DISCARDED";
