import { sql } from "drizzle-orm";
import { bigint, customType, timestamp } from "drizzle-orm/pg-core";

/**
 * Text that is compared byte by byte: ids, codes, states. An index over it is cheaper than one in
 * the database's own collation, and time-ordered ids sort by time.
 */
export const code = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

export const bytes = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });

/** Integer minor units of money, or pieces of stock. */
export const quantity = (name: string) => bigint(name, { mode: "number" });

export const instant = (name: string) => timestamp(name, { withTimezone: true });

/** Set by the database's clock, so that clocks of replicas do not matter. */
export const writtenAt = (name: string) => instant(name).notNull().default(sql`now()`);
