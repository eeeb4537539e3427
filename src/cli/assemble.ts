import { existsSync } from "node:fs";
import { join } from "node:path";
import packageFile from "../../package.json" with { type: "json" };
import { type App, createApp } from "../app.ts";
import type { Config } from "../config.ts";
import { addEndpoints } from "../embedded/endpoints.ts";
import type { Part } from "../lifecycle.ts";
import { bannerFields, bannerText, type Running } from "./banner.ts";
import { createDemo } from "./demo.ts";
import { receiveGoods } from "./goods.ts";
import type { Infrastructure } from "./infrastructure.ts";
import type { Plan } from "./plan.ts";

const { version } = packageFile;

/** Everything that `start` runs, in the order it starts. */
export function assemble(plan: Plan, infrastructure: Infrastructure): readonly Part[] {
	const { config, roles, demo, output } = plan;
	const { log, screen } = output;
	const app = createApp({ config, roles, ...infrastructure, version, log });
	return [
		{ name: "embedded servers", start: nothing, stop: infrastructure.stop },
		app,
		{ name: "welcome", start: () => welcome(plan, infrastructure, app), stop: nothing },
		...(demo && screen ? [createDemo({ app, screen, log })] : []),
		// The last to start is the first to stop: it says so before any work is turned away.
		{ name: "readiness", start: nothing, stop: async () => app.drain() },
	];
}

async function nothing(): Promise<void> {}

async function welcome(plan: Plan, infrastructure: Infrastructure, app: App): Promise<void> {
	const { config, roles, demo, output } = plan;
	const { http_url, ops_url } = app;
	const { embedded } = infrastructure;
	const local = Object.values(embedded).includes(true);
	if (http_url && roles.includes("inventory") && embedded.postgres) await receiveGoods(http_url);
	if (local) addEndpoints(config.data_folder, { ...(http_url && { http_url }), ops_url });
	const running: Running = {
		version,
		roles,
		http_url,
		ops_url,
		database_urls: [...new Set(roles.flatMap((role) => infrastructure.database_urls[role] ?? []))],
		nats_url: infrastructure.nats_url,
		gateway_url: roles.includes("payment") ? infrastructure.stripe?.api_url : undefined,
		embedded,
		data_folder: config.data_folder,
		audit_key: roles.includes("audit") ? auditKeyOf(config) : undefined,
		demo,
	};
	if (output.screen) output.screen.print(bannerText(running));
	else output.log.info(bannerFields(running), "started");
}

function auditKeyOf({ audit, audit_private_key, data_folder }: Config): string | undefined {
	const file = `${audit.key_file ?? join(data_folder, "audit.key")}.pub`;
	return audit_private_key === undefined && existsSync(file) ? file : undefined;
}
