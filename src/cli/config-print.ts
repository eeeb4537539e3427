import { type Config, fileSchema } from "../config.ts";
import { redactUrls } from "../telemetry/redact.ts";
import type { FlagValues } from "./flags.ts";
import { readSettings } from "./settings.ts";

const SECRET = /password|secret|token|header|api_?key|private_?key/i;

/** Prints the configuration as it stands: a file for --config, then the rest as comments. */
export async function printConfig(values: FlagValues): Promise<number> {
	console.log(configText(await readSettings(values)));
	return 0;
}

/** The configuration as TOML, secrets hidden. What no file can set is commented out. */
function configText(config: Config): string {
	const { database_urls = "embedded", nats_url = "embedded" } = config;
	const all = Object.entries({ ...config, database_urls, nats_url });
	const inFile = (name: string) => Object.hasOwn(fileSchema.shape, name);
	const sections = all.filter(([name]) => inFile(name));
	const others = lines(all.filter(([name]) => !inFile(name)));
	return [
		...sections.map(([name, value]) => [`[${name}]`, ...lines(Object.entries(value ?? {}))]),
		["# From the environment and the command line:", ...others.map((line) => `# ${line}`)],
	]
		.map((chapter) => chapter.join("\n"))
		.join("\n\n");
}

function lines(settings: readonly [string, unknown][]): string[] {
	return settings
		.filter(([, value]) => value !== undefined)
		.map(([key, value]) => `${key} = ${tomlOf(key, value)}`);
}

function tomlOf(key: string, value: unknown): string {
	if (typeof value !== "object" || value === null)
		return SECRET.test(key) ? '"***"' : scalar(value);
	const pairs = Object.entries(value)
		.filter(([, inner]) => inner !== undefined)
		.map(([name, inner]) => `${JSON.stringify(name)} = ${tomlOf(`${key}.${name}`, inner)}`);
	return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function scalar(value: unknown): string {
	return typeof value === "string" ? JSON.stringify(redactUrls(value)) : String(value);
}
