declare module "s3rver" {
	/** What of it the tests use. */
	export default class S3rver {
		constructor(options: {
			readonly port: number;
			readonly address: string;
			readonly silent: boolean;
			readonly directory: string;
			readonly configureBuckets: ReadonlyArray<{
				readonly name: string;
				readonly configs: readonly string[];
			}>;
		});
		run(): Promise<{ readonly port: number }>;
		close(): Promise<void>;
	}
}
