import packageFile from "../../../package.json" with { type: "json" };
import type { Description } from "../../app.ts";
import type { Config } from "../../config.ts";
import { contracts, type Subject } from "../../contracts/events.ts";
import { DEAD_LETTER_STREAM, deadLetterSubjects, moduleNames } from "../../contracts/streams.ts";
import { wantedStreams } from "../../messaging/streams.ts";
import { exampleHeaders, exampleOf } from "./event-examples.ts";
import { eventSchema } from "./event-fields.ts";
import { explainHeaders } from "./header-meanings.ts";

const SERVER = { $ref: "#/servers/nats" };
const BINDINGS = { nats: { bindingVersion: "0.1.0" } };
const subjects = Object.keys(contracts) as Subject[];

type Consumer = Description["consumers"][number];

/** The AsyncAPI 3 document of every event. What AsyncAPI has no word for is in `x-jetstream`. */
export function asyncApi(
	config: Config,
	consumers: readonly Consumer[],
	deadLetterHeaders: readonly string[],
): object {
	return {
		asyncapi: "3.0.0",
		info: {
			title: packageFile.name,
			version: packageFile.version,
			description: packageFile.description,
			license: { name: packageFile.license },
		},
		defaultContentType: "application/json",
		servers: { nats: { host: "localhost:4222", protocol: "nats", bindings: { nats: {} } } },
		channels: Object.fromEntries([
			...subjects.map((subject) => [subject, eventChannel(subject)]),
			...Object.values(deadLetterSubjects).map((subject) => [subject, deadLetterChannel(subject)]),
		]),
		operations: Object.fromEntries([
			...subjects.map(sendOperation),
			...consumers.flatMap((consumer) => receiveOperations(consumer, config)),
			...moduleNames.map(parkOperation),
		]),
		components: {
			messages: Object.fromEntries([
				...subjects.map((subject) => [subject, eventMessage(subject)]),
				[DEAD_LETTER, deadLetterMessage(deadLetterHeaders)],
			]),
		},
		"x-jetstream": { streams: wantedStreams(config.nats) },
	};
}

const DEAD_LETTER = "dead-letter";

function eventChannel(subject: Subject) {
	return channel(subject, contracts[subject].stream, subject, contracts[subject].summary);
}

function deadLetterChannel(subject: string) {
	const description = "What a module cannot handle, parked for an operator.";
	return channel(subject, DEAD_LETTER_STREAM, DEAD_LETTER, description);
}

function channel(address: string, stream: string, message: string, description: string) {
	return {
		address,
		description,
		servers: [SERVER],
		messages: { [message]: { $ref: `#/components/messages/${message}` } },
		bindings: BINDINGS,
		"x-jetstream": { stream },
	};
}

function sendOperation(subject: Subject) {
	const { publisher, summary } = contracts[subject];
	return [
		`${publisher}.send.${subject}`,
		operation("send", subject, subject, summary, { module: publisher, acknowledged: true }),
	];
}

function receiveOperations(consumer: Consumer, { consumer: settings }: Config) {
	const { durable, module, stream } = consumer;
	return consumer.subjects.map((subject) => [
		`${durable}.receive.${subject}`,
		operation("receive", subject, subject, `${durable} of the ${module} module.`, {
			module,
			stream,
			durable,
			ack_policy: "explicit",
			ack_wait_ms: settings.ack_wait_ms,
			max_ack_pending: settings.in_flight_max,
			attempts_max: settings.attempts_max,
			dead_letter_subject: deadLetterSubjects[module],
		}),
	]);
}

function parkOperation(module: (typeof moduleNames)[number]) {
	const subject = deadLetterSubjects[module];
	const summary = `What the ${module} module cannot handle.`;
	return [
		`${module}.send.${subject}`,
		operation("send", subject, DEAD_LETTER, summary, { module, acknowledged: true }),
	];
}

function operation(
	action: "send" | "receive",
	subject: string,
	message: string,
	summary: string,
	jetstream: object,
) {
	const channel = `#/channels/${subject}`;
	return {
		action,
		channel: { $ref: channel },
		summary,
		messages: [{ $ref: `${channel}/messages/${message}` }],
		bindings: BINDINGS,
		"x-jetstream": jetstream,
	};
}

function eventMessage(subject: Subject) {
	const event = exampleOf(subject);
	return {
		name: subject,
		summary: contracts[subject].summary,
		contentType: "application/json",
		headers: headerSchema(exampleHeaders(event)),
		payload: eventSchema(subject),
		examples: [{ payload: JSON.parse(event.data) }],
	};
}

function deadLetterMessage(headers: readonly string[]) {
	return {
		name: DEAD_LETTER,
		summary: "A message that was given up, its payload unchanged.",
		headers: headerSchema(headers),
		payload: {},
	};
}

function headerSchema(lines: readonly string[]) {
	const headers = explainHeaders(lines).map(({ name, meaning, example }) => [
		name,
		{ type: "string", description: meaning, examples: [example] },
	]);
	return { type: "object", properties: Object.fromEntries(headers) };
}
