import type { FlagValues } from "./flags.ts";
import { opsUrl } from "./ops-client.ts";
import { readSettings } from "./settings.ts";

const ANSWER_MS_MAX = 2_000;

/** Asks a running millrace how it is, prints its answer, and answers 0 when it can do its work. */
export async function health(values: FlagValues): Promise<number> {
	const config = await readSettings(values);
	const url = `${opsUrl(config)}/healthz`;
	try {
		const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
		console.log(await answer.text());
		return answer.ok ? 0 : 1;
	} catch (error) {
		console.error(`millrace: no answer from ${url}: ${(error as Error).message}`);
		return 1;
	}
}
