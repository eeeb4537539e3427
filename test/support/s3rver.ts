import S3rver from "s3rver";
import { temporaryFolder } from "./temporary-folder.ts";

/** Starts a server that speaks S3, with one bucket. Its access key and secret are both `S3RVER`. */
export async function startS3rver(bucket: string) {
	const server = new S3rver({
		port: 0,
		address: "127.0.0.1",
		silent: true,
		directory: temporaryFolder("s3rver"),
		configureBuckets: [{ name: bucket, configs: [] }],
	});
	const { port } = await server.run();
	return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}
