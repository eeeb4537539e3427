import type { MillraceProcess } from "./process.ts";

/** Starts processes again whenever they end, as a supervisor of a machine does. */
export interface Keeper {
	/** Ends by themselves: `crash point`, or `exit` and the code, with how often. */
	readonly ends: Readonly<Record<string, number>>;
	/** SIGKILL; it is started again after `down_ms`, with more variables for that one start. */
	kill(position: number, down_ms: number, environment?: Record<string, string>): Promise<void>;
	/** No process is started again. */
	stop(): void;
}

const RESTART_MS = 250;

interface Kept {
	readonly millrace: MillraceProcess;
	killed: boolean;
	down_ms: number;
	environment: Record<string, string>;
}

export function keepRunning(processes: readonly MillraceProcess[]): Keeper {
	const ends: Record<string, number> = {};
	let stopping = false;
	const all = processes.map(
		(millrace): Kept => ({ millrace, killed: false, down_ms: RESTART_MS, environment: {} }),
	);

	function note(how: string) {
		ends[how] = (ends[how] ?? 0) + 1;
	}

	async function keep(kept: Kept): Promise<void> {
		while (!stopping) {
			const { code, signal } = await kept.millrace.exited;
			if (!stopping && !kept.killed)
				note(signal === "SIGKILL" ? "crash point" : `exit ${code ?? signal}`);
			await Bun.sleep(kept.down_ms);
			if (!stopping) launch(kept);
		}
	}

	function launch(kept: Kept) {
		kept.millrace.launch(kept.environment);
		Object.assign(kept, { killed: false, down_ms: RESTART_MS, environment: {} });
	}

	for (const kept of all) void keep(kept);
	return {
		ends,
		async kill(position, down_ms, environment = {}) {
			const kept = all[position] as Kept;
			Object.assign(kept, { killed: true, down_ms, environment });
			await kept.millrace.kill9();
			await Bun.sleep(down_ms);
		},
		stop() {
			stopping = true;
		},
	};
}
