/** A store does not do what it is asked, because of how it is set up. The message says what to do. */
export class StoreError extends Error {
	override readonly name = "StoreError";
}

/** An object of this name exists and holds something else. Never to be got over by writing again. */
export class ObjectDiffersError extends Error {
	override readonly name = "ObjectDiffersError";
}

export interface NamedObject {
	readonly path: string;
	readonly bytes: Uint8Array;
}

/** Asked before each write. What it throws goes to whoever wanted to write, and nothing is written. */
export type Permit = () => Promise<void>;

export const everybody: Permit = async () => {};

/** Where objects are written once and stay. */
export interface ObjectStore {
	/** Where it is, without secrets. */
	readonly address: string;
	/** A write that was permitted has reached the store after so long, or never will. */
	readonly write_ms_max: number;
	/** The same store for somebody who may write only as long as he is permitted to. */
	under(permit: Permit): ObjectStore;
	/**
	 * Creates objects, in whatever order; durable when it resolves. The same bytes again are no error.
	 * @throws ObjectDiffersError when one exists with other bytes
	 */
	create(objects: readonly NamedObject[]): Promise<void>;
	/** The same, each when all before it are there, so that a crash leaves no gap. */
	createInOrder(objects: readonly NamedObject[]): Promise<void>;
	/** Puts an object in the place of what was there: whoever reads finds the one or the other. */
	replace(object: NamedObject): Promise<void>;
	/** @returns undefined when there is no such object */
	read(path: string): Promise<Uint8Array | undefined>;
	/** Paths of all objects in a folder and below, sorted; none when there is no such folder. Everything for "". */
	list(folder: string): Promise<string[]>;
	/** Takes away a folder that nobody needs any more. A store that never lets go of anything keeps it. */
	discard(folder: string): Promise<void>;
}
