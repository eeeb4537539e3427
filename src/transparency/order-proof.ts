import { z } from "zod";
import { CHECKPOINT_PATH, type Checkpoint, openCheckpoint, peekCheckpoint } from "./checkpoint.ts";
import { findOrder, isAbout, type PlacedEntry } from "./find-order.ts";
import { hashLeaf } from "./hash.ts";
import type { VerifierKey } from "./keys.ts";
import { type LogReader, readTile } from "./log-reader.ts";
import { createProver, provesInclusion } from "./proofs.ts";

/** A proof does not hold. */
export class ProofError extends Error {
	override readonly name = "ProofError";
}

const count = z.int().min(0);
const base64 = z.base64();

const orderProof = z.strictObject({
	format: z.literal("millrace-order-proof-1"),
	order_id: z.string(),
	/** The signed note. */
	checkpoint: z.string(),
	/** All hashes of all paths, each once. */
	hashes: z.array(base64),
	/** `path` has positions in `hashes`, from the leaf to the root. */
	entries: z.array(z.strictObject({ index: count, entry: base64, path: z.array(count) })).min(1),
});
/** That entries about an order are in a log, with all that is needed to check it but the key. */
export type OrderProof = z.infer<typeof orderProof>;

/** @throws ProofError when the log has nothing about the order, or a tile is missing */
export async function proveOrder(reader: LogReader, order_id: string): Promise<OrderProof> {
	const checkpoint = await reader.read(CHECKPOINT_PATH);
	if (checkpoint === undefined) throw new ProofError("there is no log, or nothing of it is signed");
	const { size } = peekCheckpoint(checkpoint);
	const found = await findOrder(reader, order_id, size);
	if (found.length === 0)
		throw new ProofError(`none of the ${size} entries of the log is about the order ${order_id}`);
	const prover = createProver(size, async (place) => {
		const tile = await readTile(reader, place);
		if (tile) return tile;
		throw new ProofError(`a tile of level ${place.level} is missing: run millrace audit verify`);
	});
	const positions = new Map<string, number>();
	const place = (hash: Uint8Array) => {
		const text = Buffer.from(hash).toString("base64");
		const at = positions.get(text) ?? positions.size;
		positions.set(text, at);
		return at;
	};
	const entries: OrderProof["entries"] = [];
	for (const { index, entry } of found) {
		const path = (await prover.inclusion(index)).map(place);
		entries.push({ index, entry: Buffer.from(entry).toString("base64"), path });
	}
	return {
		format: "millrace-order-proof-1",
		order_id,
		checkpoint: Buffer.from(checkpoint).toString("utf8"),
		hashes: [...positions.keys()],
		entries,
	};
}

/**
 * Checks a proof with nothing but keys.
 * @returns what is signed, and the entries that are proved to be in it
 * @throws ProofError or NoteError
 */
export function checkOrderProof(
	given: unknown,
	keys: readonly VerifierKey[],
): { head: Checkpoint; order_id: string; entries: readonly PlacedEntry[] } {
	const read = orderProof.safeParse(given);
	if (!read.success) throw new ProofError(`not a proof: ${z.prettifyError(read.error)}`);
	const { order_id, checkpoint, hashes, entries } = read.data;
	const head = openCheckpoint(Buffer.from(checkpoint), keys);
	const decoded = hashes.map((text) => Buffer.from(text, "base64"));
	const proved = entries.map(({ index, entry, path }) => {
		const bytes = Buffer.from(entry, "base64");
		if (!isAbout(bytes, order_id)) throw new ProofError(`entry ${index} is not about ${order_id}`);
		const steps = path.map((at) => decoded[at] ?? new Uint8Array());
		if (!provesInclusion({ index, size: head.size }, hashLeaf(bytes), steps, head.root))
			throw new ProofError(`entry ${index} is not in the log of ${head.size} entries`);
		return { index, entry: bytes };
	});
	if (new Set(proved.map(({ index }) => index)).size < proved.length)
		throw new ProofError("an entry is in the proof twice");
	return { head, order_id, entries: proved };
}
