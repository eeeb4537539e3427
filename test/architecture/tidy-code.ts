import { dotted, isNode, type Node, type Syntax, syntaxOf } from "./syntax.ts";
import type { Check, Finding, TidyFile } from "./tidy-file.ts";

/** Lines of a function that are not lines of a function inside it. */
const OWN_LINES_MAX = 70;
/** All lines of a function that holds others, as a store holds its queries. */
const FUNCTION_LINES_MAX = 140;
const FUNCTIONS = /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;
const METHODS = /^(ClassMethod|PrivateMethod|Constructor|MethodProperty|GetterProperty)$/;

const RULES_FILE = /^src\/modules\/([^/]+)\/\1\.ts$/;
const IMPURE_CALL =
	/^(Date\.now|Math\.random|performance\.now|fetch|setTimeout|setInterval)$|(^|\.)randomUUID(v7)?$|^crypto\.|^Bun\./;
const SETTLES = /\.(ack|ackAck|nak|term)$/;
const SETTLERS = /^src\/messaging\/(settle|consumer)\.ts$/;

/**
 * Functions that fit one screen. What stands inside a function in functions of its own is measured
 * there; the whole may be twice as long. A `describe` block is a chapter, not a function.
 */
export const shortFunctions: Check = (file) => {
	if (!isTypeScript(file)) return [];
	const syntax = syntaxOf(file);
	const chapters = new Set(syntax.nodes.filter(isDescribe).flatMap(callbacks));
	const functions = syntax.nodes.filter(isFunction).filter((node) => !chapters.has(node));
	return functions.flatMap((node) => {
		const line = syntax.line(node);
		const whole = syntax.line(node, "end") - line + 1;
		const own = ownLines(node, functions, syntax);
		if (own <= OWN_LINES_MAX && whole <= FUNCTION_LINES_MAX) return [];
		const message = `a function of ${whole} lines, ${own} its own: name its steps and split it`;
		return [{ path: file.path, line, message }];
	});
};

/** The environment is read once, where it is checked. */
export const environmentInConfig: Check = (file) => {
	if (!file.path.startsWith("src/") || file.path === "src/config.ts") return [];
	const reads = (node: Node) => /^(process|Bun|import\.meta)\.env$/.test(dotted(node));
	return findings(
		file,
		reads,
		"reads the environment: add it to src/config.ts and take it as data",
	);
};

/** One file says what becomes of a delivery. */
export const oneSettler: Check = (file) => {
	if (!file.path.startsWith("src/") || SETTLERS.test(file.path)) return [];
	const settles = (node: Node) => SETTLES.test(called(node));
	return findings(file, settles, "settles a delivery: return an outcome and let messaging do it");
};

/** Rules take time, ids and chance as data. */
export const pureRules: Check = (file) => {
	if (!RULES_FILE.test(file.path)) return [];
	const impure = (node: Node) =>
		IMPURE_CALL.test(called(node)) ||
		node.type === "AwaitExpression" ||
		(node.type === "NewExpression" && dotted(node.callee) === "Date" && !hasArguments(node));
	return findings(file, impure, "a rule that acts or looks at the clock: take the value as data");
};

/** Tests wait for a signal or try again; they do not sleep. */
export const noSleepInTests: Check = (file) => {
	if (!isTest(file.path)) return [];
	const sleeps = (node: Node) =>
		/^((Bun\.)?sleep(Sync)?|(globalThis\.)?set(Timeout|Interval))$/.test(called(node)) ||
		/timers\/promises$/.test(importedFrom(node));
	return findings(file, sleeps, "sleeps: wait for a signal or retry, with test/support");
};

/** Only the command line speaks to a terminal. */
export const consoleOnCommandLine: Check = (file) => {
	if (!/^src\/(?!cli\/|main\.ts$)/.test(file.path)) return [];
	const prints = (node: Node) => /^console\./.test(dotted(node));
	return findings(file, prints, "prints to the terminal: use the log of src/telemetry");
};

/** Types are never thrown away. */
export const noAsAny: Check = (file) => {
	const casts = ({ type, typeAnnotation }: Node) =>
		/^Ts(As|TypeAssertion|Satisfies)/.test(type) && isNode(typeAnnotation) && isAny(typeAnnotation);
	return findings(file, casts, "a cast to any: decode it once with a schema, unknown until then");
};

/** What a file offers has a name, the same everywhere. */
export const noDefaultExport: Check = (file) => {
	if (!file.path.startsWith("src/") || file.path.endsWith(".d.ts")) return [];
	const byDefault = (node: Node) => /^ExportDefault(Declaration|Expression)$/.test(node.type);
	return findings(file, byDefault, "a default export: give it a name");
};

/** What a file offers is listed in it. */
export const noExportAll: Check = (file) => {
	const all = (node: Node) =>
		node.type === "ExportAllDeclaration" || node.type === "ExportNamespaceSpecifier";
	return findings(file, all, "exports all of another file: import from where it is written");
};

function findings(file: TidyFile, bad: (node: Node) => boolean, message: string): Finding[] {
	if (!isTypeScript(file)) return [];
	const syntax: Syntax = syntaxOf(file);
	const lines = syntax.nodes.filter(bad).map((node) => syntax.line(node));
	return [...new Set(lines)].map((line) => ({ path: file.path, line, message }));
}

function ownLines(outer: Node, functions: readonly Node[], syntax: Syntax): number {
	const lines = new Set<number>();
	for (let at = syntax.line(outer); at <= syntax.line(outer, "end"); at++) lines.add(at);
	for (const inner of functions.filter((node) => node !== outer && contains(outer, node))) {
		for (let at = syntax.line(inner); at <= syntax.line(inner, "end"); at++) lines.delete(at);
	}
	return lines.size;
}

function contains({ span: outer }: Node, { span: inner }: Node): boolean {
	return !!outer && !!inner && outer.start <= inner.start && inner.end <= outer.end;
}

function isFunction({ type }: Node): boolean {
	return FUNCTIONS.test(type) || METHODS.test(type);
}

function hasArguments(node: Node): boolean {
	return Array.isArray(node.arguments) && node.arguments.length > 0;
}

function isTypeScript({ path }: TidyFile): boolean {
	return /\.tsx?$/.test(path);
}

function isTest(path: string): boolean {
	return /^test\/(?!support\/)|\.test\.ts$/.test(path) && !/^test\/check(\.ts$|\/)/.test(path);
}

function isAny({ type, kind }: Node): boolean {
	return type === "TsKeywordType" && kind === "any";
}

function called(node: Node): string {
	return node.type === "CallExpression" ? dotted(node.callee) : "";
}

function importedFrom({ type, source }: Node): string {
	return type === "ImportDeclaration" && isNode(source) ? String(source.value) : "";
}

function isDescribe(node: Node): boolean {
	return called(node) === "describe";
}

function callbacks(node: Node): Node[] {
	const given = Array.isArray(node.arguments) ? node.arguments : [];
	return given.map((argument) => argument.expression).filter(isNode);
}
