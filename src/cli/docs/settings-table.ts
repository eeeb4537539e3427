import { z } from "zod";
import { fileSchema, variables } from "../../config.ts";
import { tableRow } from "./page.ts";

interface Setting {
	readonly section: string;
	readonly key: string;
	/** As written in the file; undefined for a setting that is left out there. */
	readonly value: string | undefined;
	readonly meaning: string;
}

interface Allowed {
	readonly type?: string;
	readonly minimum?: number;
	readonly maximum?: number;
	readonly enum?: readonly unknown[];
	readonly const?: unknown;
	readonly anyOf?: readonly Allowed[];
	readonly properties?: Readonly<Record<string, Allowed>>;
}

const UNITS: ReadonlyArray<readonly [pattern: RegExp, unit: string]> = [
	[/_ms$/, "ms"],
	[/_s$/, "s"],
	[/bytes_max$/, "bytes"],
	[/(orders|events|lines|connections)_max$/, "number"],
	[/unit_price_max$/, "minor units"],
	[/quantity_max$/, "pieces"],
];

/**
 * A table of every setting, from the default file with its comments and the schema it is checked by.
 * @throws Error naming settings that have no comment, or that only one of file and schema knows.
 */
export function settingsTable(toml: string): string {
	const settings = readSettings(toml);
	const schema = z.toJSONSchema(fileSchema, { io: "input" }) as Allowed;
	requireSame(settings, schema);
	const sections = [...new Set(settings.map(({ section }) => section))];
	return sections
		.map((section) =>
			[
				`### [${section}]`,
				"",
				tableRow(["Setting", "Default", "Unit", "Allowed", "Variable", "Meaning"]),
				tableRow(["---", "---", "---", "---", "---", "---"]),
				...settings
					.filter((setting) => setting.section === section)
					.map((setting) => settingRow(setting, schema.properties?.[section])),
			].join("\n"),
		)
		.join("\n\n");
}

function settingRow({ section, key, value, meaning }: Setting, schema: Allowed | undefined) {
	const variable = variables.find(([, ofSection, ofKey]) => ofSection === section && ofKey === key);
	return tableRow([
		`\`${key}\``,
		value === undefined ? "" : `\`${value}\``,
		UNITS.find(([pattern]) => pattern.test(key))?.[1] ?? "",
		allowed(schema?.properties?.[key] ?? {}),
		variable ? `\`${variable[0]}\`` : "",
		meaning,
	]);
}

function readSettings(toml: string): Setting[] {
	const settings: Setting[] = [];
	let section = "";
	let comment: string[] = [];
	for (const line of toml.split("\n")) {
		const [, named] = /^\[(\w+)\]$/.exec(line) ?? [];
		const [, left_out, key, value] = /^(# )?(\w+) =\s*(.*)$/.exec(line) ?? [];
		if (named) section = named;
		if (key) {
			const meaning = comment.join(" ");
			settings.push({ section, key, value: left_out ? undefined : value, meaning });
		}
		const text = !key && /^# (.*)$/.exec(line);
		comment = text ? [...comment, text[1] ?? ""] : [];
	}
	return settings;
}

function requireSame(settings: readonly Setting[], schema: Allowed) {
	const known = Object.entries(schema.properties ?? {}).flatMap(([section, { properties = {} }]) =>
		Object.keys(properties).map((key) => `${section}.${key}`),
	);
	const written = settings.map(({ section, key }) => `${section}.${key}`);
	const faults = [
		...known.filter((name) => !written.includes(name)).map((name) => `${name} is not in the file`),
		...written.filter((name) => !known.includes(name)).map((name) => `${name} is no setting`),
		...settings.flatMap((it) =>
			it.meaning === "" ? [`${it.section}.${it.key} has no comment`] : [],
		),
	];
	if (faults.length > 0) throw new Error(`config/default.toml: ${faults.join("; ")}`);
}

function allowed(schema: Allowed): string {
	if (schema.anyOf) return schema.anyOf.map(allowed).join(", ");
	if (schema.const !== undefined) return `\`${schema.const}\``;
	if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
	if (schema.type === "boolean") return "`true`, `false`";
	if (schema.minimum === undefined) return "";
	const endless = schema.maximum === undefined || schema.maximum === Number.MAX_SAFE_INTEGER;
	return endless ? `${schema.minimum} and more` : `${schema.minimum} to ${schema.maximum}`;
}
