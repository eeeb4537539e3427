import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { migrations } from "../../migrations/bundle.ts";
import {
	BUNDLE_WIDTH,
	bundlePath,
	encodeBundle,
	encodeEntry,
} from "../../src/contracts/audit-log.ts";
import { messageId } from "../../src/contracts/identity.ts";
import { moduleNames } from "../../src/contracts/streams.ts";
import { openDatabase } from "../../src/database/connection.ts";
import { migrate } from "../../src/database/migrate.ts";
import { createInProcessGateway, type LedgerEntry } from "../../src/gateway/in-process-gateway.ts";
import { openDirectory } from "../../src/object-store/directory-store.ts";
import type { ChargeRow, OrderRow, ReservationRow, StockRow } from "../../src/verify/facts.ts";
import type { Report } from "../../src/verify/report.ts";
import type { VerifyOptions } from "../../src/verify/run.ts";
import { openVerifyStore } from "../../src/verify/store.ts";
import { verifyBooks } from "../../src/verify/verify.ts";
import { privateDatabase } from "./postgres.ts";
import { temporaryFolder } from "./temporary-folder.ts";

type Aged<T> = Omit<T, "created_ms" | "updated_ms"> & { readonly age_s?: number };

/** An entry of the audit log; without a `message_id` it has the one of an event of ours. */
export interface BookedEvent {
	readonly subject: string;
	readonly order_id: string;
	readonly refund_id?: string;
	readonly message_id?: string;
}

/** All that a millrace writes down, to be planted. What has no `age_s` was written an hour ago. */
export interface Books {
	orders: Aged<OrderRow>[];
	reservations: (Aged<Omit<ReservationRow, "has_lines">> & {
		readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
	})[];
	stock: Omit<StockRow, "held">[];
	charges: Aged<ChargeRow>[];
	ledger: LedgerEntry[];
	log: BookedEvent[];
	/** Entries of the log by its table; as many as there are when left out. */
	log_size?: number;
}

export const AT_REST: VerifyOptions = {
	settle_ms: 0,
	pending_ms_max: 7_200_000,
	unknown_ms_max: 7_200_000,
};

const LIMITS = { connections_max: 4, connect_timeout_s: 5, statement_timeout_ms: 30_000 };
const AN_HOUR_S = 3_600;

/** Tables, an audit log and a gateway's ledger to plant books in, and to verify them. */
export async function openBookRoom() {
	const stored = await privateDatabase();
	const options = { url: stored.url, ...LIMITS };
	for (const name of moduleNames) await migrate(options, `millrace_${name}`, migrations[name]);
	const sql = postgres(stored.url, { max: 1, onnotice() {} });
	const database = openDatabase(options);
	const data_folder = temporaryFolder("books");
	const log_folder = join(data_folder, "audit");
	const log_files = openDirectory(log_folder);
	const ledger_folder = join(data_folder, "gateway");
	const gateway = createInProcessGateway(ledger_folder);
	const store = await openVerifyStore({
		order: database,
		inventory: database,
		payment: database,
		audit: database,
	});

	return {
		database_url: stored.url,
		data_folder,
		log_folder,
		log_files,
		sql,
		store,
		gateway,
		async plant(books: Books): Promise<void> {
			await plantRows(sql, books);
			const lines = books.ledger.map((entry) => `${JSON.stringify(entry)}\n`);
			writeFileSync(join(ledger_folder, "ledger-1.ndjson"), lines.join(""));
			rmSync(log_folder, { recursive: true, force: true });
			writeLog(log_folder, books.log);
		},
		verify: (change: Partial<VerifyOptions> = {}): Promise<Report> =>
			verifyBooks({ store, gateway, log_files }, { ...AT_REST, ...change }),
		async close(): Promise<void> {
			await sql.end();
			await database.stop();
			await stored.release();
		},
	};
}

async function plantRows(sql: postgres.Sql, books: Books): Promise<void> {
	const { orders, reservations, stock, charges, log_size = books.log.length } = books;
	const aged = <T extends { readonly age_s?: number }>(rows: readonly T[]) =>
		JSON.stringify(rows.map((row) => ({ age_s: AN_HOUR_S, ...row })));
	await sql`truncate millrace_order.orders, millrace_inventory.stock,
		millrace_inventory.reservations, millrace_payment.charges, millrace_audit.log`;
	await sql`
		insert into millrace_order.orders (order_id, tenant_id, customer_id, status, currency,
			total_amount, lines, created_at, updated_at)
		select order_id, 'default', 'ann', status, currency, amount, '[]',
			now() - age_s * interval '1 second', now() - age_s * interval '1 second'
		from jsonb_to_recordset(${aged(orders)}::text::jsonb) as x(
			order_id text, status text, currency text, amount bigint, age_s int)`;
	await sql`
		insert into millrace_inventory.reservations (order_id, status, lines, created_at, updated_at)
		select order_id, status, lines,
			now() - age_s * interval '1 second', now() - age_s * interval '1 second'
		from jsonb_to_recordset(${aged(reservations)}::text::jsonb) as x(
			order_id text, status text, lines jsonb, age_s int)`;
	await sql`
		insert into millrace_inventory.stock (sku, received, available)
		select * from jsonb_to_recordset(${JSON.stringify(stock)}::text::jsonb) as x(
			sku text, received bigint, available bigint)`;
	await sql`
		insert into millrace_payment.charges (order_id, kind, request_id, charge_id, tenant_id,
			customer_id, state, amount, order_amount, refunded, currency, fence, attempts, created_at,
			updated_at)
		select order_id, kind, request_id, charge_id, 'default', 'ann', state, amount, amount, refunded,
			currency, 1, 1, now() - age_s * interval '1 second', now() - age_s * interval '1 second'
		from jsonb_to_recordset(${aged(charges)}::text::jsonb) as x(
			order_id text, kind text, request_id text, charge_id uuid, state text, amount bigint,
			refunded bigint, currency text, age_s int)`;
	await sql`insert into millrace_audit.log (id, size) values (1, ${log_size})`;
}

/** Writes entries as the audit module does: full bundles, and one that is not full. */
export function writeLog(folder: string, events: readonly BookedEvent[]): void {
	for (let first = 0; first < events.length; first += BUNDLE_WIDTH) {
		const entries = events.slice(first, first + BUNDLE_WIDTH).map(encodeEvent);
		const width = entries.length === BUNDLE_WIDTH ? undefined : entries.length;
		const file = join(folder, bundlePath(first / BUNDLE_WIDTH, width));
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, encodeBundle(entries));
	}
}

function encodeEvent({ subject, order_id, refund_id, message_id }: BookedEvent): Uint8Array {
	const id = message_id ?? messageId(subject, refund_id ?? order_id);
	const encoder = new TextEncoder();
	return encodeEntry({
		subject,
		headers: encoder.encode(`NATS/1.0\r\nNats-Msg-Id: ${id}\r\nce-type: ${subject}\r\n\r\n`),
		data: encoder.encode(JSON.stringify({ message_id: id, order_id, refund_id })),
	});
}
