const MEANINGS: Readonly<Record<string, string>> = {
	"Nats-Msg-Id": "The broker's own duplicate check; the same as `message_id` of an event.",
	"ce-specversion": "CloudEvents 1.0.",
	"ce-id": "The same as `message_id`.",
	"ce-source": "`/millrace/` and the module that says it.",
	"ce-type": "The subject.",
	traceparent: "W3C trace context; left out when the order is not traced.",
	"Millrace-Republished": "`1` on an event that may be on its stream twice; else left out.",
	"Millrace-Reason": "Why the message was given up.",
	"Millrace-Error": "The failure of the last attempt.",
	"Millrace-Fingerprint":
		"The same for all failures of one cause: of the error's type and place, whatever lines move.",
	"Millrace-Error-Type": "The error's name and code, or the reason where there is none.",
	"Millrace-Error-Place": "The file and function it came from, or the fields that are wrong.",
	"Millrace-Order-Id": "The order it is about; left out when it cannot be read.",
	"Millrace-Repeated-Id":
		"The `Nats-Msg-Id` that the message was first published with; left out when it had none.",
	"Millrace-Redrives":
		"How often it was redriven; left out, like the three below, when it never was.",
	"Millrace-Redrive": "The operator's action that redrove it last.",
	"Millrace-Redriven-By": "The operator.",
	"Millrace-Redriven-At": "When, RFC 3339.",
	"Millrace-Message-Id":
		"The event's id; for what cannot be read, one derived from subject and payload.",
	"Millrace-Original-Subject": "Where the message was published.",
	"Millrace-Original-Stream": "The stream it lies on.",
	"Millrace-Original-Sequence": "Its place on that stream.",
	"Millrace-Consumer": "The durable that gave it up.",
	"Millrace-Attempts": "Attempts that failed.",
	"Millrace-First-Failed-At": "When the first attempt failed, RFC 3339.",
	"Millrace-Last-Failed-At": "When the last attempt failed, RFC 3339.",
};

/** A header with what it means and a value as an example. */
export interface HeaderMeaning {
	readonly name: string;
	readonly meaning: string;
	readonly example: string;
}

/**
 * Explains headers given as lines `Name: value`.
 * @throws Error for a header whose meaning is not written down.
 */
export function explainHeaders(lines: readonly string[]): readonly HeaderMeaning[] {
	return lines.map((line) => {
		const cut = line.indexOf(": ");
		const name = line.slice(0, cut);
		const meaning = MEANINGS[name];
		if (meaning === undefined) throw new Error(`Say what the header ${name} means`);
		return { name, meaning, example: line.slice(cut + 2) };
	});
}
