import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { type BucketAddress, readBucketAddress } from "./bucket-address.ts";
import {
	everybody,
	type NamedObject,
	ObjectDiffersError,
	type ObjectStore,
	StoreError,
} from "./object-store.ts";

/** How a bucket lets us in. */
export interface BucketAccess {
	readonly access_key_id: string;
	readonly secret_access_key: string;
	readonly session_token: string | undefined;
	/** Where the address names none. */
	readonly region: string | undefined;
}

const REQUEST_MS_MAX = 10_000;
const RETRIES_MAX = 3;
const REQUESTS_AT_ONCE_MAX = 16;
const DAY_MS = 86_400_000;

/**
 * An object store in a bucket that speaks S3. Objects are created on the condition that there is none
 * of the name, with their checksum, and under COMPLIANCE where the bucket has Object Lock: then nobody
 * can take them away before their time, and `replace` adds a version.
 * @throws StoreError when the address is none
 */
export function openBucket(text: string, access: BucketAccess, permit = everybody): ObjectStore {
	const address = readBucketAddress(text, access.region);
	const client = new AwsClient({
		accessKeyId: access.access_key_id,
		secretAccessKey: access.secret_access_key,
		...(access.session_token && { sessionToken: access.session_token }),
		service: "s3",
		region: address.region,
		// One of many objects is tried again by itself; a bucket that is away is waited for by whoever writes.
		retries: RETRIES_MAX,
	});
	let days: Promise<number | undefined> | undefined;

	function request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
		const signal = AbortSignal.timeout(REQUEST_MS_MAX);
		return client.fetch(`${address.url}/${path}`, { ...init, method, signal });
	}

	async function lockHeaders(): Promise<Record<string, string>> {
		days ??= request("GET", "?object-lock").then((answer) => lockedDays(address, answer));
		const found = await days.catch((error) => {
			days = undefined;
			throw error;
		});
		if (found === undefined) return {};
		return {
			"x-amz-object-lock-mode": "COMPLIANCE",
			"x-amz-object-lock-retain-until-date": new Date(Date.now() + found * DAY_MS).toISOString(),
		};
	}

	async function put({ path, bytes }: NamedObject, condition: Record<string, string>) {
		const digest = createHash("sha256").update(bytes).digest();
		const locks = await lockHeaders();
		await permit();
		return request("PUT", address.prefix + path, {
			body: bytes as Uint8Array<ArrayBuffer>,
			headers: {
				...condition,
				...locks,
				"content-type": "application/octet-stream",
				"x-amz-checksum-sha256": digest.toString("base64"),
				"x-amz-content-sha256": digest.toString("hex"),
			},
		});
	}

	async function createOne(object: NamedObject): Promise<void> {
		const answer = await put(object, { "if-none-match": "*" });
		if (answer.status !== 412) return done(answer, `PUT ${object.path}`);
		const found = await read(object.path);
		if (found === undefined || Buffer.compare(found, object.bytes) !== 0)
			throw new ObjectDiffersError(`${object.path} holds something else`);
	}

	async function read(path: string): Promise<Uint8Array | undefined> {
		const answer = await request("GET", address.prefix + path);
		if (answer.status === 404) return undefined;
		if (!answer.ok) return done(answer, `GET ${path}`);
		return answer.bytes();
	}

	async function list(folder: string): Promise<string[]> {
		const prefix = address.prefix + (folder === "" ? "" : `${folder}/`);
		const paths: string[] = [];
		for (let token: string | undefined = ""; token !== undefined; ) {
			const query = new URLSearchParams({ "list-type": "2", prefix, "encoding-type": "url" });
			if (token !== "") query.set("continuation-token", token);
			const answer = await request("GET", `?${query}`);
			const page = await answer.text();
			if (!answer.ok) throw refusal(answer.status, `list ${folder}`, page);
			for (const [, key = ""] of page.matchAll(/<Key>([^<]*)<\/Key>/g))
				paths.push(decodeURIComponent(key).slice(address.prefix.length));
			token = /<NextContinuationToken>([^<]+)</.exec(page)?.[1];
		}
		return paths.sort();
	}

	return {
		address: `${address.url}/${address.prefix}`,
		write_ms_max: REQUEST_MS_MAX,
		under: (stricter) => openBucket(text, access, stricter),
		create: (objects) => inParallel(objects, createOne),
		async createInOrder(objects) {
			for (const object of objects) await createOne(object);
		},
		async replace(object) {
			await done(await put(object, {}), `PUT ${object.path}`);
		},
		read,
		list,
		async discard(folder) {
			if (Object.keys(await lockHeaders()).length > 0) return;
			await permit();
			await inParallel(await list(folder), async (path) =>
				done(await request("DELETE", address.prefix + path), `DELETE ${path}`),
			);
		},
	};
}

/** For how long a bucket is to lock objects; undefined when it cannot. */
async function lockedDays(
	{ url, retention_days }: BucketAddress,
	answer: Response,
): Promise<number | undefined> {
	const text = await answer.text();
	const enabled = answer.ok && text.includes("<ObjectLockEnabled>Enabled</ObjectLockEnabled>");
	if (!enabled) {
		// Other refusals are how servers without locks answer.
		if (answer.status === 401 || answer.status === 403 || answer.status > 501)
			throw refusal(answer.status, "GET ?object-lock", text);
		if (retention_days === undefined) return undefined;
		throw new StoreError(`${url} has no Object Lock: enable it, or leave retention_days out.`);
	}
	const rule = /<(Days|Years)>(\d+)</.exec(text);
	const byDefault = rule ? Number(rule[2]) * (rule[1] === "Years" ? 365 : 1) : undefined;
	const days = retention_days ?? byDefault;
	if (days !== undefined) return days;
	throw new StoreError(`${url} has Object Lock and no default: add retention_days to the address.`);
}

async function done(answer: Response, what: string): Promise<undefined> {
	if (answer.ok) return void (await answer.body?.cancel());
	throw refusal(answer.status, what, await answer.text());
}

function refusal(status: number, what: string, text: string): StoreError {
	const [, code = ""] = /<Code>([^<]*)</.exec(text) ?? [];
	return new StoreError(`the bucket answers ${status} ${code} to ${what}`.replace("  ", " "));
}

async function inParallel<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
	const waiting = [...all];
	const workers = Array.from({ length: REQUESTS_AT_ONCE_MAX }, async () => {
		for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
	});
	await Promise.all(workers);
}
