import type { Step } from "./step.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

const READING_LIMIT_MS = MINUTE_MS;
const UNIT_LIMIT_MS = 2 * MINUTE_MS;
const INTEGRATION_LIMIT_MS = 10 * MINUTE_MS;
const FAULT_LIMIT_MS = 15 * MINUTE_MS;
const E2E_LIMIT_MS = 10 * MINUTE_MS;
const BENCH_LIMIT_MS = 5 * MINUTE_MS;

/** Two files side by side: most of a test of servers is waiting. Its limit only ends what hangs. */
const BESIDE = ["--parallel=2", "--no-isolate", "--timeout=120000"] as const;

/** Every gate, in the order it runs. A step that finds nothing to run fails. */
export const STEPS: readonly Step[] = [
	{
		name: "lint",
		title: "format, import order and lint",
		command: ["bun", "run", "--bun", "biome", "ci", "--colors=off", "--error-on-warnings"],
		limit_ms: READING_LIMIT_MS,
		light: true,
	},
	{
		name: "types",
		title: "types",
		command: ["bun", "run", "--bun", "tsc", "--noEmit"],
		limit_ms: READING_LIMIT_MS,
		light: true,
	},
	{
		name: "fences",
		title: "who may import whom, tidy files, and this command itself",
		command: ["bun", "test", "--timeout=30000", "./test/architecture/", "./test/check/"],
		limit_ms: READING_LIMIT_MS,
		counts: "cases",
		light: true,
	},
	{
		name: "dead-code",
		title: "unused files, exports and packages",
		command: ["bun", "run", "--bun", "knip", "--no-progress", "--treat-config-hints-as-errors"],
		limit_ms: READING_LIMIT_MS,
		light: true,
	},
	{
		name: "docs",
		title: "generated pages match the code",
		command: ["bun", "src/cli/docs.ts", "--check"],
		limit_ms: READING_LIMIT_MS,
		light: true,
	},
	{
		name: "unit",
		title: "rules and other code without servers",
		command: ["bun", "test", "--timeout=30000", "./src/"],
		limit_ms: UNIT_LIMIT_MS,
		counts: "cases",
		light: true,
	},
	{
		name: "integration",
		title: "one promise a file on a real broker and database; migrations match the tables",
		command: ["bun", "test", ...BESIDE, "./test/integration/"],
		limit_ms: INTEGRATION_LIMIT_MS,
		counts: "cases",
	},
	{
		name: "fault",
		title: "kills, outages and lost disks",
		command: ["bun", "test", ...BESIDE, "./test/fault/"],
		limit_ms: FAULT_LIMIT_MS,
		counts: "cases",
	},
	{
		name: "e2e",
		title: "the whole program, from the outside",
		command: ["bun", "test", ...BESIDE, "./test/e2e/"],
		limit_ms: E2E_LIMIT_MS,
		counts: "cases",
	},
	{
		name: "bench",
		title: "one iteration of every benchmark",
		command: ["bun", "run", "bench", "--smoke"],
		limit_ms: BENCH_LIMIT_MS,
	},
];
