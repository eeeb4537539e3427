import { parseSync } from "@swc/core";
import type { TidyFile } from "./tidy-file.ts";

/** A node of the syntax tree, as far as the checks need to know it. */
export interface Node {
	readonly type: string;
	readonly span?: { readonly start: number; readonly end: number };
	readonly [property: string]: unknown;
}

/** A parsed file: all its nodes, outer before inner, and the lines they stand on. */
export interface Syntax {
	readonly nodes: readonly Node[];
	/** Line of the node's first or last character, counted from 1. */
	line(node: Node, edge?: "start" | "end"): number;
}

const parsed = new WeakMap<TidyFile, Syntax>();

/** Parses a TypeScript file once; later calls with the same file give the same tree. */
export function syntaxOf(file: TidyFile): Syntax {
	const syntax = parsed.get(file) ?? parse(file);
	parsed.set(file, syntax);
	return syntax;
}

/**
 * The name a member or call is reached by, such as `process.env` or `message.ack`. What has no name
 * (a call's result, an index) shows as `?`.
 */
export function dotted(value: unknown): string {
	if (!isNode(value)) return "?";
	switch (value.type) {
		case "Identifier":
			return String(value.value);
		case "MetaProperty":
			return "import.meta";
		case "OptionalChainingExpression":
			return dotted(value.base);
		case "ParenthesisExpression":
		case "TsNonNullExpression":
			return dotted(value.expression);
		case "MemberExpression":
			return `${dotted(value.object)}.${dotted(value.property)}`;
		default:
			return "?";
	}
}

/** Whether a value found inside a node is a node itself. */
export function isNode(value: unknown): value is Node {
	return typeof value === "object" && value !== null && "type" in value;
}

// Spans count bytes from the first token of the tree, wherever that is. A semicolon put in front makes
// the first token the first byte.
function parse({ path, text }: TidyFile): Syntax {
	const source = Buffer.from(`;${text.replace(/^#!/, "//")}`);
	const tree: unknown = parseSync(source.toString(), {
		syntax: "typescript",
		tsx: path.endsWith(".tsx"),
		target: "esnext",
	});
	const nodes = [...walk(tree)];
	const first = nodes.find((node) => node.type === "EmptyStatement")?.span?.start ?? 0;
	const newlines = [...source.keys()].filter((at) => source[at] === 0x0a);
	return {
		nodes,
		line(node, edge = "start") {
			const at = (node.span?.[edge] ?? first) - first;
			return newlines.filter((newline) => newline < at).length + 1;
		},
	};
}

function* walk(value: unknown): Generator<Node> {
	if (Array.isArray(value)) {
		for (const item of value) yield* walk(item);
	} else if (typeof value === "object" && value !== null) {
		if (isNode(value)) yield value;
		for (const item of Object.values(value)) yield* walk(item);
	}
}
