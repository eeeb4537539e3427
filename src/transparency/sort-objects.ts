import { BUNDLE_WIDTH, groupedNumber } from "../contracts/audit-log.ts";
import { CHECKPOINT_PATH } from "./checkpoint.ts";
import { KEYS_FOLDER } from "./key-chain.ts";
import { INDEX_WIDTH } from "./order-index.ts";
import { tileWidth } from "./tiles.ts";

/** Partial bundles and tiles that are narrower than what is signed: a locked bucket keeps them all. */
export interface Leftovers {
	/** Widths by index of the bundle. */
	readonly bundles: ReadonlyMap<number, readonly number[]>;
	/** Widths by `level/index` of the tile. */
	readonly tiles: ReadonlyMap<string, readonly number[]>;
}

export interface SortedObjects extends Leftovers {
	/** How many lie beyond what is signed. */
	readonly unsigned: number;
	/** Paths that no log has. */
	readonly strange: readonly string[];
}

const TILE = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;
const INDEX = /^index\/orders\/((?:x\d{3}\/)*\d{3})$/;

/** A bundle or a tile, as its path says. */
interface Piece {
	/** `entries`, or the level of a tile. */
	readonly kind: string;
	readonly index: number;
	readonly width: number;
}

/** Tells the objects of a log apart by their paths. @param size what is signed */
export function sortObjects(paths: readonly string[], size: number): SortedObjects {
	const bundles = new Map<number, number[]>();
	const tiles = new Map<string, number[]>();
	const strange: string[] = [];
	let unsigned = 0;

	function sortPiece({ kind, index, width }: Piece) {
		const signed = tileWidth(size, kind === "entries" ? 0 : Number(kind), index);
		if (width > signed) unsigned += 1;
		else if (width < signed && kind === "entries") add(bundles, index, width);
		else if (width < signed) add(tiles, `${kind}/${index}`, width);
	}

	for (const path of paths) {
		const piece = readPiece(path);
		const index = numberOf(INDEX.exec(path)?.[1]);
		if (piece) sortPiece(piece);
		else if (index !== undefined) unsigned += (index + 1) * INDEX_WIDTH > size ? 1 : 0;
		else if (path !== CHECKPOINT_PATH && !path.startsWith(`${KEYS_FOLDER}/`)) strange.push(path);
	}
	return { bundles, tiles, strange, unsigned };
}

function readPiece(path: string): Piece | undefined {
	const [, kind = "", group, partial = String(BUNDLE_WIDTH)] = TILE.exec(path) ?? [];
	const index = numberOf(group);
	const width = Number(partial);
	const sound = index !== undefined && (width < BUNDLE_WIDTH || !path.includes(".p/"));
	return sound ? { kind, index, width } : undefined;
}

/** @returns undefined when the number is not written as it should be */
function numberOf(group: string | undefined): number | undefined {
	if (group === undefined) return undefined;
	const value = Number(group.replace(/[x/]/g, ""));
	return groupedNumber(value) === group ? value : undefined;
}

function add<K>(map: Map<K, number[]>, key: K, width: number) {
	map.set(key, [...(map.get(key) ?? []), width]);
}
