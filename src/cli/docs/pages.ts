import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageFile from "../../../package.json" with { type: "json" };
import { createApp, type Description } from "../../app.ts";
import { type Config, readConfig } from "../../config.ts";
import { type ModuleName, moduleNames } from "../../contracts/streams.ts";
import { createLog } from "../../telemetry/log.ts";
import { asyncApi } from "./asyncapi.ts";
import { deadLetterHeaders } from "./event-examples.ts";
import { eventsPage } from "./events-page.ts";
import { jsonPage, type Page, pagePart, wholePage } from "./page.ts";
import { settingsTable } from "./settings-table.ts";

const NOWHERE = "postgres://localhost/none";
const NOWHERE_HTTP = "http://localhost";

/** Every page that is made from code, for the checkout at `root`. */
export async function generatedPages(root: string): Promise<readonly Page[]> {
	const folder = mkdtempSync(join(tmpdir(), "millrace-docs-"));
	try {
		const config = await readConfig({ data_folder: folder }, {});
		const { openapi, consumers } = describe(config);
		const headers = await deadLetterHeaders();
		const toml = readFileSync(join(root, "config/default.toml"), "utf8");
		return [
			wholePage("docs/events.md", eventsPage(consumers, headers)),
			jsonPage("docs/asyncapi.json", asyncApi(config, consumers, headers)),
			jsonPage("docs/openapi.json", openapi),
			pagePart("docs/configuration.md", "settings", settingsTable(toml)),
		];
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Builds all modules on servers that are never asked. */
function describe(config: Config): Description {
	const urls = moduleNames.map((name) => [name, NOWHERE]);
	const app = createApp({
		config,
		roles: moduleNames,
		database_urls: Object.fromEntries(urls) as Record<ModuleName, string>,
		nats_url: "nats://localhost",
		stripe: { api_key: "none", api_url: NOWHERE_HTTP, webhook_secret: "none" },
		version: packageFile.version,
		log: createLog({ level: "silent", pretty: false }),
	});
	return app.describe();
}
