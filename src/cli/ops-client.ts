import { userInfo } from "node:os";
import type { Config } from "../config.ts";
import { readEndpoints } from "../embedded/endpoints.ts";
import { addressOf } from "../http/address.ts";
import type { FlagValues } from "./flags.ts";
import { readSettings } from "./settings.ts";

/** A running millrace did not answer, or refused; the message says which and what to do. */
export class OpsError extends Error {
	override readonly name = "OpsError";
}

/** The operators' API of a running millrace. */
export interface OpsClient {
	/** Who acts. */
	readonly operator: string;
	get<T>(path: string): Promise<T>;
	post<T>(path: string, body: object): Promise<T>;
	/** Sends, and hands over the lines of the answer as they come. */
	lines<T>(path: string, body: object, onLine: (line: T) => void): Promise<void>;
}

/** Where the port for operators is: the one given, the one kept in the data folder, or the configured one. */
export function opsUrl(config: Config, given?: string): string {
	if (given !== undefined) return given.replace(/\/+$/, "");
	const kept = readEndpoints(config.data_folder)?.ops_url;
	return config.ops.port === 0 && kept ? kept : addressOf(config.ops);
}

export async function openOps(values: FlagValues): Promise<OpsClient> {
	const url = opsUrl(await readSettings(values), values["ops-url"]);
	const operator = values.operator ?? userInfo().username;

	async function ask(path: string, body?: object): Promise<Response> {
		const response = await fetch(`${url}/v1/${path}`, {
			...(body && {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: JSON.stringify({ operator, ...body }),
			}),
		}).catch((cause) => {
			const way_out = "Is millrace running? Name its operators' port with --ops-url.";
			throw new OpsError(`no answer from ${url}: ${(cause as Error).message}. ${way_out}`, {
				cause,
			});
		});
		if (response.ok) return response;
		throw new OpsError(await problemOf(response));
	}

	return {
		operator,
		get: async <T>(path: string) => (await ask(path)).json() as Promise<T>,
		post: async <T>(path: string, body: object) => (await ask(path, body)).json() as Promise<T>,
		async lines<T>(path: string, body: object, onLine: (line: T) => void) {
			const { body: stream } = await ask(path, body);
			const decoder = new TextDecoder();
			let rest = "";
			for await (const bytes of stream ?? []) {
				const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
				rest = lines.pop() ?? "";
				for (const line of lines) onLine(JSON.parse(line));
			}
		},
	};
}

async function problemOf(response: Response): Promise<string> {
	const text = await response.text();
	try {
		const {
			title,
			detail,
			errors = [],
		} = JSON.parse(text) as {
			title: string;
			detail?: string;
			errors?: readonly { pointer: string; detail: string }[];
		};
		const parts = errors.map(({ pointer, detail: why }) => `${pointer} ${why}`);
		return [title, detail, ...parts].filter((part) => part !== undefined).join(". ");
	} catch {
		return `${response.status}: ${text}`;
	}
}
