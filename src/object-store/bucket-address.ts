import { StoreError } from "./object-store.ts";

/** Where a bucket is, and where in it the objects lie. */
export interface BucketAddress {
	/** Of the bucket, without a slash at its end. */
	readonly url: string;
	/** In front of each path; empty or with a slash at its end. */
	readonly prefix: string;
	readonly region: string;
	/** How long objects are locked; undefined leaves it to the bucket. */
	readonly retention_days: number | undefined;
}

const KNOWN = ["endpoint", "region", "retention_days"];
const EXAMPLE = "s3://BUCKET/PREFIX?endpoint=URL&region=NAME&retention_days=NUMBER";

/**
 * Reads `s3://bucket/prefix?endpoint=…&region=…&retention_days=…`. Without an endpoint it is AWS.
 * @param region where the address names none
 * @throws StoreError
 */
export function readBucketAddress(text: string, region: string | undefined): BucketAddress {
	const parsed = URL.canParse(text) ? new URL(text) : undefined;
	if (parsed === undefined || parsed.hostname === "")
		throw new StoreError(`"${text}" is no address of a bucket. It is ${EXAMPLE}.`);
	const unknown = [...parsed.searchParams.keys()].filter((name) => !KNOWN.includes(name));
	if (unknown.length > 0)
		throw new StoreError(`"${text}" has ${unknown.join(", ")}. It is ${EXAMPLE}.`);
	const named = parsed.searchParams.get("region") ?? region ?? "us-east-1";
	const endpoint = parsed.searchParams.get("endpoint");
	const folder = parsed.pathname.split("/").filter(Boolean).join("/");
	return {
		url: endpoint
			? `${endpoint.replace(/\/+$/, "")}/${parsed.hostname}`
			: `https://${parsed.hostname}.s3.${named}.amazonaws.com`,
		prefix: folder === "" ? "" : `${folder}/`,
		region: named,
		retention_days: readDays(text, parsed.searchParams.get("retention_days")),
	};
}

function readDays(text: string, days: string | null): number | undefined {
	if (days === null) return undefined;
	if (!/^[1-9]\d{0,4}$/.test(days))
		throw new StoreError(`"${text}": retention_days is a number of days, not "${days}".`);
	return Number(days);
}
