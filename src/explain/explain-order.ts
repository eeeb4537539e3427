import type { ModuleName } from "../contracts/streams.ts";
import type { LogReader } from "../transparency/log-reader.ts";
import { findKeys, liveScenes } from "./live-store.ts";
import { loggedScenes } from "./logged-scenes.ts";
import { inTime, type Scene, type Story } from "./story.ts";

export interface ExplainNeeds {
	readonly reader: LogReader;
	/** @throws when it is not known where the tables are */
	database_urls(): Readonly<Record<ModuleName, string>>;
	readonly connect_timeout_s: number;
	/** Asks for the dead letters about an order. */
	letters(order_id: string): Promise<readonly Scene[]>;
}

/** Tells an order's story by all who can be asked; whoever cannot is named, and the others tell it without him. */
export async function explainOrder(needs: ExplainNeeds, order_id: string): Promise<Story> {
	const without: string[] = [];
	const ask = async (who: string, asked: () => Promise<readonly Scene[]>) => {
		try {
			return await asked();
		} catch (error) {
			without.push(`${who}: ${error instanceof Error ? error.message : String(error)}`);
			return [];
		}
	};
	/** That the tables cannot be asked is said when they are asked for their rows. */
	const keysOf = async (key_ids: readonly string[]) => {
		try {
			return await findKeys(needs.database_urls(), needs.connect_timeout_s, key_ids);
		} catch {
			return undefined;
		}
	};
	const logged = await ask("the audit log", () => loggedScenes(needs.reader, keysOf, order_id));
	const ids = logged.flatMap(({ details }) =>
		typeof details.message_id === "string" ? [details.message_id] : [],
	);
	const [live, letters] = await Promise.all([
		ask("the tables", async () =>
			liveScenes(needs.database_urls(), needs.connect_timeout_s, order_id, ids),
		),
		ask("the dead letters", () => needs.letters(order_id)),
	]);
	return { order_id, without, scenes: inTime([...logged, ...live, ...letters]) };
}
