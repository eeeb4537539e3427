import { crashPoint } from "../../crash-point.ts";
import type { ObjectStore } from "../../object-store/object-store.ts";
import {
	CHECKPOINT_PATH,
	type Checkpoint,
	openCheckpoint,
	signCheckpoint,
} from "../../transparency/checkpoint.ts";
import { sameBytes } from "../../transparency/hash.ts";
import { followKeys, KEYS_FOLDER, keyNotePath, signKeyNote } from "../../transparency/key-chain.ts";
import type { SignerKey } from "../../transparency/keys.ts";
import { NoteError } from "../../transparency/note.ts";
import { createProver, type TreeHead } from "../../transparency/proofs.ts";
import { rootOf, type Tree } from "../../transparency/tree.ts";
import { LogInconsistentError, readTile } from "./open-log.ts";
import type { Witness } from "./witness.ts";

/** The key that signs, and those that signed before it. */
export interface SigningKeys {
	readonly signer: SignerKey;
	/** Needed once, to pass the log on to the one that signs now. */
	readonly former: readonly SignerKey[];
}

/** Signs what is in bundles and tiles. */
export interface Signer {
	/** The newest checkpoint; undefined for a log that was never signed. */
	readonly signed: TreeHead | undefined;
	/** Signs a tree that goes on from the last one, and puts the checkpoint in its place. */
	sign(tree: Tree): Promise<void>;
}

/**
 * Reads who signed the log last, and passes it on to our key if a former key of ours did.
 * @throws LogInconsistentError when somebody else did
 */
export async function openSigner(
	store: ObjectStore,
	{ signer, former }: SigningKeys,
	witness: Witness | undefined,
): Promise<Signer> {
	const notes = await readKeyNotes(store);
	const chain = trusting(() => followKeys(notes));
	const ours = [signer, ...former].map(({ verifier }) => verifier);
	let bytes = await store.read(CHECKPOINT_PATH);
	const found = bytes;
	const head = found && trusting(() => openCheckpoint(found, [...ours, ...(chain?.keys ?? [])]));
	const newest = chain?.keys.at(-1) ?? head?.signed_by[0];
	if (newest && newest.text !== signer.verifier.text) {
		const from = former.find(({ verifier }) => verifier.text === newest.text);
		if (from === undefined || head === undefined) throw signedByAnother(newest.hash);
		await passOn(from, head);
	}
	let size = head?.size ?? 0;
	let offered = false;

	async function passOn(from: SignerKey, head: Checkpoint) {
		const { name } = from.verifier;
		if (name !== signer.verifier.name)
			throw new LogInconsistentError(
				`the log is ${name}: make the key that is to sign it with \`--name ${name}\``,
			);
		const note = signKeyNote(head, from, signer);
		await store.create([{ path: keyNotePath(notes.length + 1), bytes: note }]);
	}

	return {
		signed: head,
		async sign(tree) {
			if (tree.size < size)
				throw new LogInconsistentError(`${size} entries are signed, and there are ${tree.size}`);
			const origin = signer.verifier.name;
			const next = { origin, size: tree.size, root: rootOf(tree), extensions: [] };
			const checkpoint = signCheckpoint(next, [signer]);
			const known = bytes !== undefined && sameBytes(bytes, checkpoint);
			if (known && offered) return;
			if (!known) {
				await store.replace({ path: CHECKPOINT_PATH, bytes: checkpoint });
				crashPoint("checkpoint-written");
			}
			bytes = checkpoint;
			size = tree.size;
			// A process that died may have kept its last one from the witness.
			offered = true;
			witness?.offer(checkpoint, tree.size, signer.verifier.hash);
		},
	};
}

/**
 * Compares the log with the newest checkpoint that the witness has.
 * @throws LogInconsistentError when the log does not go on from there
 */
export async function compareWithWitness(
	store: ObjectStore,
	tree: Tree,
	{ signer, former }: SigningKeys,
	witness: Witness,
): Promise<void> {
	const bytes = await witness.newest();
	if (bytes === undefined) return;
	const keys = [signer, ...former].map(({ verifier }) => verifier);
	const seen = trusting(() => openCheckpoint(bytes, keys));
	const prover = createProver(tree.size, (place) => readTile(store, place));
	if (seen.size <= tree.size && sameBytes(await prover.rootAt(seen.size), seen.root)) return;
	throw new LogInconsistentError(
		`the witness has a checkpoint of ${seen.size} entries that this log of ${tree.size} does not go on from`,
	);
}

async function readKeyNotes(store: ObjectStore): Promise<Uint8Array[]> {
	const notes: Uint8Array[] = [];
	for (const path of await store.list(KEYS_FOLDER)) {
		const note = await store.read(path);
		if (note) notes.push(note);
	}
	return notes;
}

function signedByAnother(hash: string): LogInconsistentError {
	return new LogInconsistentError(
		`the log in the store is signed by the key ${hash}: give that one, or add it as a former key`,
	);
}

function trusting<T>(open: () => T): T {
	try {
		return open();
	} catch (cause) {
		if (!(cause instanceof NoteError)) throw cause;
		const message = cause.unsigned
			? "the log in the store is signed by another key: give that one, or add it as a former key"
			: `what is signed in the store cannot be trusted: ${cause.message}`;
		throw new LogInconsistentError(message, { cause });
	}
}
