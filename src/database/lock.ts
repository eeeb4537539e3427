import postgres from "postgres";
import { within } from "../lifecycle.ts";
import { connectionOptions, type DatabaseOptions } from "./connection.ts";

/** A lock that at most one process holds. */
export interface Lock {
	/** Resolves when the lock is no longer ours, because it was released or the connection was lost. */
	readonly lost: Promise<void>;
	/** Asks Postgres; false as well when it does not answer in time. */
	isHeld(): Promise<boolean>;
	release(): Promise<void>;
}

const ANSWER_MS_MAX = 2_000;

/**
 * Tries to take the session lock `key` on a connection of its own.
 * @returns undefined when another process holds it.
 */
export async function tryLock(options: DatabaseOptions, key: string): Promise<Lock | undefined> {
	const lost = Promise.withResolvers<void>();
	let held = true;
	const client = postgres(options.url, {
		...connectionOptions(options),
		max: 1,
		onclose() {
			held = false;
			lost.resolve();
		},
	});
	async function isHeld() {
		if (!held) return false;
		const asked = client`select 1`.then(
			() => held,
			() => false,
		);
		return (await within(ANSWER_MS_MAX, asked)) ?? false;
	}
	const release = () => client.end({ timeout: 1 });
	try {
		const [row] = await client<[{ held: boolean }]>`
			select pg_try_advisory_lock(hashtextextended(${key}, 0)) as held`;
		if (row.held) return { lost: lost.promise, isHeld, release };
		await release();
		return undefined;
	} catch (error) {
		await release();
		throw error;
	}
}
