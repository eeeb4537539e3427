import { mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { reportFailure } from "./failure.ts";
import { readFlags } from "./read-flags.ts";
import { UsageError } from "./usage-error.ts";

const ENTRY = resolve(import.meta.dir, "../main.ts");
/** Started as a thread of its own, so the bundler does not find it. */
const SCANNER = resolve(import.meta.dir, "audit-scanner.ts");
const OUTFILE = "dist/millrace";
const TARGETS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] as const;
type Target = (typeof TARGETS)[number];

const HELP = `bun run build: make one executable of millrace, with its migrations and settings inside

Flags:
  --target NAME   ${TARGETS.join(", ")}; this machine when left out
  --outfile FILE  default ${OUTFILE}
  -h, --help      show this`;

const flags = {
	target: { type: "string" },
	outfile: { type: "string" },
	help: { type: "boolean", short: "h" },
} as const;

function readTarget(name: string): Target {
	const target = TARGETS.find((known) => known === name.replace(/^bun-/, ""));
	if (target !== undefined) return target;
	throw new UsageError(`There is no target "${name}". Targets: ${TARGETS.join(", ")}.`);
}

/** Compiled ahead to bytecode, which the executable need not do at each start. */
async function build(target: Target, outfile: string): Promise<void> {
	mkdirSync(dirname(outfile), { recursive: true });
	const { success, logs } = await Bun.build({
		entrypoints: [ENTRY, SCANNER],
		target: "bun",
		format: "esm",
		bytecode: true,
		minify: { whitespace: true, syntax: true },
		sourcemap: "inline",
		compile: { target: `bun-${target}`, outfile, autoloadDotenv: false, autoloadBunfig: false },
	});
	if (!success) throw new AggregateError(logs, "the executable could not be built");
	// They are inside as well, so that errors name the lines of the source.
	rmSync(`${outfile}.map`, { force: true });
	rmSync(join(dirname(outfile), "audit-scanner.js.map"), { force: true });
}

async function run(): Promise<number> {
	const values = readFlags(process.argv.slice(2), flags);
	if (values.help) {
		console.log(HELP);
		return 0;
	}
	const target = readTarget(values.target ?? `${process.platform}-${process.arch}`);
	const outfile = resolve(values.outfile ?? OUTFILE);
	const name = relative(process.cwd(), outfile);
	console.log(`building ${name} for ${target} …`);
	const started_ms = performance.now();
	await build(target, outfile);
	const seconds = ((performance.now() - started_ms) / 1_000).toFixed(1);
	const megabytes = (statSync(outfile).size / 1024 ** 2).toFixed(1);
	console.log(`${name}  ${megabytes} MiB  in ${seconds} s`);
	return 0;
}

process.exit(await run().catch((error) => reportFailure(error, "See: bun run build --help")));
