import postgres from "postgres";
import { startPostgres } from "../../src/embedded/postgres.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A database of one test file. */
export interface PrivateDatabase {
	readonly url: string;
	/** Drops the database, whoever is connected to it. */
	release(): Promise<void>;
}

export interface PrivateDatabaseOptions {
	/** Name of a database to copy. Nobody may be connected to it. */
	template?: string;
	/** Whether a commit waits for the disk. Default false. */
	durable?: boolean;
}

const NOT_DURABLE = { fsync: "off", full_page_writes: "off" };

const servers = new Map<boolean, Promise<string>>();

/**
 * The address of the test process's PostgreSQL, which is started when first asked for and ends with
 * the process. What TEST_DATABASE_URL names is used instead where it is set.
 */
function testServer({ durable = false }: { durable?: boolean } = {}): Promise<string> {
	const given = process.env.TEST_DATABASE_URL;
	if (given) return Promise.resolve(given);
	const server = servers.get(durable) ?? start(durable);
	servers.set(durable, server);
	return server;
}

async function start(durable: boolean): Promise<string> {
	const settings = { shared_buffers: "128MB", ...(durable ? {} : NOT_DURABLE) };
	const { url } = await startPostgres({ folder: temporaryFolder("postgres"), settings });
	return url;
}

/** Makes an empty database, or a copy of `template`, on the test process's PostgreSQL. */
export async function privateDatabase(
	options: PrivateDatabaseOptions = {},
): Promise<PrivateDatabase> {
	const server = await testServer(options);
	const name = `test_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
	const template = options.template ?? "template1";
	await run(server, `CREATE DATABASE "${name}" TEMPLATE "${template}"`);
	const url = new URL(server);
	url.pathname = `/${name}`;
	return {
		url: url.href,
		release: () => run(server, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`),
	};
}

async function run(url: string, statement: string): Promise<void> {
	const sql = postgres(url, { max: 1, onnotice() {} });
	try {
		await sql.unsafe(statement);
	} finally {
		await sql.end();
	}
}
