import packageFile from "../../package.json" with { type: "json" };

/** Prints the version alone, for scripts. */
export function version(): number {
	console.log(packageFile.version);
	return 0;
}
