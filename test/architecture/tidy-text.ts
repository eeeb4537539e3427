import type { Check, Finding, TidyFile } from "./tidy-file.ts";

const BANNED_WORD = /^(utils?|commons?|helpers?|shared|core|libs?|managers?|base)$/;
const SRC_FILE_LINES_MAX = 400;
const LINE_CHARACTERS_MAX = 120;

/** Files whose lines are written by hand; prose and generated files may be longer. */
const LINED = /\.(ts|mjs|js|toml|sh|css|ya?ml)$/;

/** Hosts a lock file or a set-up line may name only by leaving them out. */
const REGISTRY_HOST =
	/\b(registry|npm|proxy)\.[\w.-]*\b(org|com|net|io|dev|local|internal|lan)\b|https?:\/\/\S+\.tgz|^\s*registry\s*=/i;
const EXAMPLE_HOST = /\bexample\.(com|org|net)\b/;

/** Files that plant what these checks look for. */
const PLANTED = /^test\/architecture\/tidy/;

/** Names a folder or file by its topic, not by being a place for things. */
export const topicNames: Check = ({ path }) => {
	const banned = path.split(/[/._-]/).filter((word) => BANNED_WORD.test(word));
	const barrel = /^src\/(.*\/)?index\.ts$/.test(path) ? ["index.ts"] : [];
	return [...banned, ...barrel].map((word) => ({
		path,
		line: 0,
		message: `"${word}" says nothing: name it after what it holds`,
	}));
};

/** A source file that one can read in one sitting. */
export const shortFiles: Check = ({ path, text }) => {
	const lines = text.trimEnd().split("\n").length;
	if (!isSource(path) || lines <= SRC_FILE_LINES_MAX) return [];
	const message = `${lines} lines, the limit is ${SRC_FILE_LINES_MAX}: split it by topic`;
	return [{ path, line: 0, message }];
};

/** Lines that fit a screen; a line that holds an address is let through. */
export const shortLines: Check = (file) => {
	const tooLong = (line: string) => line.length > LINE_CHARACTERS_MAX && !line.includes("://");
	if (!LINED.test(file.path)) return [];
	return perLine(file, tooLong, `longer than ${LINE_CHARACTERS_MAX} characters: break it`);
};

/** Nothing is left for later inside the code; what is open belongs into an issue. */
export const nothingLeftOver: Check = (file) => {
	const marker = (line: string) => /\b(TODO|FIXME|XXX)\b/.test(line);
	return unlessPlanted(file, marker, "a leftover note: do it now or open an issue");
};

/** The compiler is never silenced; an expected error is spelled with its reason. */
export const noSilencedCompiler: Check = (file) => {
	const silenced = (line: string) => /@ts-(ignore|nocheck)\b/.test(line);
	return unlessPlanted(file, silenced, "fix the type, or use @ts-expect-error with a reason");
};

/** The repository installs from whatever package registry the machine is set to. */
export const noRegistryHost: Check = (file) => {
	const named = (line: string) => REGISTRY_HOST.test(line) && !EXAMPLE_HOST.test(line);
	return unlessPlanted(file, named, "names a package registry: leave the choice to the machine");
};

/** Nothing points into somebody's home folder. */
export const noHomeFolder: Check = (file) => {
	const home = (line: string) => /(^|[\s"'`(=:])\/(home|Users)\/\w/.test(line);
	return unlessPlanted(file, home, "a path of one machine: make it relative or a setting");
};

/** A page has one title. */
export const oneTitle: Check = ({ path, text }) => {
	if (!path.endsWith(".md")) return [];
	const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "");
	const titles = prose.match(/^# \S|<h1[\s>]/gm) ?? [];
	if (titles.length === 1) return [];
	return [{ path, line: 0, message: `${titles.length} first-level titles: have exactly one` }];
};

function isSource(path: string): boolean {
	return path.startsWith("src/") && path.endsWith(".ts");
}

function unlessPlanted(file: TidyFile, bad: (line: string) => boolean, message: string) {
	return PLANTED.test(file.path) ? [] : perLine(file, bad, message);
}

function perLine(file: TidyFile, bad: (line: string) => boolean, message: string): Finding[] {
	return file.text
		.split("\n")
		.flatMap((line, at) => (bad(line) ? [{ path: file.path, line: at + 1, message }] : []));
}
