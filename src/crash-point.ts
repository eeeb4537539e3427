/** Between which two steps a process can be told to die. */
const names = [
	"committed",
	"published",
	"delivered",
	"handled",
	"charge-claimed",
	"money-moved",
	"bundle-written",
	"tiles-written",
	"checkpoint-written",
	"letters-sent",
] as const;
type CrashPointName = (typeof names)[number];

/** What was asked for is not a crash point. */
class CrashPointError extends Error {
	override readonly name = "CrashPointError";
}

interface Armed {
	readonly name: string;
	readonly where: string | undefined;
	passes_left: number;
}

let armed: Armed | undefined;

/**
 * Ends this process with SIGKILL if it was told to die here, for the fault tests.
 * @param where the module or consumer that passes, for points that several have
 */
export function crashPoint(name: CrashPointName, where?: string): void {
	if (armed === undefined) return;
	if (armed.name !== name || (armed.where !== undefined && armed.where !== where)) return;
	armed.passes_left -= 1;
	if (armed.passes_left === 0) process.kill(process.pid, "SIGKILL");
}

/**
 * @param text `money-moved`, `committed@order`, or `handled@payment-charge:3` for the third pass
 * @throws CrashPointError naming the points that there are.
 */
export function armCrashPoint(text: string | undefined): void {
	if (text === undefined) return;
	const [, name = "", where, pass = "1"] =
		/^([a-z-]+)(?:@([a-z-]+))?(?::([1-9]\d*))?$/.exec(text) ?? [];
	if (!names.some((known) => known === name)) {
		throw new CrashPointError(`There is no crash point "${text}". There are: ${names.join(", ")}.`);
	}
	armed = { name, where, passes_left: Number(pass) };
}

/** What can be left out, to show that a test notices. */
const parts = ["stream-repair"] as const;

let left_out: string | undefined;

/** Whether this process was told to do without a part of what it does, for the fault tests. */
export function without(part: (typeof parts)[number]): boolean {
	return left_out === part;
}

/** @throws CrashPointError naming the parts that there are. */
export function leaveOut(text: string | undefined): void {
	if (text !== undefined && !parts.some((known) => known === text)) {
		throw new CrashPointError(
			`There is no "${text}" to do without. There is: ${parts.join(", ")}.`,
		);
	}
	left_out = text;
}
