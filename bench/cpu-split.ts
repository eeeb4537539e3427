import { cpuOf } from "./cpu.ts";
import { type Consumer, consumers } from "./figures.ts";
import type { Stack } from "./stack.ts";

/** CPU used so far, microseconds; null where the machine does not say. */
export type CpuUsed = Readonly<Record<Exclude<Consumer, "generator">, number | null>>;

export function cpuUsed({ pids }: Pick<Stack, "pids">): CpuUsed {
	return {
		millrace: cpuOf(pids.millrace),
		nats: cpuOf(pids.nats),
		postgres: cpuOf(pids.postgres),
		sandbox: cpuOf(pids.sandbox),
	};
}

/** @returns microseconds of CPU for each of `count`, to a tenth */
export function cpuForEach(
	before: CpuUsed,
	after: CpuUsed,
	generator_us: number,
	count: number,
): Record<Consumer, number | null> {
	const share = (consumer: Consumer) => {
		if (consumer === "generator") return tenth(generator_us / count);
		const [from, to] = [before[consumer], after[consumer]];
		return from === null || to === null ? null : tenth((to - from) / count);
	};
	const shares = consumers.map((consumer) => [consumer, count === 0 ? null : share(consumer)]);
	return Object.fromEntries(shares);
}

function tenth(value: number): number {
	return Math.round(value * 10) / 10;
}
