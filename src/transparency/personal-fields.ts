import { contracts, personalFields } from "../contracts/events.ts";
import { DEFAULT_TENANT, isIdentifier } from "../contracts/identity.ts";
import { findOrderId, findText } from "./find-text.ts";

/** Whose personal data an event has. */
export interface Owner {
	readonly tenant_id: string;
	/** `sha256:…` for what cannot be the id of a customer. */
	readonly customer_id: string;
}

/** Where a personal field stands in a text: its name, and from where to where its value. */
export interface PersonalValue {
	readonly field: string;
	readonly at: number;
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
/** What stands behind the name of a field; it is matched at a place, since that is found faster by the name. */
const ANY_VALUE = new RegExp(String.raw`\s*:\s*(${STRING}|${SEALED}|${OTHER})?`, "y");
/** The id of a customer as JSON. */
const PLAIN_ID = /^"[\w-]{1,64}"$/;
/** An escape that letters can hide behind. */
const LETTER_ESCAPE = "\\u00";

const personal = new Set(personalFields);
const quoted = personalFields.map((field) => ({ field, name: `"${field}"` }));
/** Subjects whose contract knows no tenants. */
const withoutTenant = new Set<string>(
	Object.entries(contracts).flatMap(([subject, { schema }]) =>
		"tenant_id" in schema.shape ? [] : [subject],
	),
);

/** @returns undefined when nothing in it is personal */
export function findPersonal(subject: string, data: Uint8Array): PersonalPayload | undefined {
	const { text, values } = locate(data);
	if (values.length === 0) return undefined;
	return { text, values, order_id: orderIn(text), owner: ownerOf(subject, text, values) };
}

/** What is the same of a payload whether its personal fields are sealed or not. */
export function withoutPersonal(data: Uint8Array): Uint8Array {
	const { text, values } = locate(data);
	return values.length === 0 ? data : replaceValues(text, values, () => "");
}

/** The bytes of a text with others in the place of values. */
export function replaceValues(
	text: string,
	values: readonly PersonalValue[],
	replace: (value: PersonalValue) => string,
): Uint8Array {
	const parts: string[] = [];
	let length = text.length;
	let end = 0;
	for (const value of values) {
		const other = replace(value);
		parts.push(text.slice(end, value.from), other);
		length += other.length - (value.to - value.from);
		end = value.to;
	}
	parts.push(text.slice(end));
	const bytes = Buffer.allocUnsafe(length);
	let at = 0;
	for (const part of parts) at += bytes.write(part, at, "latin1");
	return bytes;
}

/** The order that an event's personal fields are bound to. */
export function orderIn(text: string): string {
	return findOrderId(text)?.text ?? "";
}

/** As a character a byte, so that places in the text are places in the bytes. */
export function textOf(bytes: Uint8Array): string {
	const { buffer, byteOffset, length } = bytes;
	const known = bytes instanceof Buffer ? bytes : Buffer.from(buffer, byteOffset, length);
	return known.toString("latin1");
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
	for (const { field, name } of quoted) {
		for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
			if (text[at - 1] === "\\") continue;
			ANY_VALUE.lastIndex = at + name.length;
			const match = ANY_VALUE.exec(text);
			if (match === null) continue;
			const to = ANY_VALUE.lastIndex;
			values.push({ field, at, from: to - (match[1]?.length ?? 0), to });
		}
	}
	return values.length > 1 ? apart(values) : values;
}

/** In their order, without those that are part of the one before. */
function apart(values: PersonalValue[]): PersonalValue[] {
	let end = 0;
	return values
		.sort((a, b) => a.at - b.at)
		.filter(({ at, to }) => {
			if (at < end) return false;
			end = to;
			return true;
		});
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
	const tenant_id = withoutTenant.has(subject) ? undefined : told.tenant_id;
	return {
		tenant_id: keptName(tenant_id ?? DEFAULT_TENANT),
		customer_id: keptName(told.customer_id ?? ""),
	};
}

/** What the event itself says, as opposed to what is nested in it: as a reader of it takes it. */
function toldOwner(text: string, values: readonly PersonalValue[]) {
	const [customer, ...more] = values.filter(({ field }) => field === "customer_id");
	const tenant = findText(text, '"tenant_id"');
	const flat_end = flatEnd(text);
	const isFlat = (tenant?.at ?? 0) < flat_end && (customer?.from ?? flat_end) < flat_end;
	const first = customer && readValue(text.slice(customer.from, customer.to));
	if (isFlat && more.length === 0) return { tenant_id: tenant?.text, customer_id: first };
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
	if (isIdentifier(id)) return id;
	const text = typeof id === "string" ? id : JSON.stringify(id);
	return `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;
}

function readValue(json: string): unknown {
	return PLAIN_ID.test(json) ? json.slice(1, -1) : parsed(json);
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
