/** The command lines of all processes that name `text`, such as a folder; the process id leads. */
export function processesNaming(text: string): string[] {
	const ps = Bun.spawnSync(["ps", "-ww", "-A", "-o", "pid=,command="]);
	const lines = ps.stdout.toString().split("\n");
	return lines.filter((line) => line.includes(text)).map((line) => line.trim());
}

/** Process ids of the servers that name `text` and whose command line fits `pattern`, not of their guards. */
export function serversNaming(text: string, pattern: RegExp): number[] {
	return processesNaming(text)
		.filter((line) => pattern.test(line) && !line.includes("millrace-guard"))
		.map((line) => Number.parseInt(line, 10));
}
