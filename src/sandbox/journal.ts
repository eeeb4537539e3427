import { createReadStream, truncateSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** Where a line stands in the file, in bytes, without its end. */
export interface Place {
	readonly offset: number;
	readonly length: number;
}

/** A file of lines that only grows. What has been told durable is there after any crash. */
export interface Journal {
	/** Takes a line; it is on the disk when `written` resolves. */
	append(line: string): { readonly place: Place; readonly written: Promise<void> };
	/** Resolves when all that was taken so far is on the disk. */
	settled(): Promise<void>;
	read(place: Place): Promise<string>;
	/** Rejects when the disk refuses; what was taken since may be lost, and nothing is taken any more. */
	readonly failed: Promise<never>;
	close(): Promise<void>;
}

/**
 * Opens the file, made if absent, after giving each line that is in it to `take`. The half line that a
 * crash may have left at the end is cut off.
 */
export async function openJournal(
	file: string,
	take: (line: string, place: Place) => void,
): Promise<Journal> {
	const handle = await open(file, "a+", 0o600);
	const size = await readLines(file, take);
	truncateSync(file, size);
	return createJournal(handle, size);
}

/** Answers where the last whole line ends. */
async function readLines(
	file: string,
	take: (line: string, place: Place) => void,
): Promise<number> {
	let offset = 0;
	let rest: Buffer = Buffer.alloc(0);
	for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
		const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
		let from = 0;
		for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
			take(bytes.toString("utf8", from, end), { offset: offset + from, length: end - from });
			from = end + 1;
		}
		offset += from;
		rest = bytes.subarray(from);
	}
	return offset;
}

function createJournal(handle: FileHandle, begin: number): Journal {
	let size = begin;
	let waiting: string[] = [];
	let next = silent(Promise.withResolvers<void>());
	let running: Promise<void> | undefined;
	const failure = silent(Promise.withResolvers<never>());

	/** One write and one flush for all that came in while the last ones ran. */
	async function run() {
		while (waiting.length > 0) {
			const [lines, group] = [waiting, next];
			waiting = [];
			next = silent(Promise.withResolvers());
			try {
				await handle.appendFile(lines.join(""));
				await handle.datasync();
				group.resolve();
			} catch (error) {
				// What is taken from now on fails as well: `next` is never replaced again.
				for (const each of [group, next, failure]) each.reject(error);
				return;
			}
		}
		running = undefined;
	}

	return {
		append(line) {
			const place = { offset: size, length: Buffer.byteLength(line) };
			size += place.length + 1;
			waiting.push(`${line}\n`);
			const written = next.promise;
			running ??= run();
			return { place, written };
		},
		settled: async () => void (await running),
		async read({ offset, length }) {
			const { buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
			return buffer.toString("utf8");
		},
		failed: failure.promise,
		async close() {
			await running;
			await handle.close();
		},
	};
}

/** Its rejection is no fault of the process when nobody waits for it. */
function silent<T>(promise: PromiseWithResolvers<T>): PromiseWithResolvers<T> {
	promise.promise.catch(() => {});
	return promise;
}
