import type { ModuleName } from "../src/contracts/streams.ts";
import type { Migration } from "../src/database/migrate.ts";
import auditStart from "./audit/0000_start.sql" with { type: "text" };
import auditTreeRoot from "./audit/0001_tree_root.sql" with { type: "text" };
import auditStreamMemory from "./audit/0002_stream_memory.sql" with { type: "text" };
import auditCustomerKeys from "./audit/0003_customer_keys.sql" with { type: "text" };
import auditWriter from "./audit/0004_writer.sql" with { type: "text" };
import auditKeyDeletions from "./audit/0005_key_deletions.sql" with { type: "text" };
import auditJournal from "./audit/meta/_journal.json" with { type: "json" };
import inventoryStart from "./inventory/0000_start.sql" with { type: "text" };
import inventoryStreamMemory from "./inventory/0001_stream_memory.sql" with { type: "text" };
import inventoryJournal from "./inventory/meta/_journal.json" with { type: "json" };
import orderStart from "./order/0000_start.sql" with { type: "text" };
import orderStreamMemory from "./order/0001_stream_memory.sql" with { type: "text" };
import orderJournal from "./order/meta/_journal.json" with { type: "json" };
import paymentStart from "./payment/0000_start.sql" with { type: "text" };
import paymentMoney from "./payment/0001_money.sql" with { type: "text" };
import paymentStreamMemory from "./payment/0002_stream_memory.sql" with { type: "text" };
import paymentJournal from "./payment/meta/_journal.json" with { type: "json" };

interface Journal {
	readonly entries: ReadonlyArray<{ readonly tag: string; readonly when: number }>;
}

function inOrder(journal: Journal, texts: Readonly<Record<string, string>>): Migration[] {
	return journal.entries.map(({ tag, when }) => {
		const sql = texts[tag];
		if (sql === undefined) throw new Error(`Migration ${tag} is not listed in migrations/bundle.ts`);
		return { tag, when, sql };
	});
}

/** The migrations of every module as text, so that they are inside the executable. */
export const migrations: Readonly<Record<ModuleName, readonly Migration[]>> = {
	order: inOrder(orderJournal, {
		"0000_start": orderStart,
		"0001_stream_memory": orderStreamMemory,
	}),
	inventory: inOrder(inventoryJournal, {
		"0000_start": inventoryStart,
		"0001_stream_memory": inventoryStreamMemory,
	}),
	payment: inOrder(paymentJournal, {
		"0000_start": paymentStart,
		"0001_money": paymentMoney,
		"0002_stream_memory": paymentStreamMemory,
	}),
	audit: inOrder(auditJournal, {
		"0000_start": auditStart,
		"0001_tree_root": auditTreeRoot,
		"0002_stream_memory": auditStreamMemory,
		"0003_customer_keys": auditCustomerKeys,
		"0004_writer": auditWriter,
		"0005_key_deletions": auditKeyDeletions,
	}),
};
