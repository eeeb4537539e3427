import { redactUrls } from "../telemetry/redact.ts";
import { goods } from "./goods.ts";
import type { Infrastructure } from "./infrastructure.ts";

/** What is running and where. */
export interface Running {
	readonly version: string;
	readonly roles: readonly string[];
	/** Undefined without the role `order` or `inventory`. */
	readonly http_url: string | undefined;
	readonly ops_url: string;
	readonly database_urls: readonly string[];
	readonly nats_url: string;
	/** Undefined where no gateway is called over the network. */
	readonly gateway_url: string | undefined;
	/** Which of the servers run inside this process. */
	readonly embedded: Infrastructure["embedded"];
	/** Holds `endpoints.json` when a server is embedded. */
	readonly data_folder: string;
	/** The file with the public key of the audit log; undefined where it is not known. */
	readonly audit_key: string | undefined;
	readonly demo: boolean;
}

/** What the log says when all is up: the same facts as {@link bannerText}, passwords hidden. */
export function bannerFields(it: Running) {
	return {
		version: it.version,
		http: it.http_url,
		ops: it.ops_url,
		postgres: it.database_urls.map(redactUrls),
		nats: redactUrls(it.nats_url),
		gateway: it.gateway_url,
		data_folder: it.data_folder,
		audit_key: it.audit_key,
	};
}

/** What a person reads when all is up: where everything answers, and what to do next. */
export function bannerText(it: Running): string {
	const inside = (embedded: boolean) => (embedded ? "  (embedded)" : "");
	const rows = [
		...(it.http_url === undefined
			? []
			: [["API", `${it.http_url}  (described in /openapi.json)`] as const]),
		["Metrics", `${it.ops_url}/metrics`] as const,
		["Health", `${it.ops_url}/healthz`] as const,
		...it.database_urls.map(
			(url) => ["Postgres", `${redactUrls(url)}${inside(it.embedded.postgres)}`] as const,
		),
		["NATS", `${redactUrls(it.nats_url)}${inside(it.embedded.nats)}`] as const,
		...(it.gateway_url === undefined
			? []
			: [["Gateway", `${it.gateway_url}${inside(it.embedded.sandbox)}`] as const]),
		["Roles", it.roles.join(", ")] as const,
		["Data", dataRow(it)] as const,
		...(it.audit_key === undefined
			? []
			: [["Log key", `${it.audit_key}  (checks the audit log)`] as const]),
	];
	return [
		`millrace ${it.version} is up.`,
		"",
		...rows.map(([name, value]) => `  ${name.padEnd(8)}  ${value}`),
		"",
		...next(it),
	].join("\n");
}

function dataRow({ data_folder, embedded }: Running): string {
	if (!Object.values(embedded).includes(true)) return data_folder;
	return `${data_folder}  (endpoints.json there has the addresses with the password)`;
}

function next({ http_url, roles, demo }: Running): string[] {
	const end = demo ? ["Ctrl-C stops it. Meanwhile, an order a second:", ""] : ["Ctrl-C stops it."];
	if (http_url === undefined || !roles.includes("order")) return end;
	return ["Place an order:", "", `  ${orderLine(http_url)}`, "", ...end];
}

/** A command that places an order when it is pasted into a shell. */
function orderLine(http_url: string): string {
	const [first] = goods;
	const body = {
		customer_id: "you",
		currency: "EUR",
		lines: [{ sku: first.sku, quantity: 2, unit_price: first.unit_price }],
	};
	return `curl -i ${http_url}/v1/orders -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
}
