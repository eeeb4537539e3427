import type { Description } from "../../app.ts";
import { contracts, type Subject } from "../../contracts/events.ts";
import { PERSONAL_MARK } from "../../contracts/identity.ts";
import {
	DEAD_LETTER_STREAM,
	DISCARDED_STREAM,
	deadLetterSubjects,
	discardedSubjects,
	eventStreams,
} from "../../contracts/streams.ts";
import { exampleHeaders, exampleOf } from "./event-examples.ts";
import { eventSchema, type FieldSchema, typeOf } from "./event-fields.ts";
import { explainHeaders } from "./header-meanings.ts";
import { tableRow } from "./page.ts";

const INTRODUCTION = `# Events

Everything millrace says, and everything it listens to. This page and \`asyncapi.json\` beside it are
made from code by \`bun run docs\`.

A subject ends in the version of its event. Within a version only optional fields are added, so a
reader has to let fields pass that it does not know. A change that breaks readers is a new subject.

Payloads are JSON in UTF-8. Amounts are integers in the minor unit of their currency (cents for EUR,
yen for JPY), except in \`orders.created.v1\`. An event may be delivered more than once and after later
events: know it by its \`message_id\`, which stays the same however often it is published.

Fields that are personal (\`x-personal\` in the schemas) are sealed in the audit log under a key of the
customer's own, and are in the clear on the streams: see audit.md.`;

const FOREIGN = `Producers other than millrace publish it straight to NATS. No header is needed; with a
\`Nats-Msg-Id\` of their own choice, the stream drops what they send twice within its duplicate window.
The order id is theirs to choose: an id that is known already is a repetition if it says the same,
and else a dead letter. The amount is in the currency of the setting \`contracts.legacy_currency\`, and
the time an order has to end counts from \`created_at\`. millrace publishes this event itself only
with \`contracts.publish_legacy\`.`;

/** The page about every event: where it lies, who says it, who hears it, what is in it. */
export function eventsPage(
	consumers: Description["consumers"],
	deadLetterHeaders: readonly string[],
): string {
	const subjects = Object.keys(contracts) as Subject[];
	return `${[
		INTRODUCTION,
		"## Streams",
		streamTable(),
		"## Headers",
		"Every event that millrace publishes carries these.",
		headerTable(exampleHeaders(exampleOf("orders.created.v2"))),
		...subjects.map((subject) => eventSection(subject, consumers)),
		"## Dead letters",
		`What a module cannot handle lies on the stream ${DEAD_LETTER_STREAM}, payload unchanged, with these
headers. docs/dead-letters.md says what to do about one. A discarded one has a few more.`,
		headerTable(deadLetterHeaders),
	].join("\n\n")}\n`;
}

function streamTable(): string {
	const rows = Object.entries(eventStreams).map(([name, subjects]) => [name, ...subjects]);
	const listed = (subjects: object) =>
		Object.values(subjects)
			.map((subject) => `\`${subject}\``)
			.join(", ");
	return [
		tableRow(["Stream", "Subjects"]),
		tableRow(["---", "---"]),
		...rows.map(([name = "", ...subjects]) =>
			tableRow([name, subjects.map((subject) => `\`${subject}\``).join(", ")]),
		),
		tableRow([DEAD_LETTER_STREAM, listed(deadLetterSubjects)]),
		tableRow([DISCARDED_STREAM, listed(discardedSubjects)]),
	].join("\n");
}

function headerTable(lines: readonly string[]): string {
	return [
		tableRow(["Header", "Meaning", "Example"]),
		tableRow(["---", "---", "---"]),
		...explainHeaders(lines).map(({ name, meaning, example }) =>
			tableRow([`\`${name}\``, meaning, `\`${example}\``]),
		),
	].join("\n");
}

function eventSection(subject: Subject, consumers: Description["consumers"]): string {
	const { summary, stream, publisher } = contracts[subject];
	const durables = consumers.flatMap(({ durable, subjects }) =>
		subjects.includes(subject) ? [`\`${durable}\``] : [],
	);
	const foreign = subject === "orders.created.v1";
	return [
		`## ${subject}`,
		summary,
		[
			tableRow(["Stream", "Publisher", "Consumers"]),
			tableRow(["---", "---", "---"]),
			tableRow([
				stream,
				foreign ? `other producers; ${publisher}` : publisher,
				[...durables, "the audit log"].join(", "),
			]),
		].join("\n"),
		...(foreign ? [FOREIGN] : []),
		fieldTable(eventSchema(subject)),
		`\`\`\`json\n${JSON.stringify(JSON.parse(exampleOf(subject).data), null, 2)}\n\`\`\``,
	].join("\n\n");
}

function fieldTable(schema: FieldSchema): string {
	return [
		tableRow(["Field", "Type", "", "Meaning"]),
		tableRow(["---", "---", "---", "---"]),
		...fieldRows(schema, ""),
	].join("\n");
}

function fieldRows({ properties = {}, required = [] }: FieldSchema, parent: string): string[] {
	return Object.entries(properties).flatMap(([name, field]) => {
		const path = `${parent}${name}`;
		const row = tableRow([
			`\`${path}\``,
			typeOf(field),
			[required.includes(name) ? "required" : optional(field), ...personal(field)].join(", "),
			field.description ?? "",
		]);
		return [row, ...(field.items ? fieldRows(field.items, `${path}[].`) : [])];
	});
}

function personal(field: FieldSchema): string[] {
	return field[PERSONAL_MARK] ? ["personal"] : [];
}

function optional(field: FieldSchema): string {
	return field.default === undefined ? "optional" : `\`${field.default}\` when left out`;
}
