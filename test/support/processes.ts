/** The command lines of all processes that name `text`, such as a folder; the process id leads. */
export function processesNaming(text: string): string[] {
	const ps = Bun.spawnSync(["ps", "-ww", "-A", "-o", "pid=,command="]);
	const lines = ps.stdout.toString().split("\n");
	return lines.filter((line) => line.includes(text)).map((line) => line.trim());
}
