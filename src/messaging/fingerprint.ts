/** What failures of one cause have in common, for all its messages and from one build to the next. */
export interface Fingerprint {
	/** Twelve hexadecimal digits over the two below. */
	readonly fingerprint: string;
	/** The error's name, with its code where it has one; the reason where there is no error. */
	readonly type: string;
	/** Where it came from: a file of ours with the function, or the fields that are not as the contract has them. */
	readonly place: string;
}

/** What every handler's calls pass through: a frame in them tells nothing of the cause. */
const PLUMBING = /^(messaging|database)\//;
const FRAME = /^\s*at (?:async )?(?:(?:new )?([^\s(]+) \()?(.*?)(?::\d+)*\)?$/;
const OURS = /(?:^|\/)src\/(.+\.ts)$/;

/** What was given up, by whom and why; `error` is what was thrown, or what a check found. */
export interface GivenUp {
	readonly subject: string;
	readonly consumer: string;
	readonly reason: string;
	readonly error: unknown;
}

export function fingerprintOf({ subject, consumer, reason, error }: GivenUp): Fingerprint {
	const type = error instanceof Error ? typeOf(error) : reason;
	const fields = fieldsOf(error);
	const place = fields ? `${subject}: ${fields}` : (frameOf(error) ?? consumer);
	const digest = new Bun.CryptoHasher("sha256").update(`${type}\n${place}`).digest("hex");
	return { fingerprint: digest.slice(0, 12), type, place };
}

function typeOf(error: Error): string {
	const { code } = error as { code?: unknown };
	return typeof code === "string" ? `${error.name} ${code}` : error.name;
}

/** Of a failed check against a contract; places in a list count as one. */
function fieldsOf(error: unknown): string | undefined {
	const issues = (error as { issues?: unknown } | undefined)?.issues;
	if (!Array.isArray(issues)) return undefined;
	const fields = issues.map(({ path = [] }: { path?: readonly PropertyKey[] }) =>
		path.map((part) => (typeof part === "number" ? "*" : String(part))).join("."),
	);
	return [...new Set(fields)].sort().join(", ") || undefined;
}

/**
 * The first frame of ours outside the plumbing, else the first of ours: the file within src and the
 * function, without lines and columns, which move with every edit above them.
 */
function frameOf(error: unknown): string | undefined {
	if (!(error instanceof Error) || error.stack === undefined) return undefined;
	const ours = error.stack.split("\n").flatMap((line) => {
		const [, name = "", path = ""] = FRAME.exec(line) ?? [];
		const file = path.includes("node_modules") ? undefined : OURS.exec(path)?.[1];
		if (file === undefined) return [];
		return [{ file, name: name === "<anonymous>" ? "" : name }];
	});
	const frame = ours.find(({ file }) => !PLUMBING.test(file)) ?? ours[0];
	return frame && [frame.file, frame.name].filter((part) => part !== "").join(" ");
}
