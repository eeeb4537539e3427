import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, type Registry } from "prom-client";

/**
 * Adds what is known of the process itself, read anew for every scrape.
 *
 * prom-client's own set is not used: under Bun its heap bytes are reserved address space, its
 * handles and garbage collections are always zero, and its version is Node's.
 */
export function addProcessMetrics(registry: Registry): void {
	const registers = [registry];
	addCpu(registers);
	addEventLoopDelay(registers);
	new Gauge({
		name: "process_resident_memory_bytes",
		help: "Resident memory of the process.",
		registers,
		collect() {
			this.set(process.memoryUsage.rss());
		},
	});
	new Gauge({
		name: "process_start_time_seconds",
		help: "When the process started, in seconds since 1970.",
		registers,
	}).set(Math.round(performance.timeOrigin / 1000));
	const bun = { name: "bun_info", help: "The version of Bun.", labelNames: ["version"], registers };
	new Gauge(bun).set({ version: Bun.version }, 1);
}

function addCpu(registers: Registry[]): void {
	const seconds = (name: string, help: string, read: (usage: NodeJS.CpuUsage) => number) =>
		new Counter({
			name,
			help,
			registers,
			collect() {
				this.reset();
				this.inc(read(process.cpuUsage()) / 1e6);
			},
		});
	seconds("process_cpu_user_seconds_total", "Processor time in user mode.", (u) => u.user);
	seconds("process_cpu_system_seconds_total", "Processor time in the kernel.", (u) => u.system);
	seconds("process_cpu_seconds_total", "Processor time in all.", (u) => u.user + u.system);
}

/** Under the names that dashboards for Node know. Each scrape starts a new window. */
function addEventLoopDelay(registers: Registry[]): void {
	const delay = monitorEventLoopDelay({ resolution: 20 });
	delay.enable();
	const seconds = (part: string, help: string, collect?: () => void) =>
		new Gauge({
			name: `nodejs_eventloop_lag_${part}_seconds`,
			help: `${help} delay of the event loop since the last scrape.`,
			registers,
			...(collect && { collect }),
		});
	// Collected in the order of registration: the first reads for all, then starts the new window.
	const median = seconds("p50", "Median", () => {
		median.set(delay.percentile(50) / 1e9);
		p99.set(delay.percentile(99) / 1e9);
		longest.set(delay.max / 1e9);
		delay.reset();
	});
	const p99 = seconds("p99", "99th percentile of the");
	const longest = seconds("max", "Longest");
}
