import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BUNDLE_WIDTH, bundlePath, decodeBundle, decodeEntry } from "../src/contracts/audit-log.ts";
import type { LoggedEvent } from "./verdict.ts";

/** Every event of an audit log in a folder, in its order, read from the bundles alone. */
export function* auditEvents(folder: string): Generator<LoggedEvent> {
	for (let index = 0; ; index += 1) {
		const entries = readEntries(folder, index);
		for (const entry of entries) {
			const { subject, data } = decodeEntry(entry);
			const { order_id } = JSON.parse(new TextDecoder().decode(data)) as { order_id: string };
			yield { order_id, subject };
		}
		if (entries.length < BUNDLE_WIDTH) return;
	}
}

function readEntries(folder: string, index: number): Uint8Array[] {
	const full = join(folder, bundlePath(index));
	if (existsSync(full)) return decodeBundle(readFileSync(full));
	const partials = `${full}.p`;
	const widest = existsSync(partials) ? Math.max(0, ...readdirSync(partials).map(Number)) : 0;
	return widest === 0 ? [] : decodeBundle(readFileSync(join(partials, String(widest))));
}
