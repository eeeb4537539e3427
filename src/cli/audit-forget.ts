import { userInfo } from "node:os";
import { type Config, ConfigError } from "../config.ts";
import { openDatabase } from "../database/connection.ts";
import { type Endpoints, readEndpoints } from "../embedded/endpoints.ts";
import { openBroker, type Session } from "../messaging/connection.ts";
import { forgetCustomer } from "../operations/forget-customer.ts";
import { createForgetStore, type ForgetStore, type KeptKey } from "../operations/forget-store.ts";
import { createLog } from "../telemetry/log.ts";
import { countOrdersSealed } from "../transparency/count-sealed.ts";
import { keptName } from "../transparency/personal-fields.ts";
import { agreed } from "./agreed.ts";
import { oneWord, openLog } from "./audit-access.ts";
import { databaseUrl } from "./database-urls.ts";
import type { FlagValues } from "./flags.ts";
import { OpsError } from "./ops-client.ts";
import { readSettings } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

const LIMITS = { connections_max: 1, statement_timeout_ms: 10_000 };

/** Deletes the key of a customer, and answers 0 when it is gone. */
export async function forget(values: FlagValues, words: readonly string[]): Promise<number> {
	const customer = oneWord(words, "customer id");
	const config = await readSettings(values);
	const endpoints = readEndpoints(config.data_folder);
	const url = databaseUrl(config, endpoints, "audit");
	const { connect_timeout_s } = config.database;
	const database = openDatabase({ url, connect_timeout_s, ...LIMITS });
	try {
		const store = createForgetStore(database);
		if (!(await store.isThere())) throw new ConfigError(NO_TABLES);
		const keys = await store.find(keptName(customer), values.tenant);
		const [key, ...others] = keys;
		if (others.length > 0) throw ofSeveral(customer, keys);
		if (key === undefined) return await nothingThere(store, values, customer);
		const orders = await countOrdersSealed(await openLog(values), key.key_id);
		const of = `${customer} of the tenant ${key.tenant_id}`;
		if (!values.json) console.log(`${of}: 1 key, orders sealed with it: ${orders}.`);
		const question = `Forget ${of}? Nobody can undo it.`;
		if (!agreed(values, question, "add --yes to forget the customer")) return 1;
		const operator = values.operator ?? userInfo().username;
		const asked = { customer_id: keptName(customer), key, orders };
		const forgotten = await onSession(config, endpoints, (session) =>
			forgetCustomer(session, store, operator, asked),
		);
		if (values.json) console.log(JSON.stringify({ ...key, orders, forgotten }));
		else console.log(forgotten ? FORGOTTEN : "Somebody else was first: nothing to forget.");
		return 0;
	} finally {
		await database.stop();
	}
}

const NO_TABLES =
	"The audit module has no keys in this database. Check DATABASE_URL_AUDIT, or start its role once.";

const FORGOTTEN = `Forgotten: what the audit log says of the customer cannot be read any more.
Tables, streams and backups are as they were.`;

function ofSeveral(customer: string, keys: readonly KeptKey[]): UsageError {
	const tenants = keys.map(({ tenant_id }) => tenant_id).join(", ");
	return new UsageError(`${customer} is a customer of ${tenants}. Name one with --tenant.`);
}

async function nothingThere(
	store: ForgetStore,
	{ tenant, json }: FlagValues,
	customer: string,
): Promise<number> {
	const before = await store.wasForgotten(keptName(customer), tenant);
	if (json) console.log(JSON.stringify({ orders: 0, forgotten: false, forgotten_before: before }));
	if (before) {
		if (!json)
			console.log(`Nothing to forget: ${customer} was forgotten, and has not ordered since.`);
		return 0;
	}
	const of = tenant === undefined ? "" : ` of the tenant ${tenant}`;
	console.error(`millrace: the audit log has nothing sealed of a customer ${customer}${of}.
Is the id right? Entries from before personal data was sealed cannot be forgotten.`);
	return 1;
}

async function onSession<T>(
	config: Config,
	endpoints: Endpoints | undefined,
	work: (session: Session) => Promise<T>,
): Promise<T> {
	const url = config.nats_url ?? endpoints?.nats_url;
	if (url === undefined)
		throw new ConfigError("Set NATS_URL: what operators do is said in an event before it is done.");
	const log = createLog({ level: "silent", pretty: false });
	const broker = openBroker({ url, ...config.nats, prepare: async () => {} }, log);
	await broker.start();
	try {
		if (broker.connected()) return await work(await broker.ready);
		throw new OpsError("NATS cannot be reached: nothing is forgotten. Check NATS_URL.");
	} finally {
		await broker.stop();
	}
}
