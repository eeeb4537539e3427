import { Presets, SingleBar } from "cli-progress";
import { agreed } from "./agreed.ts";
import { selectionOf, sequencesOf } from "./dlq-selection.ts";
import type { FlagValues } from "./flags.ts";
import { type OpsClient, OpsError, openOps } from "./ops-client.ts";
import { UsageError } from "./usage-error.ts";

interface Plan {
	readonly letters: number;
	readonly effects: Readonly<Record<string, number>>;
	readonly forecasts: readonly {
		readonly sequence: number;
		readonly effect: string;
		readonly says: string;
	}[];
}

interface Progress {
	readonly sent: number;
	readonly returned: number;
	readonly stopped?: string;
	readonly error?: string;
	readonly done?: boolean;
}

interface EditPlan {
	readonly message_id: string;
	readonly changes: readonly {
		readonly field: string;
		readonly before?: unknown;
		readonly after?: unknown;
	}[];
}

const SHOWN_MAX = 20;
const WAY_OUT = "add --yes to send, or --dry-run to look";
const EFFECTS: Readonly<Record<string, string>> = {
	acts: "will do something",
	nothing: "will be settled without a change",
	fails: "will fail again",
	unknown: "cannot be foreseen from this process",
};

/** Sends dead letters again, after showing what each would come to. */
export async function redrive(values: FlagValues, words: readonly string[]): Promise<number> {
	if (values.edit !== undefined) return edit(values, words, values.edit);
	const selection = selectionOf(values, words);
	const limits = {
		...(values.rate !== undefined && { per_second: numberOf("--rate", values.rate) }),
		...(values["returned-share"] !== undefined && {
			returned_share_max: numberOf("--returned-share", values["returned-share"]),
		}),
	};
	const ops = await openOps(values);
	const plan = await ops.post<Plan>("dead-letters/redrive", { ...selection, dry_run: true });
	if (values["dry-run"] && values.json) {
		console.log(JSON.stringify(plan));
		return 0;
	}
	console.log(planText(plan));
	if (values["dry-run"] || plan.letters === 0) return 0;
	if (!agreed(values, `Send ${plan.letters} again?`, WAY_OUT)) return 1;
	const end = await send(ops, { ...selection, ...limits }, plan.letters);
	console.log(`${end.sent} sent, ${end.returned} failed again while it ran.`);
	if (end.stopped === undefined) return 0;
	console.log(`Stopped: ${end.stopped}.`);
	return 1;
}

async function send(ops: OpsClient, asked: object, total: number): Promise<Progress> {
	const bar = process.stderr.isTTY
		? new SingleBar(
				{ format: "[{bar}] {value}/{total}, {returned} failed again", clearOnComplete: true },
				Presets.rect,
			)
		: undefined;
	let last: Progress = { sent: 0, returned: 0 };
	bar?.start(total, 0, { returned: 0 });
	try {
		await ops.lines<Progress>("dead-letters/redrive", asked, (line) => {
			last = line;
			bar?.update(line.sent, { returned: line.returned });
		});
	} finally {
		bar?.stop();
	}
	if (last.error !== undefined) throw new OpsError(`the redrive ended early: ${last.error}`);
	if (!last.done) throw new OpsError("the connection broke; the redrive has stopped. Begin again.");
	return last;
}

async function edit(values: FlagValues, words: readonly string[], file: string): Promise<number> {
	const [sequence, ...more] = sequencesOf(words);
	if (sequence === undefined || more.length > 0) {
		throw new UsageError("--edit sends one letter: name it by its number.");
	}
	const data = await readPayload(file);
	const path = `dead-letters/${sequence}/redrive`;
	const ops = await openOps(values);
	const plan = await ops.post<EditPlan>(path, { data, dry_run: true });
	for (const { field, before, after } of plan.changes) {
		if (before !== undefined) console.log(`- ${field}: ${JSON.stringify(before)}`);
		if (after !== undefined) console.log(`+ ${field}: ${JSON.stringify(after)}`);
	}
	if (plan.changes.length === 0) console.log("Nothing is changed.");
	if (values["dry-run"]) return 0;
	const question = "Send it so? The original is kept among the discarded.";
	if (!agreed(values, question, WAY_OUT)) return 1;
	await ops.post(path, { data });
	console.log(`Sent as ${plan.message_id}.`);
	return 0;
}

async function readPayload(file: string): Promise<unknown> {
	try {
		return JSON.parse(await Bun.file(file).text());
	} catch (cause) {
		throw new UsageError(`--edit takes a file with JSON: ${(cause as Error).message}`, { cause });
	}
}

function planText({ letters, effects, forecasts }: Plan): string {
	if (letters === 0) return "There are none.";
	const shown = forecasts.slice(0, SHOWN_MAX).map(({ sequence, says }) => `  ${sequence}: ${says}`);
	const rest = letters > shown.length ? [`  and ${letters - shown.length} more`] : [];
	const sums = Object.entries(effects).map(
		([effect, count]) => `${count} ${EFFECTS[effect] ?? effect}`,
	);
	return [...shown, ...rest, `${sums.join(", ")}.`].join("\n");
}

function numberOf(flag: string, text: string): number {
	const number = Number(text);
	if (text !== "" && number >= 0) return number;
	throw new UsageError(`${flag} takes a number, not "${text}".`);
}
