import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { Presets, SingleBar } from "cli-progress";
import { CHECKPOINT_PATH, peekCheckpoint } from "../transparency/checkpoint.ts";
import type { LogReader } from "../transparency/log-reader.ts";
import { NoteError } from "../transparency/note.ts";
import { type LogVerdict, verifyLog } from "../transparency/verify-log.ts";
import { openLog, readKeys } from "./audit-access.ts";
import { openScanners } from "./audit-scanners.ts";
import type { FlagValues } from "./flags.ts";

/**
 * Checks the audit log with nothing but its files and a public key, and answers 0 when all of it is as
 * it should be.
 */
export async function verifyAudit(values: FlagValues): Promise<number> {
	const [reader, keys] = await Promise.all([openLog(values), readKeys(values)]);
	const file = values.checkpoint;
	const remembered = file && existsSync(file) ? readFileSync(file) : undefined;
	const bar = values.json || !process.stderr.isTTY ? undefined : openBar();
	const began = performance.now();
	const onProgress = (entries: number, size: number) => bar?.show(entries, size);
	const scanners = openScanners(await sizeOf(reader));
	const needs = { reader, keys, remembered, onProgress, ...(scanners && { scan: scanners.scan }) };
	const verdict = await verifyLog(needs).finally(() => {
		bar?.close();
		scanners?.close();
	});
	const took_s = (performance.now() - began) / 1_000;
	const sound = verdict.faults.length === 0;
	console.log(values.json ? JSON.stringify(report(verdict, took_s)) : text(verdict, took_s));
	if (sound && file && verdict.checkpoint) remember(file, verdict.checkpoint);
	return sound ? 0 : 1;
}

/** As it is said, whoever signed it: it only decides how many work. */
async function sizeOf(reader: LogReader): Promise<number> {
	try {
		return peekCheckpoint((await reader.read(CHECKPOINT_PATH)) ?? new Uint8Array()).size;
	} catch (error) {
		if (error instanceof NoteError) return 0;
		throw error;
	}
}

function report(verdict: LogVerdict, took_s: number) {
	const { head, faults, entries_checked, foreign, unsigned_objects } = verdict;
	return {
		sound: faults.length === 0,
		origin: head?.origin,
		size: head?.size,
		root: head && Buffer.from(head.root).toString("base64"),
		entries_checked,
		foreign,
		unsigned_objects,
		first_bad_index: firstBad(verdict),
		faults,
		took_s,
	};
}

function firstBad({ faults }: LogVerdict): number | undefined {
	return faults.find(({ index }) => index !== undefined)?.index;
}

function text(verdict: LogVerdict, took_s: number): string {
	const { head, faults, foreign, unsigned_objects } = verdict;
	const lines = faults.map(({ message }) => `  ${message}`);
	const first = firstBad(verdict);
	if (lines.length > 0) {
		const where = first === undefined ? "" : ` The first bad entry is ${first}.`;
		return [`The log is not what was signed.${where}`, ...lines].join("\n");
	}
	const pace = Math.round((head?.size ?? 0) / took_s).toLocaleString("en");
	return [
		`${(head?.size ?? 0).toLocaleString("en")} entries of ${head?.origin} are as they were signed.`,
		`  root     ${Buffer.from(head?.root ?? []).toString("base64")}`,
		...(foreign > 0
			? [`  foreign  ${foreign} entries that others published do not keep their contract`]
			: []),
		...(unsigned_objects > 0 ? [`  ahead    ${unsigned_objects} files are not signed yet`] : []),
		`  took     ${took_s.toFixed(1)} s, ${pace} entries a second`,
	].join("\n");
}

/** It appears whole, since a half one would look like another log. */
function remember(file: string, checkpoint: Uint8Array) {
	writeFileSync(`${file}.new`, checkpoint);
	renameSync(`${file}.new`, file);
}

function openBar() {
	const bar = new SingleBar(
		{ format: "entries [{bar}] {value}/{total}", hideCursor: true, clearOnComplete: true },
		Presets.rect,
	);
	let started = false;
	return {
		show(done: number, total: number) {
			if (!started) bar.start(total, 0);
			started = true;
			bar.update(done);
		},
		close: () => bar.stop(),
	};
}
