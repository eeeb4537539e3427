import { type Finding, type FindingKind, findingKinds } from "../verify/findings.ts";
import { countFindings, type Report } from "../verify/report.ts";

type Row = readonly [name: string, value: number, note?: string];

const NAME_WIDTH = 18;
const VALUE_WIDTH = 10;

/** What a person reads of a verification: what was looked at, and what is wrong. */
export function reportText(report: Report): string {
	const { counted, since, took_ms } = report;
	const came = since === null ? "" : ` that came since ${since}`;
	const title = `Verified ${counted.orders} orders${came} in ${(took_ms / 1_000).toFixed(2)} s.`;
	const chapters = [title, rowsOf(report).map(line).join("\n"), ...findingChapters(report)];
	return [...chapters, conclusion(report)].join("\n\n");
}

function rowsOf({ counted: it, open, since, with_gateway }: Report): Row[] {
	const skus: Row[] = since === null ? [["SKUs", it.skus]] : [];
	const gateway: Row[] = with_gateway ? [["gateway entries", it.gateway_entries]] : [];
	return [
		["confirmed", it.confirmed],
		["cancelled", it.cancelled],
		["pending", it.pending],
		["charged 0 times", it.charged_never, with_gateway ? "" : "by our own word alone"],
		["charged once", it.charged_once],
		["charged again", it.charged_again],
		["refunds", it.refunds],
		...skus,
		["log entries", it.events, `${it.foreign_events} of them by others, or about no order`],
		...gateway,
		["open charges", open.charges, "on their way"],
		["open refunds", open.refunds, "on their way"],
		["not settled", open.findings, "written to just now, and looked wrong for a moment"],
	];
}

function line([name, value, note = ""]: Row): string {
	const cells = `${name.padEnd(NAME_WIDTH)}${`${value}`.padStart(VALUE_WIDTH)}`;
	return `  ${cells}  ${note}`.trimEnd();
}

function findingChapters({ findings }: Report): string[] {
	return (Object.keys(findingKinds) as FindingKind[]).flatMap((kind) => {
		const { count, examples } = findings[kind] ?? { count: 0, examples: [] };
		if (count === 0) return [];
		const more = count > examples.length ? ["    …"] : [];
		return [
			`${count} ${kind}: ${findingKinds[kind].means}`,
			...examples.map((example) => `    ${exampleText(example)}`),
			...more,
		].join("\n");
	});
}

function exampleText({ order_id, charge_id, sku, detail }: Finding): string {
	const where = [
		order_id && `order ${order_id}`,
		sku && `SKU ${sku}`,
		charge_id && `charge ${charge_id}`,
	].filter(Boolean);
	return [...where, detail].join(", ");
}

function conclusion(report: Report): string {
	const count = countFindings(report);
	if (count > 0) return `${count} findings.`;
	const { orders, events, gateway_entries } = report.counted;
	return orders + events + gateway_entries === 0
		? "There was nothing to verify."
		: "Nothing is wrong.";
}
