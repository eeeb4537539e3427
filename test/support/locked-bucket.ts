import { createHash } from "node:crypto";

/** What a request meets instead of the bucket. */
export type BucketFault = "500" | "500 after" | "reset" | "slow";

interface Version {
	readonly bytes: Uint8Array;
	readonly retain_until_ms: number;
}

const SLOW_MS = 300;
const fault = (status: number, code: string) =>
	new Response(`<Error><Code>${code}</Code></Error>`, { status });

/**
 * A bucket with versions and Object Lock, as strict as the documentation of S3 says: it refuses what is
 * not signed, has no checksum, has no lock or is there already, and lets nothing go before its time.
 */
export function lockedBucket() {
	const objects = new Map<string, Version[]>();
	const refused: string[] = [];
	let faultFor: (method: string, path: string) => BucketFault | undefined = () => undefined;

	const server = Bun.serve({
		port: 0,
		async fetch(request) {
			const url = new URL(request.url);
			const path = url.pathname.replace(/^\/log\/?/, "");
			const met = faultFor(request.method, path);
			if (met === "500") return fault(500, "InternalError");
			if (met === "slow") await Bun.sleep(SLOW_MS);
			const answer = await respond(request, url, path);
			if (!answer.ok && answer.status !== 404)
				refused.push(`${request.method} ${path} ${answer.status}`);
			if (met === "500 after") return fault(500, "InternalError");
			return answer;
		},
	});

	async function respond(request: Request, url: URL, path: string): Promise<Response> {
		if (!request.headers.get("authorization")?.startsWith("AWS4-HMAC-SHA256 "))
			return fault(403, "AccessDenied");
		if (url.searchParams.has("object-lock"))
			return new Response(
				"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
			);
		if (url.searchParams.has("list-type")) return list(url.searchParams);
		if (request.method === "PUT") return put(path, request);
		if (request.method === "DELETE") return remove(path, url.searchParams.get("versionId"));
		const newest = objects.get(path)?.at(-1);
		return newest ? new Response(newest.bytes as Uint8Array<ArrayBuffer>) : fault(404, "NoSuchKey");
	}

	async function put(path: string, request: Request): Promise<Response> {
		const bytes = await request.bytes();
		const digest = createHash("sha256").update(bytes);
		const checksum = request.headers.get("x-amz-checksum-sha256");
		if (checksum === null) return fault(400, "InvalidRequest");
		if (digest.digest("base64") !== checksum) return fault(400, "BadDigest");
		if (request.headers.get("x-amz-object-lock-mode") !== "COMPLIANCE")
			return fault(400, "InvalidRequest");
		const until = Date.parse(request.headers.get("x-amz-object-lock-retain-until-date") ?? "");
		if (!(until > Date.now())) return fault(400, "InvalidArgument");
		const versions = objects.get(path) ?? [];
		if (request.headers.get("if-none-match") === "*" && versions.length > 0)
			return fault(412, "PreconditionFailed");
		objects.set(path, [...versions, { bytes, retain_until_ms: until }]);
		return new Response();
	}

	function remove(path: string, version: string | null): Response {
		if (version === null) return fault(405, "NoDeleteMarkersHere");
		const found = objects.get(path)?.[Number(version)];
		if (found && found.retain_until_ms > Date.now()) return fault(403, "AccessDenied");
		return new Response(null, { status: 204 });
	}

	function list(query: URLSearchParams): Response {
		const prefix = query.get("prefix") ?? "";
		const after = query.get("continuation-token") ?? "";
		const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
		const page = keys.slice(0, 100);
		const more = keys.length > page.length;
		const token = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
		const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
		return new Response(`<ListBucketResult>${contents}${token}</ListBucketResult>`);
	}

	return {
		address: `s3://log/?endpoint=http://127.0.0.1:${server.port}&retention_days=30`,
		url: `http://127.0.0.1:${server.port}/log`,
		objects,
		/** Requests that were refused, `METHOD path status`. */
		refused,
		meet(next: typeof faultFor) {
			faultFor = next;
		},
		stop: () => server.stop(true),
	};
}

/** Lets in wherever nobody checks who it is. */
export const anyAccess = {
	access_key_id: "S3RVER",
	secret_access_key: "S3RVER",
	session_token: undefined,
	region: undefined,
};
