import { fileURLToPath } from "node:url";
import { type BucketAccess, openBucket } from "./bucket-store.ts";
import { openDirectory } from "./directory-store.ts";
import { type ObjectStore, StoreError } from "./object-store.ts";

/**
 * Opens the store at an address: `s3://bucket/prefix?…`, `file:///folder`, or the path of a folder.
 * @throws StoreError when the address is none, or it is a bucket and there is no access
 */
export function openStore(address: string, access: BucketAccess | undefined): ObjectStore {
	if (address.startsWith("s3:")) {
		if (access) return openBucket(address, access);
		throw new StoreError(
			`Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to let us in at ${address}.`,
		);
	}
	if (address.startsWith("file:")) return openDirectory(fileURLToPath(address));
	if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(address)) return openDirectory(address);
	throw new StoreError(`"${address}" is no store: give a folder, file:///FOLDER or s3://BUCKET.`);
}
