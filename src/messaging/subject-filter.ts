import { contracts, type Subject } from "../contracts/events.ts";

/**
 * What a durable asks the broker for. Whoever takes the newest version of an event that this build knows
 * is given all of its versions, so that one that this build does not know yet becomes a dead letter
 * instead of passing unseen.
 */
export function filtersOf(subjects: readonly Subject[]): readonly string[] {
	const whole = new Set(subjects.filter(isNewest).map(familyOf));
	return [
		...[...whole].map((family) => `${family}.*`),
		...subjects.filter((subject) => !whole.has(familyOf(subject))),
	];
}

const familyOf = (subject: string) => subject.slice(0, subject.lastIndexOf("."));
const versionOf = (subject: string) => Number(subject.slice(subject.lastIndexOf(".v") + 2));

function isNewest(subject: Subject): boolean {
	return Object.keys(contracts).every(
		(known) => familyOf(known) !== familyOf(subject) || versionOf(known) <= versionOf(subject),
	);
}
