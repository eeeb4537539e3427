import { readEndpoints } from "../embedded/endpoints.ts";
import { explainOrder } from "../explain/explain-order.ts";
import type { Scene, Story } from "../explain/story.ts";
import { oneWord, openLog } from "./audit-access.ts";
import { databaseUrls } from "./database-urls.ts";
import type { FlagValues } from "./flags.ts";
import { openOps } from "./ops-client.ts";
import { readSettings } from "./settings.ts";

/** Tells all that is known of an order, and answers 0 when anything is. */
export async function explain(values: FlagValues, words: readonly string[]): Promise<number> {
	const order_id = oneWord(words, "order id");
	const [config, reader, ops] = await Promise.all([
		readSettings(values),
		openLog(values),
		openOps(values),
	]);

	async function letters(id: string): Promise<readonly Scene[]> {
		const shelves = [false, true].map(async (discarded) => {
			const query = new URLSearchParams({ order_id: id, discarded: `${discarded}` });
			const page = await ops.get<{ letters: Letter[] }>(`dead-letters?${query}`);
			return page.letters.map((it) => toScene(it, discarded));
		});
		return (await Promise.all(shelves)).flat();
	}

	const needs = {
		reader,
		database_urls: () => databaseUrls(config, readEndpoints(config.data_folder)),
		connect_timeout_s: config.database.connect_timeout_s,
		letters,
	};
	const story = await explainOrder(needs, order_id);
	console.log(values.json ? JSON.stringify(story) : text(story));
	return story.scenes.length > 0 ? 0 : 1;
}

interface Letter {
	readonly parked_at: string;
	readonly discarded_at?: string;
	readonly payload?: unknown;
	readonly [field: string]: unknown;
}

function toScene({ parked_at, payload: _, ...details }: Letter, discarded: boolean): Scene {
	const { discarded_at } = details;
	const what = discarded ? "dead letter was discarded" : "dead letter is parked";
	return { at: discarded_at ?? parked_at, source: "dead letters", what, details };
}

function text({ order_id, without, scenes }: Story): string {
	const apart = without.map((it) => `Without ${it}`);
	if (scenes.length === 0)
		return [`Nothing is known of an order ${order_id}.`, ...apart].join("\n");
	const lines = scenes.map((scene) => [heading(scene), ...detailsOf(scene)].join("\n"));
	return [`Order ${order_id}`, ...apart, "", ...lines].join("\n");
}

function heading({ at, what, log_index, trace_id }: Scene): string {
	const place = log_index === undefined ? "" : `  entry ${log_index}`;
	const trace = trace_id === undefined ? "" : `  trace ${trace_id}`;
	return `${at || "at some time"}  ${what}${place}${trace}`;
}

function detailsOf({ details }: Scene): string[] {
	return Object.entries(details)
		.filter(([name, value]) => value !== null && value !== undefined && name !== "message_id")
		.map(
			([name, value]) =>
				`    ${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
		);
}
