import { readdirSync, readFileSync } from "node:fs";

interface ProcessTimes {
	readonly pid: number;
	readonly parent: number;
	/** Own time and that of children that have ended. */
	readonly ticks: number;
}

let tick_us: number | undefined;

/**
 * CPU that processes have used, with their children, those that have ended as well.
 * @returns microseconds; null where there is no /proc
 */
export function cpuOf(pids: readonly number[]): number | null {
	const all = processTimes();
	if (all === undefined) return null;
	const wanted = new Set(pids);
	const isNew = ({ pid, parent }: ProcessTimes) => wanted.has(parent) && !wanted.has(pid);
	for (let found = all.filter(isNew); found.length > 0; found = all.filter(isNew)) {
		for (const { pid } of found) wanted.add(pid);
	}
	let ticks = 0;
	for (const process of all) if (wanted.has(process.pid)) ticks += process.ticks;
	tick_us ??= tickMicroseconds();
	return ticks * tick_us;
}

function processTimes(): ProcessTimes[] | undefined {
	try {
		const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
		return pids.flatMap((pid) => readTimes(pid) ?? []);
	} catch {
		return undefined;
	}
}

function readTimes(pid: string): ProcessTimes | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		// The name stands in brackets and may hold spaces and brackets itself.
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
		return { pid: Number(pid), parent: Number(fields[1]), ticks };
	} catch {
		return undefined;
	}
}

function tickMicroseconds(): number {
	const answer = Bun.spawnSync(["getconf", "CLK_TCK"]).stdout.toString();
	return 1_000_000 / (Number.parseInt(answer, 10) || 100);
}
