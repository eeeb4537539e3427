import { contracts, personalFields } from "../contracts/events.ts";
import { DEFAULT_TENANT, identifier } from "../contracts/identity.ts";

/** Whose personal data an event has. */
export interface Owner {
	readonly tenant_id: string;
	/** `sha256:…` for what cannot be the id of a customer. */
	readonly customer_id: string;
}

/** Where the value of a personal field stands in a text. */
export interface PersonalValue {
	readonly field: string;
	readonly from: number;
	readonly to: number;
}

/** A payload as text, a character a byte. */
interface Located {
	readonly text: string;
	readonly values: readonly PersonalValue[];
}

/** A payload that has personal fields. */
export interface PersonalPayload extends Located {
	readonly owner: Owner;
	/** The first that is named, as the index has it; empty where there is none. */
	readonly order_id: string;
}

const STRING = String.raw`"[^"\\]*(?:\\.[^"\\]*)*"`;
const SEALED = String.raw`\{"sealed":"[^"\\]*"\}`;
const OTHER = String.raw`[^\s"{}[\],:]+`;
const NAME = `(?<!\\\\)"(${personalFields.join("|")})"\\s*:\\s*`;
const FIELD = new RegExp(`${NAME}(${STRING}|${SEALED}|${OTHER})?`, "g");
const ORDER_ID = /"order_id"\s*:\s*"([^"\\]*)"/;
const TENANT_ID = /"tenant_id"\s*:\s*"([^"\\]*)"/;
/** An escape that letters can hide behind. */
const LETTER_ESCAPE = "\\u00";

const personal = new Set(personalFields);

/** @returns undefined when nothing in it is personal */
export function findPersonal(subject: string, data: Uint8Array): PersonalPayload | undefined {
	const { text, values } = locate(data);
	if (values.length === 0) return undefined;
	return { text, values, order_id: orderIn(text), owner: ownerOf(subject, text, values) };
}

/** What is the same of a payload whether its personal fields are sealed or not. */
export function withoutPersonal(data: Uint8Array): Uint8Array {
	const { text, values } = locate(data);
	return values.length === 0 ? data : bytesOf(replaceValues(text, values, () => ""));
}

/** Puts other text in the place of values. */
export function replaceValues(
	text: string,
	values: readonly PersonalValue[],
	replace: (value: PersonalValue) => string,
): string {
	let replaced = "";
	let end = 0;
	for (const value of values) {
		replaced += text.slice(end, value.from) + replace(value);
		end = value.to;
	}
	return replaced + text.slice(end);
}

/** The order that an event's personal fields are bound to. */
export function orderIn(text: string): string {
	return ORDER_ID.exec(text)?.[1] ?? "";
}

/** As a character a byte, so that places in the text are places in the bytes. */
export function textOf({ buffer, byteOffset, length }: Uint8Array): string {
	return Buffer.from(buffer, byteOffset, length).toString("latin1");
}

export function bytesOf(text: string): Uint8Array {
	return Buffer.from(text, "latin1");
}

/** @returns the payload as it is; as JSON.stringify writes it where fields cannot be told in it as it is */
function locate(data: Uint8Array): Located {
	const text = textOf(data);
	const found = valuesIn(text);
	if (!text.includes(LETTER_ESCAPE) && found.every(isWhole)) return { text, values: found };
	const spelt = spellOut(text);
	return spelt === undefined
		? { text, values: found.filter(isWhole) }
		: { text: spelt, values: valuesIn(spelt) };
}

/** The values of personal fields; without an end where a field has an object or a list. */
function valuesIn(text: string): PersonalValue[] {
	const values: PersonalValue[] = [];
	FIELD.lastIndex = 0;
	for (let match = FIELD.exec(text); match !== null; match = FIELD.exec(text)) {
		const [, field = "", value = ""] = match;
		values.push({ field, from: FIELD.lastIndex - value.length, to: FIELD.lastIndex });
	}
	return values;
}

const isWhole = ({ from, to }: PersonalValue) => to > from;

/** Without escapes that hide names, and with texts for objects and lists in personal fields. */
function spellOut(text: string): string | undefined {
	try {
		const given = JSON.parse(utf8Of(text), (name, value) =>
			personal.has(name) && typeof value === "object" && value !== null
				? JSON.stringify(value)
				: value,
		);
		return Buffer.from(JSON.stringify(given)).toString("latin1");
	} catch {
		return undefined;
	}
}

function ownerOf(subject: string, text: string, values: readonly PersonalValue[]): Owner {
	const told = toldOwner(text, values);
	const hasTenant = !isSubject(subject) || "tenant_id" in contracts[subject].schema.shape;
	return {
		tenant_id: hasTenant ? keptName(told.tenant_id ?? DEFAULT_TENANT) : DEFAULT_TENANT,
		customer_id: keptName(told.customer_id ?? ""),
	};
}

/** What the event itself says, as opposed to what is nested in it: as a reader of it takes it. */
function toldOwner(text: string, values: readonly PersonalValue[]) {
	const [customer, ...more] = values.filter(({ field }) => field === "customer_id");
	const tenant = TENANT_ID.exec(text);
	const flat_end = flatEnd(text);
	const isFlat = (tenant?.index ?? 0) < flat_end && (customer?.from ?? flat_end) < flat_end;
	const first = customer && parsed(text.slice(customer.from, customer.to));
	if (isFlat && more.length === 0) return { tenant_id: tenant?.[1], customer_id: first };
	const given = parsed(text) as { tenant_id?: unknown; customer_id?: unknown } | null | undefined;
	return { tenant_id: given?.tenant_id, customer_id: given?.customer_id ?? first };
}

/** Up to where nothing is nested for certain. */
function flatEnd(text: string): number {
	if (!text.startsWith("{")) return 0;
	const ends = [text.indexOf("{", 1), text.indexOf("[")].filter((at) => at > 0);
	return Math.min(text.length, ...ends);
}

/** By what name a customer or tenant is kept: foreign producers may call them anything, at any length. */
export function keptName(id: unknown): string {
	if (identifier.safeParse(id).success) return id as string;
	const text = typeof id === "string" ? id : JSON.stringify(id);
	return `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(utf8Of(text));
	} catch {
		return undefined;
	}
}

function utf8Of(text: string): string {
	return Buffer.from(text, "latin1").toString("utf8");
}

function isSubject(subject: string): subject is keyof typeof contracts {
	return Object.hasOwn(contracts, subject);
}
